"""What is held back until it is certain: unfinished characters and beginnings of stop strings, and nothing else."""

import pytest

from tinylm_keras.id_rules import byte_level
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer
from tinylm_keras.writing.text_stream import TextStream


@pytest.fixture(scope="module")
def by_bytes():
    """Each byte of a text is one token."""
    return BytePairTokenizer(vocabulary=list(byte_level.alphabet()), merges=[])


def fed_one_by_one(stream, ids):
    last = len(ids) - 1
    return [stream.feed([id], last=index == last) for index, id in enumerate(ids)]


def test_the_bytes_of_a_character_are_held_back_until_it_is_whole(by_bytes):
    ids = by_bytes.tokenize("a🙂b").tolist()
    assert fed_one_by_one(TextStream(by_bytes), ids) == ["a", "", "", "", "🙂", "b"]


def test_a_real_replacement_character_is_released_at_once(by_bytes):
    ids = by_bytes.tokenize("\ufffd\ufffd").tolist()
    assert fed_one_by_one(TextStream(by_bytes), ids) == ["", "", "\ufffd", "", "", "\ufffd"]


def test_bytes_that_no_others_can_complete_are_released_at_once(by_bytes):
    wrong = [by_bytes.token_to_id(letter) for letter in by_bytes.get_vocabulary() if letter == "Ģ"]  # byte 128
    assert fed_one_by_one(TextStream(by_bytes), wrong * 3) == ["\ufffd"] * 3


def test_a_character_that_never_gets_whole_shows_at_the_end(by_bytes):
    ids = by_bytes.tokenize("🙂").tolist()[:2]
    stream = TextStream(by_bytes)
    assert [stream.feed(ids), stream.feed([], last=True)] == ["", "\ufffd"]
    begun = TextStream(by_bytes)
    assert fed_one_by_one(begun, [*ids, by_bytes.token_to_id("a")]) == ["", "", "\ufffda"]


def test_an_unknown_character_is_not_held_back():
    tokenizer = CharacterTokenizer(vocabulary=["a"])
    assert fed_one_by_one(TextStream(tokenizer), [1, 2, 1]) == ["\ufffd", "a", "\ufffd"]


def test_a_stop_string_may_end_within_an_unfinished_character(by_bytes):
    stream = TextStream(by_bytes, "say", stop=("é!",))
    pieces = [stream.feed([id]) for id in by_bytes.tokenize(" aé!b").tolist()]
    assert ("".join(pieces), stream.stopped, stream.text) == (" a", True, "say a")
