"""Rows of ids, each a text of its own: no n-gram reaches from one into another."""

import dataclasses
import itertools

import numpy as np

from tinylm_keras import _checks


@dataclasses.dataclass(frozen=True)
class Rows:
    """Several rows of ids, one behind the other.

    Attributes:
        ids: int64 array `[n]`.
        places: int64 array `[n]`. How many ids of its row stand before each.
    """

    ids: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, rows):
        """Put rows of ids together.

        Example:

        >>> Rows.of([[5, 6], [7, 8, 9]]).places
        array([0, 1, 0, 1, 2])
        """
        rows = [_row("rows", row) for row in rows]
        ids = np.concatenate(rows).astype("int64") if rows else np.zeros(0, "int64")
        lengths = np.array([len(row) for row in rows], "int64")
        begins = np.cumsum(lengths) - lengths
        return cls(ids, np.arange(len(ids)) - np.repeat(begins, lengths))

    @property
    def predicted(self):
        """bool array `[n]`: which ids are predicted, all but the first of each row."""
        return self.places > 0


def rows_of(ids, end_id=None, pad_id=None):
    """Cut a long row of ids into one row for each text, as the packed layout put them together.

    Args:
        ids: int array `[n]`: *end text end text … end*, or with no end token one long text.
        end_id: int or None. The end token. It closes one text and opens the next, so it stands in both.
        pad_id: int or None. Where it stands, a row ends and another begins.

    Returns:
        list of int arrays, each with at least two ids.

    Example:

    >>> [row.tolist() for row in rows_of([9, 1, 2, 9, 3, 9], end_id=9)]
    [[9, 1, 2, 9], [9, 3, 9]]
    """
    ids = _row("ids", ids)
    rows = [ids] if pad_id is None else np.split(ids, np.flatnonzero(ids == pad_id))
    if pad_id is not None:
        rows = [row[1:] if len(row) and row[0] == pad_id else row for row in rows]
    if end_id is not None:
        rows = [part for row in rows for part in _between_ends(row, end_id)]
    return [row for row in rows if len(row) > 1]


def _row(argument, ids):
    """One row of ids as an array, or raise."""
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        rule = "must be a row of whole numbers" if argument == "ids" else "must be a list of rows of whole numbers"
        raise _checks.refuse(argument, rule, f"{array.dtype} array of shape {array.shape}")
    return array if array.size else np.zeros(0, "int64")


def _between_ends(row, end_id):
    ends = np.flatnonzero(row == end_id)
    edges = [0, *ends.tolist(), len(row) - 1]
    return (row[first : last + 1] for first, last in itertools.pairwise(edges))
