"""Ids without Keras are the ids of the tokenizers, for any text."""

import keras
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinylm_keras import id_rules

# Every kind of space, NUL, and the control tokens spelled in the text.
WORDS = ["the", "cat", "don't", "[UNK]", "<end>", "é", "🙂", ",", '"', "1,000", "-", "\0", "\ufeff"]
SPACES = [" ", "\n", "\t", "\v", "\x1c", "\x85", "\xa0", "\u2028", "\u3000"]
PARTS = st.sampled_from(WORDS + SPACES)
TEXTS = st.one_of(st.text(max_size=30), st.lists(PARTS, max_size=12).map("".join))


def rules_of(tokenizer):
    return id_rules.restore(keras.saving.serialize_keras_object(tokenizer))


def test_ids_and_texts_are_those_of_the_tokenizer(tokenizer):
    rules = rules_of(tokenizer)

    @settings(max_examples=40, deadline=None)
    @given(TEXTS)
    @example("the <end> [UNK]\0 cat")
    def check(text):
        ids = rules.tokenize(text)
        assert ids.tolist() == tokenizer.tokenize(text).tolist()
        assert ids.dtype == "int32"
        assert rules.detokenize(ids) == tokenizer.detokenize(ids)
        assert rules.token_strings(text) == tokenizer.token_strings(text)
        assert rules.can_write(text) == tokenizer.can_write(text)
        if hasattr(tokenizer, "vectorization"):
            assert ids.tolist() == tokenizer.vectorization(text).numpy().tolist()[: len(ids)]

    check()


def test_special_ids_and_vocabulary_are_those_of_the_tokenizer(tokenizer):
    rules = rules_of(tokenizer)
    for name in ("pad_id", "unk_id", "end_id", "end_token", "max_tokens", "sequence_length", "character_counts"):
        assert getattr(rules, name) == getattr(tokenizer, name)
    assert rules.get_vocabulary() == tokenizer.get_vocabulary()
    assert rules.vocabulary_size() == tokenizer.vocabulary_size()
    assert rules.spelling_bits("zebra") == tokenizer.spelling_bits("zebra")


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        ("WhitespaceTokenizer", {"vocabulary": ["a", "a"]}, "`vocabulary` must not hold a word twice"),
        ("WhitespaceTokenizer", {"vocabulary": ["a"], "end_token": "[UNK]"}, "`end_token` must differ from"),
        ("CharacterTokenizer", {"vocabulary": ["ab"]}, "`vocabulary` must hold single characters"),
        ("BytePairTokenizer", {"vocabulary": ["a"]}, "`merges` must be given when the other"),
        ("WordPunctTokenizer", {"vocabulary": ["a"], "max_tokens": 2}, "`max_tokens` must be a whole number of at"),
    ],
)
def test_a_vocabulary_that_is_not_whole_is_refused(kind, config, message):
    with pytest.raises(ValueError, match=message):
        id_rules.restore({"class_name": kind, "config": config})
