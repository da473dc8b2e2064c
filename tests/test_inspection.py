"""Inspection: attention weights that explain the model's own output, a plot of them, and a description."""

import json

import keras
import numpy as np
import pytest
from keras import ops

import tinylm_keras as tlm
from tinylm_keras import inspection

TEXT = "the cat sat on the mat"


def test_attention_rows_sum_to_one_and_never_look_ahead(ending_lm):
    tokens, weights = inspection.attention_weights(ending_lm, TEXT)
    assert tokens == ["<end>", *TEXT.split()]
    assert (weights.shape, weights.dtype) == ((2, 2, 7, 7), np.float32)
    np.testing.assert_allclose(weights.sum(-1), 1.0, rtol=1e-5)
    assert not np.triu(weights, 1).any()


def test_the_weights_are_those_the_model_uses(ending_lm, mini_lm):
    for model in (ending_lm, mini_lm):
        _, weights = inspection.attention_weights(model, TEXT)
        x = model.embedding(ops.convert_to_tensor(model.prompt_ids(TEXT)[None]))
        for index, block in enumerate(model.blocks):
            seen = block.attention_input(x)
            kernel, bias = (ops.convert_to_numpy(part) for part in block.attention.query_key_value.weights)
            values = (ops.convert_to_numpy(seen)[0] @ kernel + bias)[:, -block.embed_dim :]
            heads = values.reshape(len(values), block.num_heads, -1).transpose(1, 0, 2)  # (H, T, hd)
            joined = (weights[index] @ heads).transpose(1, 0, 2).reshape(1, len(values), -1)
            np.testing.assert_allclose(block.attention.projection(joined), block.attention(seen), atol=1e-5)
            x = block(x)


def test_without_an_end_token_the_text_alone_is_shown(mini_lm):
    assert inspection.attention_weights(mini_lm, TEXT)[0] == TEXT.split()
    assert inspection.attention_weights(mini_lm, "the zyx")[0] == ["the", "zyx"]


def test_a_plot_has_a_map_for_each_head_and_leaves_pyplot_alone(ending_lm):
    import sys

    shown = "matplotlib.pyplot" in sys.modules
    tokens, weights = inspection.attention_weights(ending_lm, TEXT)
    figure = inspection.attention_plot(tokens, weights)
    maps = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in maps] == [f"block {b}, head {h}" for b in (0, 1) for h in (0, 1)]
    np.testing.assert_allclose(maps[3].images[0].get_array().filled(0.0), weights[1, 1])
    assert [label.get_text() for label in maps[2].get_xticklabels()] == tokens
    assert ("matplotlib.pyplot" in sys.modules) == shown


def test_one_head_is_drawn_alone_with_its_numbers(ending_lm, tmp_path):
    tokens, weights = inspection.attention_weights(ending_lm, TEXT)
    figure = inspection.attention_plot(tokens, weights, block=1, head=0)
    [axis] = [axis for axis in figure.axes if axis.get_title()]
    assert axis.get_title() == "block 1, head 0"
    assert "100" in [text.get_text() for text in axis.texts]
    figure.savefig(tmp_path / "head.png")
    assert (tmp_path / "head.png").stat().st_size > 5000


def test_odd_tokens_do_not_break_the_labels(tmp_path):
    tokens = ["$x^", "\n", " ", "a" * 40]
    figure = inspection.attention_plot(tokens, np.tril(np.ones((1, 1, 4, 4))) / [[1], [2], [3], [4]])
    figure.savefig(tmp_path / "odd.png")
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["$x^", r"\n", "␣", "a" * 15 + "…"]


