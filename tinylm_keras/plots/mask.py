"""The causal mask: which token sees which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.attention import label_tokens
from tinylm_keras.plots.labels import token_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinylm_keras.plots.picture import Picture


@style.styled
def draw_mask(tokens: Sequence[str], scores: Any = None) -> Picture:
    """Return a picture of the causal mask: row i sees the columns up to i, and the rest is set to minus infinity.

    Args:
        tokens: list of str `[T]`, T at most 32.
        scores: array `[T, T]` or None. The scores before the softmax, written into the cells that are seen.

    Raises:
        ValueError: if there is no token or there are too many, or `scores` has another shape.

    Example:

    >>> draw_mask(["the", "cat", "sat"]).alt_text
    'Causal mask of 3 tokens: the sees 1, cat sees 2, sat sees 3 tokens; −∞ elsewhere.'
    """
    count = len(tokens)
    if not 1 <= count <= 32:
        raise _checks.refuse("tokens", "must be 1 to 32", count)
    if scores is not None and np.shape(scores) != (count, count):
        raise _checks.refuse("scores", f"must have the shape ({count}, {count})", np.shape(scores))
    side = max(2.4, (0.5 if scores is None else 0.56) * count)
    margin = 0.09 * max(len(token_label(token)) for token in tokens) + 0.4
    figure = style.new(side + margin, side + margin)
    axes = figure.add_subplot()
    seen = np.tril(np.ones((count, count)))
    axes.imshow(np.where(seen, 0.35, np.nan), cmap=style.SHARES, vmin=0, vmax=1)
    axes.set_facecolor(style.FAINT)
    label_tokens(axes, tokens)
    for row, column in np.ndindex(count, count):
        visible = column <= row
        score = "✓" if scores is None else f"{round(float(scores[row][column]), 1) + 0.0:.1f}"  # no -0.0
        ink = style.INK if visible else style.GREY
        axes.text(column, row, score if visible else "−∞", ha="center", va="center", fontsize=9, color=ink)
    axes.set_xlabel("… sees this one")
    axes.set_ylabel("this token …")
    counts = ", ".join(f"{token_label(token)} sees {place + 1}" for place, token in enumerate(tokens))
    figure.alt_text = f"Causal mask of {count} tokens: {counts} tokens; −∞ elsewhere."
    return figure
