"""Interpolated modified Kneser-Ney smoothing: from how often n-grams come to probabilities."""

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
    """Count n-grams up to a length and make a language model of them.

    An n-gram of the full length has the weight of how often it comes, a shorter one of after how many different tokens
    it comes (at the beginning of a text, how often). From each, a discount is taken that depends on whether it comes
    once, twice or more often, and what is taken goes to the distribution of the context without its oldest token; from
    the shortest to all ids alike, padding left out.

    Args:
        rows: list of int arrays `[n_i]`, each a text of its own: no n-gram reaches from one into another.
        vocabulary_size: int. V. Ids are from 0 to V - 1.
        order: int from 1 to `MAX_ORDER`. Length of the longest n-grams.
        pad_id: int or None. An id that is no token.
        max_counts: int. How many entries the tables may have. Where there are more, the rarest contexts go first, the
            longest of them before the others.

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
    """The levels as `Counts`, the rarest contexts left out."""
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
    """For each level but the first, which of its contexts stay: bool arrays as long as the levels before.

    A context is at least as frequent as the longer ones that it begins or ends, so where one stays these parts stay.
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
    """`Rows`, or raise unless there is something to count."""
    rows = Rows.of(rows)
    if not rows.predicted.any():
        raise _checks.refuse("rows", "must hold a row of at least two ids", rows.ids.tolist())
    bad = rows.ids[(rows.ids < 0) | (rows.ids >= vocabulary_size)]
    if len(bad):
        raise _checks.refuse("rows", f"must hold ids in [0, {vocabulary_size})", int(bad[0]))
    return rows
