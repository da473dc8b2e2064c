"""What the values of one setting reach, with the best one marked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.comparison import shown
from tinylm_keras.plots.labels import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinylm_keras.plots.picture import Picture

# From this ratio of the largest to the smallest value on, the axis is logarithmic.
DECADE = 10
# So many values have each a label of its own on the axis.
MOST_LABELS = 12


@style.styled
def draw_sweep(results: Sequence[Mapping[str, Any]], setting: str) -> Picture:
    """Return a plot of the bits per character that each value of a setting reached.

    Numbers lie on an axis, which is logarithmic where they span a decade; choices lie side by side. The best value has
    a circle, a value whose runs diverged a cross at the top, and several seeds an error bar.

    Args:
        results: list of dict with "value" and "bits_per_character" (None if all runs diverged), and perhaps
            "deviation", "best" and "diverged" (the number of diverged runs), as in `sweep.json`.
        setting: str. Name of the setting.

    Raises:
        ValueError: if there is no result.

    Example:

    >>> first = {"value": 0.001, "bits_per_character": 2.5}
    >>> draw_sweep([first, {"value": 0.1, "bits_per_character": 2.25, "best": True}], "learning_rate").alt_text
    'Bits per character by learning_rate: 0.001 2.500; 0.1 2.250. Best: 0.1.'
    """
    if not results:
        raise _checks.refuse("results", "must be at least one", results)
    figure = style.new(style.WIDTH, 3.8)
    axes = figure.add_subplot()
    places = _place(axes, [result["value"] for result in results])
    known = [index for index, result in enumerate(results) if result["bits_per_character"] is not None]
    heights = {index: results[index]["bits_per_character"] for index in known}
    spreads = {index: results[index].get("deviation") or 0.0 for index in known}
    numbers = places == [result["value"] for result in results]
    sound = [index for index in known if not results[index].get("diverged")]
    _draw_points(axes, places, heights, spreads, sound if numbers else ())
    _mark(figure, axes, results, places, heights)
    style.name_axes(axes, label(setting), "bits per character of the validation text")
    edges = [heights[index] + sign * spreads[index] for index in known for sign in (-1, 1)]
    style.room_above_and_below(axes, edges)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside upper center", ncols=3)
    figure.alt_text = _sentence(results, setting)
    return figure


def _place(axes, values):
    """Return where each value lies on the x axis, and prepare the axis."""
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    texts = [_text(value) for value in values]
    if len(numbers) < len(values):
        axes.set_xticks(range(len(values)), [label(text) for text in texts], parse_math=False)
        axes.set_xlim(-0.5, len(values) - 0.5)
        return list(range(len(values)))
    if min(numbers) > 0 and max(numbers) >= DECADE * min(numbers):
        axes.set_xscale("log")
        axes.margins(x=0.06)
    if len(numbers) <= MOST_LABELS:
        from matplotlib.ticker import NullLocator

        turned = {} if sum(map(len, texts)) < 60 else {"rotation": 50, "ha": "right", "rotation_mode": "anchor"}
        axes.set_xticks(numbers, texts, **turned)
        axes.xaxis.set_minor_locator(NullLocator())
    return numbers


def _draw_points(axes, places, heights, spreads, joined):
    ordered = sorted(joined, key=places.__getitem__)
    axes.plot([places[index] for index in ordered], [heights[index] for index in ordered], color=style.TRAIN)
    for index, height in heights.items():
        dot = {"color": style.TRAIN, "marker": "o", "markersize": 5, "capsize": 4 if spreads[index] else 0}
        axes.errorbar(places[index], height, yerr=spreads[index] or None, linewidth=1.4, **dot)


def _mark(figure, axes, results, places, heights):
    """Mark the best value, and those that diverged at the top of the axes."""
    for index, result in enumerate(results):
        if result.get("best"):
            text = f"best: {_text(result['value'])}, {shown(heights[index], result.get('deviation'))}"
            hollow = {"markersize": 11, "markerfacecolor": "none", "markeredgecolor": style.INK, "linestyle": "none"}
            axes.plot(places[index], heights[index], marker="o", label=label(text), zorder=5, **hollow)
    lost = [places[index] for index, result in enumerate(results) if result.get("diverged")]
    if lost:
        cross = {"marker": "x", "markersize": 9, "markeredgewidth": 2, "color": style.VALIDATION, "linestyle": "none"}
        axes.plot(lost, [0.96] * len(lost), transform=axes.get_xaxis_transform(), label="diverged", **cross)


def _text(value):
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else f"{value}"


def _sentence(results, setting):
    parts, best = [], ""
    for result in results:
        value, bits, lost = label(_text(result["value"])), result["bits_per_character"], result.get("diverged")
        reached = "" if bits is None or not math.isfinite(bits) else f" {shown(bits, result.get('deviation'))}"
        parts.append(f"{value}{reached}{' diverged' if lost else ''}")
        best = f" Best: {value}." if result.get("best") else best
    return f"Bits per character by {label(setting)}: {'; '.join(parts)}.{best}"