def test_single_letters_stand_upright_and_words_are_slanted():
    for tokens, turned in ((list("once"), 0.0), (["once", "upon", "a", "time"], 50.0)):
        figure = inspection.attention_plot(tokens, np.tril(np.ones((1, 2, 4, 4))) / [[1], [2], [3], [4]])
        assert {label.get_rotation() for label in figure.axes[0].get_xticklabels()} == {turned}


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_the_length_of_the_residual_stream_is_that_of_the_vectors_between_the_blocks(norm):
    keras.utils.set_random_seed(3)
    words = tlm.WhitespaceTokenizer(end_token="<end>").adapt([TEXT])
    start = {"embeddings_stddev": 0.5, "kernel_stddev": 0.3}
    sizes = {"context_length": 12, "embed_dim": 16, "num_heads": 2, "feed_forward_dim": 32, "num_blocks": 3}
    model = tlm.MiniLM(tokenizer=words, norm=norm, **sizes, **start)
    tokens, lengths = inspection.residual_lengths(model, TEXT)
    assert (tokens, lengths.shape, lengths.dtype) == (["<end>", *TEXT.split()], (4, 7), np.float32)
    last = ops.convert_to_numpy(model.hidden_states(model.prompt_ids(TEXT)[None]))[0]
    if norm == "post":
        np.testing.assert_allclose(lengths[1:], 4.0, rtol=1e-3)  # sqrt(16)
        np.testing.assert_allclose(lengths[-1], np.linalg.norm(last, axis=-1), rtol=1e-5)
    else:
        assert (np.diff(lengths.mean(axis=1)) > 0).all()
        np.testing.assert_allclose(np.linalg.norm(last, axis=-1), 4.0, rtol=1e-3)  # only the final norm shortens it


def test_a_model_with_rotary_positions_has_lengths_and_attention_weights_too():
    words = tlm.WhitespaceTokenizer().adapt([TEXT])
    model = tlm.RotaryLM(tokenizer=words, context_length=8, embed_dim=16, num_heads=2, feed_forward_dim=16)
    assert inspection.residual_lengths(model, TEXT)[1].shape == (3, 6)
    assert inspection.attention_weights(model, TEXT)[1].shape == (2, 2, 6, 6)


@pytest.mark.parametrize(
    "rules", [{"temperature": 0.5, "top_k": 4}, {"top_p": 0.6, "min_p": 0.1, "repetition_penalty": 2.0}]
)
def test_the_probabilities_of_the_next_token_are_those_with_which_tokens_are_chosen(ending_lm, rules):
    tokens, shares = inspection.next_token_probabilities(ending_lm, "the cat", **rules)
    assert tokens == ending_lm.tokenizer.get_vocabulary()
    assert shares.sum() == pytest.approx(1) and not shares[:2].any()  # neither padding nor [UNK]
    written = ending_lm.generate(["the cat"] * 2000, max_new_tokens=1, seed=0, **rules)
    next_words = [text.split()[2] if len(text.split()) > 2 else "<end>" for text in written]
    for token, share in zip(tokens, shares, strict=True):
        found = next_words.count(token) / len(next_words)
        assert abs(found - share) < 5 * (share * (1 - share) / len(next_words)) ** 0.5 + 1e-9, token


def test_at_temperature_0_the_likeliest_token_has_everything(ending_lm):
    shares = inspection.next_token_probabilities(ending_lm, "the cat", temperature=0)[1]
    logits = ops.convert_to_numpy(ending_lm(ending_lm.prompt_ids("the cat")[None]))[0, -1]
    assert shares[2 + logits[2:].argmax()] == 1 and shares.sum() == 1


def test_a_prompt_longer_than_the_context_and_one_without_a_token(ending_lm, mini_lm):
    long = "the cat " * 20
    end = " ".join(long.split()[-12:])
    np.testing.assert_array_equal(
        inspection.next_token_probabilities(mini_lm, long)[1], inspection.next_token_probabilities(mini_lm, end)[1]
    )
    assert inspection.next_token_probabilities(ending_lm, "")[1].sum() == pytest.approx(1)
    with pytest.raises(ValueError, match=r"`prompt` must have a token\. Received: prompt=''"):
        inspection.next_token_probabilities(mini_lm, "")


def test_tokens_of_byte_pairs_are_shown_as_text():
    pairs = tlm.BytePairTokenizer(max_tokens=270, end_token="<|end|>").adapt(["the cat the cat é"] * 3)
    model = tlm.BigramLM(tokenizer=pairs)
    tokens, shares = inspection.next_token_probabilities(model, "the")
    assert len(tokens) == len(shares) == model.vocabulary_size
    assert "<|end|>" in tokens and " c" in {token[:2] for token in tokens} and tokens[-1] == ""
    assert not any("Ġ" in token for token in tokens if len(token) > 1)


