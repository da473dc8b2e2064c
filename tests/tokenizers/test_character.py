"""Each character is a token: sorted ids, nothing lost of known characters, and the look-up in numpy."""

import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm_keras.tokenizers import CharacterTokenizer


def test_the_ids_follow_the_code_points():
    tokenizer = CharacterTokenizer().adapt("b🙂a\u2028\n\t \x85é")
    assert tokenizer.get_vocabulary() == ["", "[UNK]", "\t", "\n", " ", "a", "b", "\x85", "é", "\u2028", "🙂"]


def test_max_tokens_keeps_the_most_frequent_and_then_sorts():
    assert CharacterTokenizer(max_tokens=4).adapt("cccbbbaad").get_vocabulary() == ["", "[UNK]", "b", "c"]
    with_end = CharacterTokenizer(max_tokens=4, end_token="<end>").adapt("cccbbbbaad")
    assert with_end.get_vocabulary() == ["", "[UNK]", "b", "<end>"]


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_text_of_known_characters_comes_back(text):
    known = text.replace("\0", "0")
    tokenizer = CharacterTokenizer(vocabulary=sorted(set(known)))
    assert tokenizer.detokenize(tokenizer.tokenize(known)) == known
    assert tokenizer.detokenize(tokenizer.tokenize(text)) == text.replace("\0", "\ufffd")


def test_accents_and_parts_of_an_emoji_are_tokens_of_their_own():
    text = unicodedata.normalize("NFD", "é") + "👩‍👧"
    tokenizer = CharacterTokenizer().adapt(text)
    assert len(tokenizer.tokenize(text)) == 5
    assert tokenizer.detokenize(tokenizer.tokenize(text)) == text


def test_unknown_characters_and_nul_are_one_mark_each():
    tokenizer = CharacterTokenizer().adapt("a\0b\0")
    assert tokenizer.get_vocabulary() == ["", "[UNK]", "a", "b"]
    assert tokenizer.tokenize("a\0z").tolist() == [2, 1, 1]
    assert tokenizer.detokenize([2, 1, 1]) == "a\ufffd\ufffd"
    assert tokenizer.unknown_tokens(["azz", "\0"]) == {"z": 2, "\0": 1}
    assert tokenizer.spelling_bits("z") > 21


def test_a_character_that_ends_texts_is_no_token_of_text():
    tokenizer = CharacterTokenizer(end_token="\n").adapt("ab\nc")
    assert tokenizer.get_vocabulary() == ["", "[UNK]", "a", "b", "c", "\n"]
    assert tokenizer.tokenize("a\nb").tolist() == [2, 1, 3]


def test_a_new_vocabulary_replaces_the_table():
    tokenizer = CharacterTokenizer().adapt("ab")
    assert tokenizer.tokenize("cab").tolist() == [1, 2, 3]
    assert tokenizer.adapt("abc").tokenize("cab").tolist() == [4, 2, 3]


def test_a_long_text_is_looked_up_in_one_go():
    tokenizer = CharacterTokenizer(vocabulary=[" ", "a", "é"])
    text = "é a " * 500_000
    tokenizer.tokenize("a")
    start = time.process_time()
    ids = tokenizer.tokenize(text)
    assert time.process_time() - start < 0.5  # it takes 0.01 s; a loop in Python or TensorFlow takes longer
    assert np.array_equal(ids, np.tile([4, 2, 3, 2], 500_000))


def test_only_single_characters_make_a_vocabulary():
    with pytest.raises(ValueError, match=r"`vocabulary` must hold single characters. Received: vocabulary='ab'"):
        CharacterTokenizer(vocabulary=["a", "ab"])
    with pytest.raises(ValueError, match=r"do not end in NUL"):
        CharacterTokenizer(vocabulary=["a", "\0"])
