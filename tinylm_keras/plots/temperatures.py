"""What becomes of a text as the temperature rises: shares such as consistent stories and different words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.labels import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinylm_keras.plots.picture import Picture


@style.styled
def draw_temperatures(temperatures: Sequence[float], shares: Mapping[str, Sequence[float]]) -> Picture:
    """Return a plot of shares by temperature, one curve each.

    Args:
        temperatures: list of float `[n]`.
        shares: dict from a name, such as "consistent stories" or "different words", to its shares from 0 to 1, list of
            float `[n]`.

    Raises:
        ValueError: if there is no curve, or one has not a share from 0 to 1 for each temperature.

    Example:

    >>> draw_temperatures([0.5, 1.0], {"consistent": [0.98, 0.64], "different words": [0.2, 0.4]}).alt_text
    'By temperature: consistent 98 % at 0.5, 64 % at 1; different words 20 % at 0.5, 40 % at 1.'
    """
    if not shares or not len(temperatures):
        raise _checks.refuse("shares", "must be at least one, with a temperature", shares)
    figure = style.new(style.WIDTH, 3.6)
    axes = figure.add_subplot()
    from matplotlib.ticker import PercentFormatter

    sentences = []
    for index, (name, values) in enumerate(shares.items()):
        values = np.asarray(values, "float64")
        if values.shape != (len(temperatures),) or not ((values >= 0) & (values <= 1)).all():
            rule = f"must have a share from 0 to 1 for each of the {len(temperatures)} temperatures"
            raise _checks.refuse("shares", rule, values.tolist())
        axes.plot(temperatures, values, label=label(name), **style.look(index, marked=True))
        found = [f"{100 * value:.0f} % at {one:g}" for one, value in zip(temperatures, values, strict=True)]
        sentences.append(f"{label(name)} {', '.join(found)}")
    style.name_axes(axes, "temperature", "")
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    for text in figure.legend(loc="outside upper center", ncols=3).get_texts():
        text.set_parse_math(False)
    figure.alt_text = f"By temperature: {'; '.join(sentences)}."
    return figure
