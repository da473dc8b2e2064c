"""A vocabulary learned in Python is the one that Keras's `TextVectorization` learns, word by word."""

import collections

import keras
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinylm_keras import id_rules
from tinylm_keras.id_rules import strings
from tinylm_keras.tokenizers import CharacterTokenizer, WhitespaceTokenizer, WordPunctTokenizer

KINDS = (WhitespaceTokenizer, WordPunctTokenizer, CharacterTokenizer)

# Equal counts, NUL at both ends of words, the control tokens spelled in the text, every kind of space, and characters
# whose order differs between UTF-8 and UTF-16.
WORDS = ["a", "b", "a\0", "a\0\0", "\0", "\0a", "[UNK]", "[UNK]\0", "<end>", "<end>\0", "don't"]
WORDS += ["1,000", "é", "e\u0301", "\uffff", "\U00010000", "🙂", "\ufeff", "-", "--", "_"]
SPACES = [" ", "  ", "\n", "\t", "\v", "\f", "\r", "\x1c", "\x85", "\xa0", "\u2028", "\u3000"]
DENSE = st.lists(st.sampled_from(WORDS + [" "] * 9 + SPACES), max_size=25).map("".join)
TEXTS = st.lists(st.one_of(st.text(max_size=30), DENSE), min_size=1, max_size=4)


def learned_by_keras(kind, texts, max_tokens, end_token):
    """The vocabulary and the character counts by means of a layer; None if it learned no word."""
    pytest.importorskip("tensorflow")
    if not {token for text in texts for token in kind().token_strings(text)} - {"[UNK]"}:
        return None  # here Keras fails in TensorFlow, which refuses an empty table
    split = kind()._split
    layer = keras.layers.TextVectorization(max_tokens and max_tokens + 2, standardize=None, split=split)
    for batch in strings.batches(texts):
        layer.update_state(batch)
    layer.finalize_state()
    words = dict.fromkeys(str(word) for word in layer.get_vocabulary()[2:])  # Keras drops NUL at the end
    words = [word for word in words if word not in ("", "[UNK]", end_token)]
    if not words:
        return None
    end = [] if end_token is None else [end_token]
    words = words[: None if max_tokens is None else max_tokens - 2 - len(end)]
    words = sorted(words) if kind is CharacterTokenizer else words
    return ["", "[UNK]", *words, *end], sorted(collections.Counter("".join(texts)).items())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None)
@given(TEXTS, st.one_of(st.none(), st.integers(4, 12)), st.sampled_from([None, "<end>", "a", "\n", "a\0"]))
@example(["a\0 a a\0 a\0\0 b"], 4, None)
@example(["[UNK] [UNK] [UNK] a a a a\0 a\0 a\0\0 a\0\0 b"], 4, None)
@example(["[UNK] [UNK]\0 <end> <end>\0 a"], 5, "<end>")
@example(["\uffff \U00010000 é e\u0301 z"], None, None)
@example(["\0 \0 \0\0 \0\0 \0\0\0 \0\0\0 \0\0\0\0 \0\0\0\0 a"], 4, None)
def test_adapt_learns_what_a_text_vectorization_layer_learns(kind, texts, max_tokens, end_token):
    expected = learned_by_keras(kind, texts, max_tokens, end_token)
    config = {"max_tokens": max_tokens, "end_token": end_token}
    for tokenizer in (kind(**config), id_rules.restore({"class_name": kind.__name__, "config": config})):
        if expected is None:
            with pytest.raises(ValueError, match=r"`texts` must hold at least one token.*only blank text"):
                tokenizer.adapt(texts)
        else:
            assert tokenizer.adapt(texts) is tokenizer
            assert (tokenizer.get_vocabulary(), list(tokenizer.character_counts.items())) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_long_texts_are_learned_as_by_a_layer_too(kind, monkeypatch):
    monkeypatch.setattr(strings, "MOST_CHARACTERS", 8)
    texts = ["to be, or\u3000not to be", "that is \0the question. that\0 is" * 3, "\n\n"]
    expected = learned_by_keras(kind, texts, 7, "<end>")
    tokenizer = kind(max_tokens=7, end_token="<end>").adapt(iter(texts))
    assert (tokenizer.get_vocabulary(), list(tokenizer.character_counts.items())) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_counts_of_parts_are_learned_as_the_whole(kind):
    tokenizer = kind(max_tokens=6)
    counts = tokenizer.count(["the cat", "a dog"]).merge(tokenizer.count("the end"))
    assert tokenizer.learn(counts) is tokenizer
    whole = kind(max_tokens=6).adapt(["the end", "a dog", "the cat"])
    assert tokenizer.fingerprint() == whole.fingerprint()
    assert tokenizer.character_counts == whole.character_counts


def test_a_word_of_a_million_characters_takes_no_more_memory_than_it_has():
    texts = ["x" * 1_000_000 + " " + " ".join(map(str, range(20_000)))]  # an array of such strings: 80 GB
    assert WhitespaceTokenizer().adapt(texts).vocabulary_size() == 20_003


def test_the_same_characters_learned_again_replace_the_counts():
    tokenizer = CharacterTokenizer().adapt("aab")
    assert tokenizer.adapt("ba").character_counts == {"a": 1, "b": 1}
