"""Laws of `data.split`."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm_keras.text.sources import split

TEXTS = st.lists(st.text("ab", min_size=1, max_size=3), min_size=2, max_size=60)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.floats(0.01, 0.99), st.integers(0, 5))
def test_a_split_is_a_partition_in_order_and_equal_texts_stay_together(texts, fraction, seed):
    if len(set(texts)) == 1:
        return
    train, validation = split(texts, fraction, seed)
    assert sorted(train + validation) == sorted(texts)
    assert train and validation and not set(train) & set(validation)
    assert train == [text for text in texts if text in set(train)]
    assert split(texts, fraction, seed) == (train, validation)


def test_the_share_is_met_and_the_seed_chooses():
    texts = [f"text {number}" for number in range(1000)]
    validations = [split(texts, 0.1, seed)[1] for seed in range(3)]
    assert [len(one) for one in validations] == [100, 100, 100]
    assert validations[0] != validations[1] != validations[2]


@settings(max_examples=150, deadline=None)
@given(st.text("ab \n", min_size=1, max_size=80), st.floats(0.05, 0.95))
def test_one_text_is_cut_in_two_that_join_to_it(text, fraction):
    try:
        (train,), (validation,) = split([text], fraction)
    except ValueError:
        return
    assert train + validation == text
    assert train.strip() and validation.strip()


def test_one_text_is_cut_at_white_space_near_the_share():
    text = " ".join(f"word{number}" for number in range(1000))
    (train,), (validation,) = split([text], 0.1)
    assert train.endswith(" ") and validation.startswith("word")
    assert abs(len(validation) - 0.1 * len(text)) < 10


def test_one_text_without_white_space_is_cut_at_the_share():
    assert split(["x" * 1000], 0.1) == (["x" * 900], ["x" * 100])


def test_the_end_of_every_document_is_cut_off_when_whole_is_false():
    texts = ["a b c d e f g h i j", "k l m n o p q r s t", "u"]
    assert split(texts, 0.2, whole=False) == (["a b c d e f g h ", "k l m n o p q r ", "u"], ["i j", "s t"])


@pytest.mark.parametrize(("texts", "left"), [([], 0), (["x"], 1), (["a", "a"], 2)])
def test_a_part_that_would_be_empty_is_refused(texts, left):
    message = (
        f"`fraction` must leave text in both parts, but gives {left} texts for training and 0 for validation. "
        f"Received: fraction=0.1. {'All 2 texts are equal: use' if left == 2 else 'Use more text, or'} validation=0"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        split(texts, 0.1)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan"), True, "0.1", None])
def test_a_fraction_outside_the_open_interval_is_refused(fraction):
    with pytest.raises(
        ValueError, match=re.escape(f"`fraction` must be a number in (0, 1). Received: fraction={fraction!r}.")
    ):
        split(["a", "b"], fraction)


def test_texts_that_are_no_list_of_strings_are_refused():
    with pytest.raises(TypeError, match=re.escape("`texts` must be a list of strings. Received: texts='abc'.")):
        split("abc", 0.1)
    with pytest.raises(TypeError, match="`texts` must be a list of strings"):
        split(["a", 1], 0.1)
    with pytest.raises(ValueError, match="`seed` must be a whole number"):
        split(["a", "b"], 0.1, seed=-1)
