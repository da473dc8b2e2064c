"""Attention weights: a map for each head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.labels import token_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinylm_keras.plots.picture import Picture

# Labels of so many letters stand upright below their column; longer ones are slanted.
UPRIGHT = 3


@style.styled
def draw_attention(
    tokens: Sequence[str], weights: np.ndarray, block: int | None = None, head: int | None = None
) -> Picture:
    """Plot attention maps: one for each head, with a row for each block.

    Args:
        tokens: list of str `[T]`, from `inspection.attention_weights`.
        weights: array `[num_blocks, num_heads, T, T]`, from `inspection.attention_weights`.
        block: int or None. Only this block, counted from 0.
        head: int or None. Only this head, counted from 0.

    Returns:
        A `matplotlib.figure.Figure`, made without pyplot. Save it with `figure.savefig(…)`.

    Raises:
        ValueError: if `tokens` and `weights` do not match, or there is no such block or head.

    Example:

    >>> draw_attention(["the", "cat"], np.array([[[[1.0, 0.0], [0.75, 0.25]]]])).alt_text
    'Attention of 2 tokens in block 0, head 0: the last token, cat, looks most at the (75 %).'
    """
    weights = np.asarray(weights)
    if weights.ndim != 4 or weights.shape[2:] != (len(tokens), len(tokens)) or not weights.size:
        rule = f"must have the shape (blocks, heads, {len(tokens)}, {len(tokens)}) for {len(tokens)} tokens"
        raise _checks.refuse("weights", rule, weights.shape)
    rows = _chosen("block", block, weights.shape[0])
    columns = _chosen("head", head, weights.shape[1])
    from matplotlib.ticker import PercentFormatter

    # A single map is large and shows numbers; several maps are small, and only the outer ones show the tokens.
    alone = len(rows) * len(columns) == 1
    side = max(4.0, 0.45 * len(tokens)) if alone else max(2.2, 0.2 * len(tokens))
    longest = max(len(token_label(token)) for token in tokens)
    margin = 0.07 * longest + 0.5
    figure = style.new(len(columns) * (side + 0.25) + margin + 0.8, len(rows) * (side + 0.25) + margin)
    axes = figure.subplots(len(rows), len(columns), squeeze=False, sharex=True, sharey=True)
    for axis_row, b in zip(axes, rows, strict=True):
        for axis, h in zip(axis_row, columns, strict=True):
            image = _draw_map(axis, tokens, weights[b, h], f"block {b}, head {h}")
            if alone:
                _write_numbers(axis, weights[b, h])
    colorbar = figure.colorbar(image, ax=axes, shrink=min(1.0, 3.0 / (len(rows) * side)), aspect=20)
    colorbar.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    colorbar.set_label("share of its attention")
    colorbar.outline.set_visible(False)
    figure.supxlabel("… looks at this one")
    figure.supylabel("this token …")
    figure.alt_text = _sentence(tokens, weights, rows, columns)
    return figure


def _chosen(name, index, count):
    return range(count) if index is None else [_checks.whole_number(name, index, 0, count - 1)]


def _sentence(tokens, weights, rows, columns):
    found = []
    for b in rows:
        for h in columns:
            most = int(weights[b, h, -1].argmax())
            share = 100 * float(weights[b, h, -1, most])
            found.append(f"block {b}, head {h}: {token_label(tokens[most])} ({share:.0f} %)")
    last = token_label(tokens[-1])
    if len(found) == 1:
        where, _, what = found[0].partition(": ")
        return f"Attention of {len(tokens)} tokens in {where}: the last token, {last}, looks most at {what}."
    return f"Attention of {len(tokens)} tokens. What the last one, {last}, looks at most: {'; '.join(found)}."


def _draw_map(axis, tokens, shares, title):
    """Plot the map of one head; later tokens, which are masked, are grey."""
    ahead = np.triu(np.ones_like(shares, dtype=bool), 1)
    axis.set_facecolor(style.FAINT)
    image = axis.imshow(np.ma.masked_array(shares, ahead), cmap=style.SHARES, vmin=0.0, vmax=1.0)
    axis.set_title(title)
    label_tokens(axis, tokens)
    return image


def label_tokens(axis: Any, tokens: Sequence[str], columns: Sequence[str] | None = None) -> None:
    """Write tokens beside and below the cells of a map, and draw white lines between the cells.

    Args:
        axis: The axes of the map.
        tokens: list of str. Labels of the rows.
        columns: list of str or None. Labels of the columns; None: those of the rows.
    """
    columns = tokens if columns is None else columns
    below, beside = ([token_label(token) for token in some] for some in (columns, tokens))
    # Single letters lying on their side cannot be told apart: n and c, u and c.
    upright = max(map(len, below), default=0) <= UPRIGHT
    turned = {} if upright else {"rotation": 50, "ha": "right", "rotation_mode": "anchor"}
    axis.set_xticks(range(len(below)), below, fontsize=8, parse_math=False, **turned)
    axis.set_yticks(range(len(beside)), beside, fontsize=8, parse_math=False)
    axis.set_xticks(np.arange(len(below) + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(beside) + 1) - 0.5, minor=True)
    axis.grid(visible=False, which="major")
    axis.grid(visible=True, which="minor", color=style.PAPER, linewidth=1.0)
    axis.tick_params(which="both", length=0)
    for side in axis.spines.values():
        side.set_visible(False)


def _write_numbers(axis, shares):
    """Write each share of at least one percent into its cell."""
    for i, j in np.argwhere(np.tril(shares) >= 0.01):
        color = style.PAPER if shares[i, j] > 0.5 else style.INK
        axis.text(j, i, f"{100 * shares[i, j]:.0f}", ha="center", va="center", color=color, fontsize=9)
