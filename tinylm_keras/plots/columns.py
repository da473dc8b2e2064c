"""The columns of a history, as a picture needs them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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


def lowest(values: Sequence[float]) -> int | None:
    """Return the index of the lowest value that is not nan, or None."""
    known = (place for place, value in enumerate(values) if not math.isnan(value))
    return min(known, key=values.__getitem__, default=None)


def ends(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the first and the last value that is not nan, or None."""
    known = [value for value in values if not math.isnan(value)]
    return (known[0], known[-1]) if known else None
