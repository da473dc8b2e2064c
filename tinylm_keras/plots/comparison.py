"""The bits per character of several models, a bar each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.labels import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinylm_keras.plots.picture import Picture

BELOW = "bits per character of the validation text; hollow: counted, not trained"
BARS = "±: standard deviation over seeds"


@style.styled
def draw_comparison(results: Sequence[Mapping[str, Any]], digits: int = 3) -> Picture:
    """Return a plot of the bits per character of models, one bar each.

    Args:
        results: list of dict with "name", "bits_per_character" and "trained" (bool; bars of counted models are hollow).
            A "deviation", the standard deviation over several seeds, becomes an error bar.
        digits: int. Decimals of the numbers.

    Raises:
        ValueError: if there are none.

    Example:

    >>> figure = draw_comparison([{"name": "mlp", "bits_per_character": 2.5, "trained": True, "deviation": 0.02}])
    >>> figure.alt_text
    'Bits per character of the validation text: mlp 2.500 ± 0.020.'
    """
    if not results:
        raise _checks.refuse("results", "must be at least one", results)
    figure = style.new(style.WIDTH, 0.42 * len(results) + 1.0)
    axes = figure.add_subplot()
    deviations = [result.get("deviation") for result in results]
    for place, (result, deviation) in enumerate(zip(results, deviations, strict=True)):
        bits, fill = result["bits_per_character"], style.TRAIN if result["trained"] else "none"
        axes.barh(place, bits, color=fill, edgecolor=style.TRAIN, linewidth=1.2, height=0.62)
        if deviation:
            axes.errorbar(bits, place, xerr=deviation, color=style.INK, capsize=4, linewidth=1.4)
        edge = bits + (deviation or 0.0)
        axes.annotate(shown(bits, deviation, digits), (edge, place), (5, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(results)), [label(result["name"]) for result in results], parse_math=False)
    axes.invert_yaxis()
    style.name_axes(axes, BELOW, "")
    if any(deviations):
        figure.supxlabel(BARS, fontsize=8)
    axes.grid(axis="y", visible=False)
    longest = max(result["bits_per_character"] + (result.get("deviation") or 0.0) for result in results)
    axes.set_xlim(0, (1.24 if any(deviations) else 1.12) * longest)  # room for the number
    parts = [
        f"{label(result['name'])} {shown(result['bits_per_character'], deviation, digits)}"
        for result, deviation in zip(results, deviations, strict=True)
    ]
    figure.alt_text = f"Bits per character of the validation text: {', '.join(parts)}."
    return figure


def shown(mean: float, deviation: float | None, digits: int = 3) -> str:
    """Return a mean as text, with its deviation if there is one.

    Example:

    >>> shown(2.5, None), shown(2.5, 0.0213)
    ('2.500', '2.500 ± 0.021')
    """
    return f"{mean:.{digits}f}" if deviation is None else f"{mean:.{digits}f} ± {deviation:.{digits}f}"