def test_a_description_is_plain_data_that_adds_up(ending_lm, tmp_path):
    path = tmp_path / "model.keras"
    ending_lm.save(path)
    described = inspection.describe(ending_lm, path)
    assert json.loads(json.dumps(described)) == described
    parts = dict(described["parameters"])
    assert parts.pop("total") == sum(parts.values()) == ending_lm.count_params()
    assert list(parts) == ["embedding", "block_0", "block_1", "final_norm", "head"]
    assert described["sizes"] == {
        "vocabulary_size": ending_lm.vocabulary_size,
        "context_length": 12,
        "pad_id": 0,
        "embed_dim": 16,
        "num_heads": 2,
        "feed_forward_dim": 32,
        "dropout": 0.1,
        "norm": "pre",
        "activation": "gelu",
        "num_blocks": 2,
    }
    assert described["tokenizer"]["class"] == "WhitespaceTokenizer"
    assert described["tokenizer"]["first_tokens"][:2] == ["", "[UNK]"]
    assert (described["keras"], described["recipe"]) == (keras.__version__, None)
    assert described["bytes"] == path.stat().st_size


def test_every_kind_of_model_is_described_by_numbers_that_add_up(model):
    described = inspection.describe(model)
    assert json.loads(json.dumps(described)) == described
    parts = dict(described["parameters"])
    assert parts.pop("total") == sum(parts.values()) == model.count_params() > 0
    assert described["class"] == type(model).__name__
    assert described["sizes"]["vocabulary_size"] == model.vocabulary_size


def test_a_recipe_that_is_none_is_no_recipe(tmp_path):
    for content in ("", "[1]", "\xff"):
        (tmp_path / "recipe.json").write_text(content, encoding="latin-1")
        assert inspection.read_recipe(tmp_path / "model.keras") is None
    (tmp_path / "recipe.json").write_text('{"source": "x"}')
    assert inspection.read_recipe(tmp_path / "model.keras") == {"source": "x"}


def test_bad_input_is_refused_by_name(ending_lm):
    bare = tlm.MiniLM(vocabulary_size=9, embed_dim=8, num_heads=2, feed_forward_dim=8, num_blocks=1)
    tokens, weights = inspection.attention_weights(ending_lm, "the cat")
    must = "`model` must have blocks with attention, as MiniLM has. Received: model="
    for call, message in (
        (lambda: inspection.attention_weights(keras.Sequential(), "a"), "`model` must have blocks with attention"),
        *(
            (lambda kind=kind: inspection.attention_weights(kind(vocabulary_size=9), "a"), f"{must}'{kind.__name__}'.")
            for kind in (tlm.AverageLM, tlm.BigramLM, tlm.MLPLM, tlm.NGramLM)
        ),
        (lambda: inspection.attention_weights(bare, "a"), "`model` must have a tokenizer"),
        (lambda: inspection.attention_weights(ending_lm, "the " * 12), "`text` must have 1 to 12 tokens"),
        (lambda: inspection.attention_plot(tokens[:2], weights), "`weights` must have the shape (blocks, heads, 2, 2)"),
        (lambda: inspection.attention_plot(tokens, weights, block=2), "`block` must be a whole number from 0 to 1."),
        (lambda: inspection.attention_plot(tokens, weights, head=-1), "`head` must be a whole number from 0 to 1."),
    ):
        with pytest.raises(ValueError) as refusal:
            call()
        assert str(refusal.value).startswith(message)
    with pytest.raises(TypeError, match="`text` must be a string"):
        inspection.attention_weights(ending_lm, 3)


def test_an_empty_text_has_no_attention_without_an_end_token(ending_lm, mini_lm):
    assert inspection.attention_weights(ending_lm, "")[0] == ["<end>"]
    with pytest.raises(ValueError, match="`text` must have 1 to 12 tokens, the model's context"):
        inspection.attention_weights(mini_lm, "")
