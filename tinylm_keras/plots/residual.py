"""How long the vectors of the residual stream are, from block to block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.labels import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinylm_keras.plots.picture import Picture


@style.styled
def draw_residual_lengths(lengths: Mapping[str, Any]) -> Picture:
    """Return a plot of the mean length of the residual stream after the embedding and after each block.

    Args:
        lengths: dict from a name, such as "pre norm", to what `inspection.residual_lengths` returns: an array
            `[num_blocks + 1, T]`, or its mean over tokens, `[num_blocks + 1]`.

    Raises:
        ValueError: if there is none, or one has another shape.

    Example:

    >>> draw_residual_lengths({"pre": [1.0, 2.5], "post": [1.0, 1.0]}).alt_text
    'Mean length of the residual stream, from the embedding to block 0: pre from 1.0 to 2.5; post from 1.0 to 1.0.'
    """
    if not lengths:
        raise _checks.refuse("lengths", "must be at least one", lengths)
    means = {name: _means(values) for name, values in lengths.items()}
    blocks = max(map(len, means.values())) - 1
    figure = style.new(style.WIDTH, 3.4)
    axes = figure.add_subplot()
    for index, (name, values) in enumerate(means.items()):
        axes.plot(range(len(values)), values, label=label(name), **style.look(index, marked=True))
        end = (len(values) - 1, values[-1])
        axes.annotate(f"{values[-1]:.1f}", end, (6, 0), textcoords="offset points", va="center")
    axes.set_xticks(range(blocks + 1), ["embedding", *(f"block {block}" for block in range(blocks))])
    axes.margins(x=0.08)
    style.name_axes(axes, "after this part", "mean length of a vector")
    axes.set_ylim(0, 1.08 * max(max(values) for values in means.values()))
    if len(means) > 1 or next(iter(means)):
        for text in figure.legend(loc="outside upper center", ncols=3).get_texts():
            text.set_parse_math(False)
    parts = [f"{label(name)} from {values[0]:.1f} to {values[-1]:.1f}" for name, values in means.items()]
    last = f"block {blocks - 1}" if blocks else "itself"
    figure.alt_text = f"Mean length of the residual stream, from the embedding to {last}: {'; '.join(parts)}."
    return figure


def _means(values):
    values = np.asarray(values, "float64")
    if values.ndim not in (1, 2) or not values.size or not np.isfinite(values).all():
        rule = "must hold finite arrays of shape (blocks + 1, tokens) or (blocks + 1,)"
        raise _checks.refuse("lengths", rule, values.shape)
    return values.mean(axis=1) if values.ndim == 2 else values
