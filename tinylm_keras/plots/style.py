"""One style for all pictures: colours, fonts, sizes, grid. matplotlib is imported when a picture is drawn.

Pictures have a white background of their own and dark labels, so that they can be read on light and on dark pages.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from tinylm_keras.plots.picture import Picture

    P, T = ParamSpec("P"), TypeVar("T")

PAPER, INK, GREY, GRID, FAINT = "#ffffff", "#333333", "#6b6b6b", "#dddddd", "#f0f0f0"

# Okabe and Ito's colours for colour-blind readers, ordered by contrast on white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
DASHES = ("-", "--", ":", "-.")
TRAIN, VALIDATION, MIXED = COLOURS[:3]

MARKS = "os^Dvp*"

# Maps of colours whose order is also visible in grey, and to readers who see no red.
SHARES, SIGNED = "Blues", "PuOr"

# Inches of a picture, unless it needs more room.
WIDTH, HEIGHT = 7.0, 4.2

# The least height of a loss axis, as a share of its largest value.
LEAST_SPAN = 0.05

SETTINGS = {
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.labelcolor": INK,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "figure.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.title_fontsize": 9,
    "legend.frameon": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.xmargin": 0.02,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.8,
    "lines.markersize": 3,
    "hatch.linewidth": 0.6,
    "figure.dpi": 100,
}


def applied() -> AbstractContextManager[None]:
    """A context in which matplotlib draws in this style, whatever the reader's own settings are; they return after."""
    import matplotlib.style

    return matplotlib.style.context(SETTINGS, after_reset=True)


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Let a function draw in this style."""

    @functools.wraps(draw)
    def drawn(*arguments, **keywords):
        with applied():
            return draw(*arguments, **keywords)

    return drawn


def new(width: float = WIDTH, height: float = HEIGHT) -> Picture:
    """Return an empty picture of some inches."""
    from tinylm_keras.plots.picture import Picture

    return Picture(figsize=(width, height), layout="constrained")


def look(index: int, marked: bool = False) -> dict[str, Any]:
    """Return colour and dashes of a curve, and the form of its points; those of the first 28 curves differ."""
    points = {"marker": MARKS[index % len(MARKS)], "markersize": 5} if marked else {}
    return points | {"color": COLOURS[index % len(COLOURS)], "linestyle": DASHES[index // len(COLOURS) % len(DASHES)]}


def name_axes(axes: Any, below: str, beside: str, steps: Sequence[int] | None = None) -> None:
    """Label the axes; with steps, the x axis starts at 0."""
    axes.set_xlabel(below)
    axes.set_ylabel(beside)
    if steps is not None:
        last = max(1, *steps)
        axes.set_xlim(-0.02 * last, 1.02 * last)
        # matplotlib's default has room only for short numbers.
        axes.xaxis.get_major_locator().set_params(integer=True, nbins="auto" if last < 100_000 else 4)
        axes.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")


def room_above_and_below(axes: Any, values: Sequence[float]) -> None:
    """Let the y axis span at least a twentieth of the largest value, so that a flat curve looks flat."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    missing = max(0.0, LEAST_SPAN * (abs(high) or 1.0) - (high - low)) / 2
    margin = missing + 0.05 * (high - low + 2 * missing)
    axes.set_ylim(low - margin, high + margin)


def bare(axes: Any) -> None:
    """Leave out frame, ticks and grid, for tables and maps."""
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
