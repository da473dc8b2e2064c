"""Laws of the search for copies: against a search that tries every stretch."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm_keras.copying import copying

TEXTS = st.lists(st.text("ab\n", max_size=12), min_size=1, max_size=4)


def longest_by_trying(texts, source):
    stretches = {
        text[first:last] for text in texts for first in range(len(text)) for last in range(first, len(text) + 1)
    }
    return max((len(stretch) for stretch in stretches if stretch in source), default=0)


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 6))
def test_longest_stretch_and_share_are_those_of_a_search_of_every_stretch(texts, training, length):
    found, source = copying(texts, training, length), "\n".join(training)
    assert len(found.longest) == longest_by_trying(texts, source)
    if found.longest:
        assert source[found.place :].startswith(found.longest)
        assert any(found.longest in text for text in texts)
    stretches = [text[first : first + length] for text in texts for first in range(len(text) - length + 1)]
    if stretches:
        assert found.share == pytest.approx(sum(one in source for one in stretches) / len(stretches))
    else:
        assert found.share is None


def test_whole_texts_that_stand_in_the_training_text_are_counted():
    assert copying(["Mia", "Tom", "Mi", " Mia\n"], ["Mia", "Tomas", "Ann"]).whole == 0.5


def test_letters_of_every_plane_are_told_apart():
    assert copying(["x😀é語y"], ["a😀é語b"]).longest == "😀é語"


def test_a_copy_of_a_book_is_found_in_a_second_or_two():
    words = [f"word{number * 7919 % 10007}" for number in range(100_000)]
    book = " ".join(words)
    copy = " ".join(words[50_000:50_400])
    found = copying(["something new " + copy, "x" * 3000], [book])
    assert copy in found.longest
    assert book[found.place : found.place + len(found.longest)] == found.longest


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: copying([], ["a"]), "`texts` must hold at least one text. Received: texts=[]."),
        (lambda: copying(["a"], ["a"], 0), "`stretch` must be a whole number of at least 1"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
