"""Rows of ids, each a separate text: no n-gram crosses two rows."""

import dataclasses
import itertools

import numpy as np

from tinylm_keras import _checks


@dataclasses.dataclass(frozen=True)
class Rows:
    """Several rows of ids in one array.

    Attributes:
        ids: int64 array `[n]`.
        places: int64 array `[n]`. Number of ids before each one in its row.
    """

    ids: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, rows):
        """Join rows of ids.

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
        """bool array `[n]`: which ids are predicted (all except the first of each row)."""
        return self.places > 0


def rows_of(ids, end_id=None, pad_id=None):
    """Split the ids of the packed layout into one row for each text.

    Args:
        ids: int array `[n]`: *end text end text … end*, or without an end token one long text.
        end_id: int or None. The end token. It ends one text and begins the next, so it is in both rows.
        pad_id: int or None. Ids between which rows are split.

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
    """Return one row of ids as an array, or raise."""
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        rule = "must be a row of whole numbers" if argument == "ids" else "must be a list of rows of whole numbers"
        raise _checks.refuse(argument, rule, f"{array.dtype} array of shape {array.shape}")
    return array if array.size else np.zeros(0, "int64")


def _between_ends(row, end_id):
    ends = np.flatnonzero(row == end_id)
    edges = [0, *ends.tolist(), len(row) - 1]
    return (row[first : last + 1] for first, last in itertools.pairwise(edges))
