"""Laws of the stretches kept for validation: spread evenly, about a share, cut at the ends of lines or words."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm_keras.text.stretches import spread
from tinylm_keras.training import unseen

VERSE = "\n".join(f"line {number} of a long poem, which continues" for number in range(4000))
PROSE = " ".join(f"word{number}" for number in range(12_000))


@pytest.mark.parametrize("text", [VERSE, PROSE, PROSE.replace(" ", "")])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_ten_stretches_spread_over_a_text_make_about_the_share(text, share):
    kept = spread([text], share)
    assert len(kept) == 10
    assert sum(last - first for _, first, last in kept) == pytest.approx(share * len(text), rel=0.1)
    middles = [(first + last) / 2 / len(text) for _, first, last in kept]
    assert middles == pytest.approx([0.05 + 0.1 * number for number in range(10)], abs=0.01)


def test_no_line_is_cut_and_where_there_are_no_lines_no_word():
    for _, first, last in spread([VERSE], 0.1):
        assert VERSE[first - 1] == VERSE[last - 1] == "\n"
    for _, first, last in spread([PROSE], 0.1):
        assert PROSE[first - 1] == PROSE[last - 1] == " "


def test_a_very_long_text_among_short_ones_gives_most_and_is_not_given_away():
    texts = ["A short title", PROSE, "The end"]
    kept = spread(texts, 0.1)
    train, validation = unseen.divide(texts, kept)
    assert {number for number, _, _ in kept} == {1}
    assert sum(map(len, validation)) == pytest.approx(0.1 * sum(map(len, texts)), rel=0.1)
    assert "".join(train[1:-1]) + "".join(validation) != ""
    assert sorted("".join([*train, *validation])) == sorted("".join(texts))


def test_a_text_too_short_gives_none_away():
    assert spread(["hello world"], 0.1) == []
    assert spread(["ab"], 0.1) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(alphabet="ab \n", max_size=3000), min_size=1, max_size=8), st.floats(0.02, 0.4))
def test_stretches_lie_in_their_texts_in_order_and_leave_most(texts, share):
    kept = spread(texts, share)
    assert kept == sorted(kept)
    for number, first, last in kept:
        assert 0 <= first < last <= len(texts[number])
    for one, other in itertools.pairwise(kept):
        assert one[0] < other[0] or one[2] <= other[1]
    assert sum(last - first for _, first, last in kept) <= sum(map(len, texts)) / 2
