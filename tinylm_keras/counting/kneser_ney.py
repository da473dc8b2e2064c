"""Interpolated modified Kneser-Ney smoothing: turns n-gram counts into probabilities."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.counting import smoothing
from tinylm_keras.counting.counts import Counts
from tinylm_keras.counting.levels import Levels
from tinylm_keras.counting.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinylm_keras._types import AnyIds

MAX_COUNTS = 2_000_000
MOST_COUNTS = 2**24  # numbers up to here are exact in float32
MAX_ORDER = 24


def count(
    rows: Sequence[AnyIds],
    vocabulary_size: int,
    order: int,
    *,
    pad_id: int | None = None,
    max_counts: int = MAX_COUNTS,
) -> Counts:
    """Count n-grams up to a length and return them as a language model.

    The weight of an n-gram of full length is its count; that of a shorter one is the number of different tokens before
    it (at the beginning of a text, its count). A discount, which depends on whether the weight is 1, 2 or more, is
    subtracted and given to the distribution of the context without its oldest token, and finally to a uniform
    distribution without padding.

    Args:
        rows: list of int arrays `[n_i]`, each a separate text: no n-gram crosses two rows.
        vocabulary_size: int. V. Ids are from 0 to V - 1.
        order: int from 1 to `MAX_ORDER`. Length of the longest n-grams.
        pad_id: int or None. An id that is no token.
        max_counts: int. Largest number of entries in the tables. Beyond it the rarest contexts are removed, longer
            ones first.

    Returns:
        `Counts`.

    Raises:
        ValueError: if no row has two ids, or one is outside the vocabulary.

    Example:

    >>> counts = count([[0, 1, 2, 0, 1, 3]], vocabulary_size=4, order=3)
    >>> probabilities, known = counts.probabilities([[2, 0, 1, 3]])
    >>> known.tolist()
    [1, 2, 2]

    References:
        Kneser and Ney, "Improved backing-off for m-gram language modeling", 1995; Chen and Goodman, "An Empirical
        Study of Smoothing Techniques for Language Modeling", 1998.
    """
    order = _checks.whole_number("order", order, 1, MAX_ORDER)
    levels = Levels(checked(rows, vocabulary_size), vocabulary_size)
    while len(levels.levels) < max(order, 2):
        levels.grow()
    return table(levels.levels, order, pad_id, max_counts)


def table(levels, order, pad_id, max_counts):
    """Return the levels as `Counts`, without the rarest contexts if there are too many."""
    max_counts = _checks.whole_number("max_counts", max_counts, 1, MOST_COUNTS)
    unigram, *longer = levels[:order]
    size = len(unigram)
    value, backoff = smoothing.smoothed(unigram, unigram.times if order == 1 else unigram.neighbours, 1)
    distribution = value + backoff[0] * smoothing.base(size, pad_id)
    widths, backoffs, tokens, values, there = [], [], [], [], np.ones(size, bool)
    for level, kept in zip(longer, _kept_contexts(levels[:order], max_counts), strict=True):
        value, backoff = smoothing.smoothed(level, level.times if level is longer[-1] else level.neighbours, len(kept))
        here = kept[level.contexts]
        widths.append(np.bincount(level.contexts[here], minlength=len(kept))[there])
        backoffs.append(np.where(kept, backoff, 1.0)[there])
        tokens.append(level.tokens[here])
        values.append(value[here])
        there = here
    if order == 1:
        widths, backoffs = [np.zeros(size, "int64")], [np.ones(size)]
    widths = np.concatenate([*widths, [0]])  # the last context is the unknown one
    return Counts(
        order=order,
        unigram=distribution.astype("float32"),
        first=np.concatenate([[0], np.cumsum(widths)]),
        backoff=np.concatenate([*backoffs, [1.0]]).astype("float32"),
        token=np.concatenate([np.zeros(0, "int64"), *tokens]),
        value=np.concatenate([np.zeros(0), *values]).astype("float32"),
    )


def _kept_contexts(levels, max_counts):
    """Return which contexts are kept for each level except the first: bool arrays as long as the previous level.

    A context is at least as frequent as the longer ones that begin or end with it, so if one is kept, so are its parts.
    """
    pairs = list(itertools.pairwise(levels))
    sizes = [len(before) for before, _ in pairs]
    if sum(len(level) for _, level in pairs) <= max_counts:
        return [np.ones(size, bool) for size in sizes]
    totals = [np.bincount(level.contexts, level.times, minlength=len(before)) for before, level in pairs]
    widths = [np.bincount(level.contexts, minlength=len(before)) for before, level in pairs]
    lengths = np.repeat(np.arange(len(pairs)), sizes)
    order = np.lexsort((-lengths, np.concatenate(totals)))
    left = sum(map(len, (level for _, level in pairs))) - np.cumsum(np.concatenate(widths)[order])
    kept = np.ones(len(order), bool)
    kept[order[: 1 + np.argmax(left <= max_counts)]] = False
    return np.split(kept, np.cumsum(sizes)[:-1])


def checked(rows, vocabulary_size):
    """Return the rows as `Rows`, or raise if there is nothing to count."""
    rows = Rows.of(rows)
    if not rows.predicted.any():
        raise _checks.refuse("rows", "must hold a row of at least two ids", rows.ids.tolist())
    bad = rows.ids[(rows.ids < 0) | (rows.ids >= vocabulary_size)]
    if len(bad):
        raise _checks.refuse("rows", f"must hold ids in [0, {vocabulary_size})", int(bad[0]))
    return rows
