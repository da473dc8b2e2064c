"""The columns of a history, as a picture needs them."""

from __future__ import annotations

import collections.abc
import math
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The validation loss of a mixture, of a network that a run will mix with counts.
MIXTURE = "val_mixture_loss"


def rows(history: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a history as rows: itself, or those of a dict of columns, such as the `history.history` of a model.

    Columns without steps, as Keras's `fit` leaves them, are counted in epochs.

    Raises:
        ValueError: if columns differ in length.
    """
    if not isinstance(history, collections.abc.Mapping):
        return list(history)
    lengths = set(map(len, history.values()))
    if len(lengths) > 1:
        raise _checks.refuse("history", "must have columns of one length", sorted(lengths))
    found = [dict(zip(history, values, strict=True)) for values in zip(*history.values(), strict=True)]
    return found if "step" in history else [{"step": number, **row} for number, row in enumerate(found, 1)]


def unit(history: Any) -> str:
    """Return what the rows of a history are counted in."""
    return "epoch" if isinstance(history, collections.abc.Mapping) and "step" not in history else "step"


def steps(history: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the steps of a history, or raise if it cannot be drawn."""
    if not history:
        raise _checks.refuse("history", "must hold at least one row", history)
    for name in ("step", "loss"):
        if not all(name in row for row in history):
            raise _checks.refuse("history", f"must have `{name}` in every row", history)
    return [row["step"] for row in history]


def has(history: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Whether a column has a value."""
    return any(row.get(name) is not None for row in history)


def column(history: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """Return the values of a column as floats; missing and infinite values become nan, which is not drawn."""
    values = [row.get(name) for row in history]
    return [float(value) if value is not None and math.isfinite(value) else math.nan for value in values]


def judged_by(history: Sequence[Mapping[str, Any]]) -> str:
    """Return the column by which the best row is chosen.

    Example:

    >>> judged_by([{"step": 5, "loss": 2.0, "val_loss": 2.1}]), judged_by([{"step": 5, "loss": 2.0}])
    ('val_loss', 'loss')
    """
    for name in (MIXTURE, "val_loss"):
        if all(row.get(name) is not None for row in history):
            return name
    return "loss"


def lowest(values: Sequence[float]) -> int | None:
    """Return the index of the lowest value that is not nan, or None."""
    known = (place for place, value in enumerate(values) if not math.isnan(value))
    return min(known, key=values.__getitem__, default=None)


def ends(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the first and the last value that is not nan, or None."""
    known = [value for value in values if not math.isnan(value)]
    return (known[0], known[-1]) if known else None
