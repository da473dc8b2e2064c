"""The sample from which byte pairs are learned: by the text alone, whatever its order, its chunks and its workers."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylm_keras.id_rules import strings
from tinylm_keras.text import learning_sample
from tinylm_keras.text.chunks import Chunk
from tinylm_keras.text.learning_sample import LearningSample, pieces


def whole(texts):
    return [Chunk(text, True, True) for text in texts]


def cut(text, places):
    """The chunks of a text that is cut at the legal ones of some places."""
    ends = [0, *sorted({match.start() for match in strings.CUT.finditer(text)} & set(places)), len(text)]
    parts = [text[first:last] for first, last in itertools.pairwise(ends)]
    return [Chunk(part, index == 0, index == len(parts) - 1) for index, part in enumerate(parts)]


def content(sample):
    return list(sample), sample.bytes, sample.of_bytes


@given(st.text(alphabet="ab \n", max_size=200), st.sets(st.integers(0, 200)), st.integers(1, 20))
def test_the_pieces_of_a_text_do_not_depend_on_its_chunks(text, places, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning_sample, "PIECE", size)
        found = list(pieces(cut(text, places)))
        assert found == list(strings.parts(text, size))
        assert "".join(found) == text


TEXTS = st.lists(st.text(alphabet="ab é", min_size=1, max_size=6), max_size=40)


@given(TEXTS, st.integers(0, 60), st.integers(1, 4), st.randoms())
def test_neither_order_nor_workers_change_the_sample(texts, limit, workers, order):
    sample = LearningSample(limit).add(whole(texts))
    shuffled = list(texts)
    order.shuffle(shuffled)
    assert content(LearningSample(limit).add(whole(shuffled))) == content(sample)
    joined = LearningSample(limit)
    for worker in range(workers):
        joined.merge(LearningSample(limit).add(whole(shuffled[worker::workers])))
    assert content(joined) == content(sample)


@given(TEXTS, st.integers(0, 60))
def test_the_sample_is_the_longest_beginning_in_the_order_of_the_hash_that_fits(texts, limit):
    everything = list(LearningSample(None).add(whole(texts)))
    assert sorted(everything) == sorted(texts)
    sample = LearningSample(limit).add(whole(texts))
    kept = list(sample)
    assert kept == everything[: len(kept)]
    size = sum(len(text.encode()) for text in kept)
    assert sample.bytes == size
    assert size <= limit or len(kept) == 1
    if len(kept) < len(everything):  # the next one does not fit
        assert size + len(everything[len(kept)].encode()) > limit


def test_of_a_text_of_equal_lines_as_many_as_fit_are_kept():
    sample = LearningSample(100).add(whole(["ten bytes."] * 50))
    assert (sample.bytes, sample.of_bytes, len(list(sample))) == (100, 500, 10)


def test_a_worker_that_keeps_only_small_hashes_still_counts_everything():
    texts = [f"text {number}" for number in range(1000)]
    random.Random(0).shuffle(texts)
    few = LearningSample(100, last=learning_sample.LAST // 10).add(whole(texts))
    assert content(few) == content(LearningSample(100).add(whole(texts)))
    assert few.bytes < few.of_bytes
    assert few.last < learning_sample.LAST // 10  # so nothing that fits was above it


def test_a_text_within_the_limit_is_its_own_sample():
    sample = LearningSample(1000).add(whole(["b", "a", "b"]))
    assert sample.bytes == sample.of_bytes
    assert sorted(sample) == ["a", "b", "b"]
