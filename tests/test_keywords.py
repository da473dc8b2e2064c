"""Misspelled arguments of models and tokenizers are refused in one line with the nearest name."""

import pytest

import tinylm_keras as tlm
from tinylm_keras.tokenizers import Tokenizer

MODELS = [tlm.MiniLM, tlm.RotaryLM, tlm.AverageLM, tlm.BigramLM, tlm.MLPLM, tlm.NGramLM]
TOKENIZERS = [tlm.WhitespaceTokenizer, tlm.WordPunctTokenizer, tlm.CharacterTokenizer, tlm.BytePairTokenizer]


@pytest.mark.parametrize("model", MODELS)
def test_a_model_refuses_an_unknown_argument_and_names_the_nearest(model):
    with pytest.raises(ValueError) as raised:
        model(vocabulary_size=10, context_lenght=8)
    assert str(raised.value) == (
        f"`context_lenght` must be an argument of {model.__name__}. Received: context_lenght=8. "
        "Did you mean context_length?"
    )


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_a_tokenizer_refuses_an_unknown_argument_and_names_the_nearest(tokenizer):
    with pytest.raises(ValueError, match=f"`max_token` must be an argument of {tokenizer.__name__}.*mean max_tokens"):
        tokenizer(max_token=10)


def test_the_message_lists_all_arguments_where_none_is_near():
    with pytest.raises(ValueError, match="It takes vocabulary_size, context_length") as raised:
        tlm.BigramLM(vocabulary_size=10, qqq=1)
    assert str(raised.value).endswith("pad_id, tokenizer, name, dtype, trainable.")


def test_an_argument_that_another_model_has_is_refused():
    with pytest.raises(ValueError, match="`num_heads` must be an argument of BigramLM"):
        tlm.BigramLM(vocabulary_size=10, num_heads=2)


def test_the_arguments_of_every_keras_layer_are_taken():
    model = tlm.MiniLM(10, embed_dim=8, name="mine", dtype="mixed_bfloat16", trainable=False)
    assert (model.name, model.compute_dtype, model.trainable) == ("mine", "bfloat16", False)
    assert tlm.CharacterTokenizer(name="letters").name == "letters"


def test_a_subclass_is_asked_for_its_own_arguments_and_those_it_hands_on():
    class Larger(tlm.MiniLM):
        def __init__(self, factor=2, **kwargs):
            super().__init__(embed_dim=8 * factor, **kwargs)

    class Closed(tlm.BytePairTokenizer):
        def __init__(self, size=300):
            super().__init__(max_token=size)

    assert Larger(factor=3, vocabulary_size=10, num_heads=2).embedding.embed_dim == 24
    with pytest.raises(ValueError, match=r"of Larger.*Did you mean factor"):
        Larger(factr=3, vocabulary_size=10)
    with pytest.raises(ValueError, match=r"of Larger.*Did you mean num_heads"):
        Larger(num_head=3, vocabulary_size=10)
    with pytest.raises(ValueError, match="`max_token` must be an argument of Closed"):
        Closed()


def test_an_own_tokenizer_is_held_to_the_same_rule():
    class Own(Tokenizer):
        continuation = token_strings = get_vocabulary = _encode = None

    with pytest.raises(ValueError, match=r"of Own. Received: end_tokn='x'. Did you mean end_token"):
        Own(end_tokn="x")


@pytest.mark.parametrize("kind", [tlm.WhitespaceTokenizer, tlm.BytePairTokenizer])
def test_a_config_holds_nothing_that_is_refused(kind):
    tokenizer = kind(max_tokens=300).adapt("a b c")
    model = tlm.MiniLM(tokenizer=tokenizer, embed_dim=8)
    assert tlm.MiniLM.from_config(model.get_config()).get_config() == model.get_config()
