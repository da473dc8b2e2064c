"""Chooses the n-gram order that predicts held-out text best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.counting import kneser_ney, smoothing
from tinylm_keras.counting.levels import Levels
from tinylm_keras.counting.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinylm_keras._types import AnyIds
    from tinylm_keras.counting.counts import Counts

# Bits per token that a longer order has to save, because it makes the tables larger.
WORTH_AN_ORDER = 0.001
# Number of orders without a gain before the search ends.
PATIENCE = 2


def count_in_best_order(
    rows: Sequence[AnyIds],
    vocabulary_size: int,
    validation: Sequence[AnyIds] | None = None,
    *,
    pad_id: int | None = None,
    max_counts: int = kneser_ney.MAX_COUNTS,
) -> Counts:
    """As `count`, with the order that predicts a held-out text best: from 1 up to where longer ones do not help.

    Args:
        rows: As in `count`.
        vocabulary_size: As in `count`.
        validation: list of int arrays `[n_i]`, or None: the order is chosen on the last tenth of `rows`, then all rows
            are counted.
        pad_id: As in `count`.
        max_counts: As in `count`.

    Returns:
        `Counts`.

    Raises:
        ValueError: As `count`.

    Example:

    >>> count_in_best_order([[0, 1, 2, 0, 1, 3] * 20], vocabulary_size=4).order
    4
    """
    if validation is None:
        counted, validation = held_out(rows)
        order = _levels_of_best_order(counted, vocabulary_size, validation, pad_id)[1] if counted else 2
        return kneser_ney.count(rows, vocabulary_size, order, pad_id=pad_id, max_counts=max_counts)
    levels, order = _levels_of_best_order(rows, vocabulary_size, validation, pad_id)
    return kneser_ney.table(levels, order, pad_id, max_counts)


def held_out(rows: Sequence[AnyIds], share: float = 0.1) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Split rows of ids into a first part and a last part with about a share of all ids; a row may be cut.

    Example:

    >>> [[row.tolist() for row in part] for part in held_out([[1, 2, 3, 4], [5, 6, 7, 8, 9, 10]], share=0.3)]
    [[[1, 2, 3, 4], [5, 6, 7]], [[8, 9, 10]]]
    """
    rows = [np.asarray(row) for row in rows]
    left = sum(map(len, rows)) - max(2, round(share * sum(map(len, rows))))
    before, after = [], []
    for row in rows:
        before.append(row[: max(left, 0)])
        after.append(row[max(left, 0) :])
        left -= len(row)
    return [row for row in before if len(row) > 1], [row for row in after if len(row) > 1]


def _levels_of_best_order(rows, vocabulary_size, validation, pad_id):
    """Return the levels of `rows` up to the best order for `validation`, and that order."""
    levels, evaluated = Levels(kneser_ney.checked(rows, vocabulary_size), vocabulary_size), Rows.of(validation)
    if not evaluated.predicted.any():
        raise _checks.refuse("validation", "must hold a row of two ids", validation)
    context = np.where(evaluated.predicted, 0, -1)
    below = smoothing.base(vocabulary_size, pad_id)[evaluated.ids]
    best, order = -np.inf, 1
    while len(levels.levels) <= min(order + PATIENCE, kneser_ney.MAX_ORDER):
        *shorter, level = levels.levels
        entry = _find(level, context, evaluated.ids, vocabulary_size)
        size = len(shorter[-1]) if shorter else 1
        whole = _judge(level, level.times, size, context, entry, below)
        mean = np.log2(whole[evaluated.predicted]).mean()
        if mean > best + WORTH_AN_ORDER * (len(levels.levels) - order):
            best, order = mean, len(levels.levels)
        levels.grow()
        below = _judge(level, level.neighbours, size, context, entry, below)
        # The first id of a row has no context, the second a context of one token, and so on.
        own = entry if shorter else evaluated.ids
        context = np.where(evaluated.places > len(shorter), np.roll(own, 1), -1)
    return levels.levels, order


def _judge(level, weights, size, context, entry, below):
    """Return the probabilities of some tokens with a level, from those with the previous level."""
    value, backoff = smoothing.smoothed(level, weights, size)
    value, backoff = np.append(value, 0.0), np.append(backoff, 1.0)  # for unknown n-grams, at the index -1
    return backoff[context] * below + value[entry]


def _find(level, context, tokens, vocabulary_size):
    """Return the index in a level of each token after its context, or -1."""
    if not len(level):
        return np.full(len(tokens), -1)
    codes = level.contexts * vocabulary_size + level.tokens
    wanted = np.where(context < 0, -1, context * vocabulary_size + tokens)
    places = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return np.where(codes[places] == wanted, places, -1)
