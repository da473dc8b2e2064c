"""Tables of numbers as maps of colours: vectors of an embedding, codes, pairs of characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.attention import label_tokens
from tinylm_keras.plots.labels import label, token_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinylm_keras.plots.picture import Picture

# The share of the numbers that the colours span; the few that are larger have the colour of the largest.
SPANNED = 99


@style.styled
def draw_matrices(
    matrices: Mapping[str, Any],
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    below: str = "",
) -> Picture:
    """Return a picture of matrices side by side, with one scale of colours that fits their numbers.

    Args:
        matrices: dict from a title to an array `[n, m]`, all of one shape. If a number is negative, the scale is
            symmetric around 0, which is white.
        rows: list of str `[n]` or None. Tokens beside the rows.
        columns: list of str `[m]` or None. Tokens below the columns.
        below: str. What the columns are, if they have no labels.

    Raises:
        ValueError: if there is none, or shapes and labels do not match.

    Example:

    >>> draw_matrices({"vectors": [[0.5, -1.0], [0.0, 1.0]]}, rows=["the", "cat"]).alt_text
    'Numbers as colours, rows the, cat: vectors 2 × 2, from -1 to 1.'
    """
    arrays = {title: np.asarray(values, "float64") for title, values in matrices.items()}
    count, width = _check(arrays, rows, columns)
    scale = _scale(np.concatenate([values.ravel() for values in arrays.values()]))
    longest = max((len(token_label(row)) for row in rows or ()), default=0)
    wide, high = max(1.6, min(3.6, 0.2 * width)), max(1.4, min(4.5, 0.2 * count))
    figure = style.new(max(4.0, len(arrays) * (wide + 0.2) + 0.08 * longest + 0.9), high + 0.8)
    axes = figure.subplots(1, len(arrays), sharey=True, squeeze=False)[0]
    for axis, (title, values) in zip(axes, arrays.items(), strict=True):
        image = axis.imshow(values, aspect="auto", interpolation="nearest", **scale)
        axis.set_title(label(title), parse_math=False)
        axis.set_xlabel(below)
        label_tokens(axis, rows or [""] * count, columns or [""] * width)
        if columns is None:  # many narrow cells, which lines would cover
            axis.set_xticks([])
            axis.set_xticks([], minor=True)
    colorbar = figure.colorbar(image, ax=axes, aspect=20, extend="both" if scale["vmin"] else "max")
    colorbar.outline.set_visible(False)
    parts = [f"{label(title)} {count} × {width}, from {v.min():.3g} to {v.max():.3g}" for title, v in arrays.items()]
    named = "" if rows is None else f", rows {', '.join(map(token_label, rows))}"
    figure.alt_text = f"Numbers as colours{named}: {'; '.join(parts)}."
    return figure


def _check(arrays, rows, columns):
    """Return the one shape of the arrays, or raise."""
    shapes = [values.shape for values in arrays.values()]
    if not shapes or set(shapes) != {shapes[0]} or len(shapes[0]) != 2 or not all(shapes[0]):
        raise _checks.refuse("matrices", "must be at least one, all of one shape (n, m)", shapes)
    if not all(np.isfinite(values).all() for values in arrays.values()):
        raise _checks.refuse("matrices", "must hold finite numbers", list(arrays))
    for name, labels, count in (("rows", rows, shapes[0][0]), ("columns", columns, shapes[0][1])):
        if labels is not None and len(labels) != count:
            raise _checks.refuse(name, f"must be {count}", len(labels))
    return shapes[0]


def _scale(numbers):
    """Return the map of colours for some numbers and its ends, as arguments of `imshow`."""
    sizes = np.abs(numbers)
    span = float(np.percentile(sizes, SPANNED)) or float(sizes.max()) or 1.0
    signed = bool((numbers < 0).any())
    return {"cmap": style.SIGNED if signed else style.SHARES, "vmin": -span if signed else 0.0, "vmax": span}
