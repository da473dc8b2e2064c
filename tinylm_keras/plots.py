"""Plots of one or several runs. matplotlib is imported when needed; its global state never changes."""

from __future__ import annotations

import math
import pathlib
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks, _labels, _renamed
from tinylm_keras._files import atomic_path
from tinylm_keras._ticks import round_perplexities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from tinylm_keras._types import Path

TRAIN, VALIDATION, INK, GRID = "#2a6f97", "#e07a1f", "#333333", "#dddddd"

WHY_ABOVE = (
    "Training may lie above validation: it averages the steps since the last point, with dropout if the model has any."
)

# The least height of a loss axis, as a share of its largest loss.
LEAST_SPAN = 0.05

# Inches of a line of the legend of several runs.
LEGEND_LINE = 0.22

# Okabe and Ito's colours for colour-blind readers, ordered by contrast on white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
DASHES = ("-", "--", ":", "-.")

# Columns by which several runs can be compared.
UNITS = {
    "loss": "training loss (nats per token)",
    "val_loss": "validation loss (nats per token)",
    "val_bits_per_character": "validation loss (bits per character)",
}


def loss_plot(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Plot training and validation loss against steps, as a PNG file.

    The best step is marked. A second axis on the right shows perplexity, which is exp(loss).

    Args:
        history: list of dicts with "step", "loss" and perhaps "val_loss": the rows of `history.csv`. If there is a
            "train_loss", which is estimated like the validation loss, it is plotted instead of "loss", the mean over
            the last updates.
        path: str or `os.PathLike`. The PNG file, written atomically.

    Raises:
        ValueError: if `history` is empty.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "loss.png"
    >>> loss_plot([{"step": 10, "loss": 3.0}, {"step": 20, "loss": 2.0}], path)
    >>> path.read_bytes()[1:4]
    b'PNG'
    """
    if not history:
        raise _checks.refuse("history", "must hold at least one row", history)
    save(draw(history), path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a PNG file, atomically."""
    with atomic_path(pathlib.Path(path)) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def draw(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Return the plot of `loss_plot` as a `matplotlib.figure.Figure` (for notebooks)."""
    from matplotlib.figure import Figure

    steps = _steps(history)
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.add_subplot()
    estimated = _has(history, "train_loss")
    trained, evaluated = _column(history, "train_loss" if estimated else "loss"), _column(history, "val_loss")
    _curve(axes, steps, trained, TRAIN, "training")
    if _has(history, "val_loss"):
        _curve(axes, steps, evaluated, VALIDATION, "validation")
        if not estimated:
            figure.supxlabel(WHY_ABOVE, fontsize="small", color=INK)
    _mark_best(axes, steps, evaluated if _has(history, "val_loss") else trained)
    _dress(axes, "step", "loss (nats per token)", steps)
    _room_above_and_below(axes, trained + evaluated)
    _perplexity_axis(axes)
    # Above the axes, where it cannot cover a curve.
    figure.legend(loc="outside upper center", ncols=3, frameon=False, labelcolor=INK, fontsize="small")
    return figure


def _steps(history):
    """Return the steps of a history, or raise if it cannot be plotted."""
    for name in ("step", "loss"):
        if not all(name in row for row in history):
            raise _checks.refuse("history", f"must have `{name}` in every row", history)
    return [row["step"] for row in history]


def _has(history, name):
    return any(row.get(name) is not None for row in history)


def _column(history, name):
    """Return the values of a column as floats; missing and infinite values become nan, which is not plotted."""
    values = [row.get(name) for row in history]
    return [float(value) if value is not None and math.isfinite(value) else math.nan for value in values]


def draw_runs(runs: Any, value: str = "val_loss") -> Figure:
    """Return a plot of several runs, one curve each, as a `matplotlib.figure.Figure`.

    The legend lists the runs from the worst to the best, in the order of their curves from top to bottom.

    Args:
        runs: dict from the name of a run to its history, as in `loss_plot`.
        value: str. The column to plot: "val_loss", "val_bits_per_character" (for runs with different tokenizers) or
            "loss".

    Raises:
        ValueError: if there is no run, or a run has no rows or lacks the column.

    Example:

    >>> figure = draw_runs({"a": [{"step": 1, "loss": 2.0}], "b": [{"step": 1, "loss": 3.0}]}, "loss")
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['b: 3.000 at step 1', 'a: 2.000 at step 1']
    """
    from matplotlib.figure import Figure

    _checks.one_of("value", value, tuple(UNITS))
    if not runs or not all(runs.values()):
        raise _checks.refuse("runs", "must be at least one, each with a row", runs)
    for name, history in runs.items():
        if not _has(history, value):
            raise _checks.refuse("value", f"must be in the rows of all runs, but is not in {name}", value)
    figure = Figure(figsize=(9.0, max(4.4, 0.8 + LEGEND_LINE * len(runs))), layout="constrained")
    axes = figure.add_subplot()
    best, labels, all_steps, all_values = {}, {}, [], []
    for index, (name, history) in enumerate(runs.items()):
        steps, values = _steps(history), _column(history, value)
        all_steps += steps
        all_values += values
        colour, dash = COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]
        lowest = _lowest(values)
        found = "never finite" if lowest is None else f"{values[lowest]:.3f} at step {steps[lowest]:,}"
        [line] = axes.plot(steps, values, dash, color=colour, linewidth=1.8, marker="o", markersize=3)
        best[line] = math.inf if lowest is None else values[lowest]
        labels[line] = f"{_labels.label(name)}: {found}"
    _dress(axes, "step", UNITS[value], all_steps)
    _room_above_and_below(axes, all_values)
    # Beside the axes, where it cannot cover a curve.
    lines = sorted(best, key=best.get, reverse=True)
    numbers = [str(number) for number, _ in enumerate(lines)]  # matplotlib omits labels that begin with _
    where = {"loc": "outside right upper", "frameon": False, "labelcolor": INK}
    legend = figure.legend(lines, numbers, title="lowest of each run", **where)
    for text, line in zip(legend.get_texts(), lines, strict=True):
        text.set_parse_math(False)  # a name of a run may contain $
        text.set_text(labels[line])
    return figure


def draw_comparison(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Return a plot of the bits per character of models, one bar each, as a `matplotlib.figure.Figure`.

    Args:
        results: list of dict with "name", "bits_per_character" and "trained" (bool; bars of counted models are hollow).

    Raises:
        ValueError: if there are none.
    """
    from matplotlib.figure import Figure

    if not results:
        raise _checks.refuse("results", "must be at least one", results)
    figure = Figure(figsize=(7.2, 0.5 * len(results) + 1.3), layout="constrained")
    axes = figure.add_subplot()
    for place, result in enumerate(results):
        bits, fill = result["bits_per_character"], TRAIN if result["trained"] else "white"
        axes.barh(place, bits, color=fill, edgecolor=TRAIN, linewidth=1.2, height=0.62)
        axes.annotate(f"{bits:.3f}", (bits, place), (5, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(results)), [_labels.label(result["name"]) for result in results], parse_math=False)
    axes.invert_yaxis()
    _dress(axes, "bits per character of the validation text; hollow: counted, not trained", "")
    axes.grid(axis="y", visible=False)
    longest = max(result["bits_per_character"] for result in results)
    axes.set_xlim(0, 1.12 * longest)  # room for the number
    return figure


def _dress(axes, below, beside, steps=None):
    """Label the axes and style frame and grid; with steps, the x axis starts at 0."""
    axes.set_xlabel(below, color=INK)
    axes.set_ylabel(beside, color=INK)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.02)
    if steps is not None:
        last = max(1, *steps)
        axes.set_xlim(-0.02 * last, 1.02 * last)
        # matplotlib's default has room only for short numbers.
        axes.xaxis.get_major_locator().set_params(integer=True, nbins="auto" if last < 100_000 else 4)
        axes.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")
    for spine in axes.spines.values():
        spine.set_color(GRID)
    axes.tick_params(colors=INK, length=0)


def _room_above_and_below(axes, values):
    """Let the axis span at least a twentieth of the largest value, so that a flat curve looks flat."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    missing = max(0.0, LEAST_SPAN * (abs(high) or 1.0) - (high - low)) / 2
    margin = missing + 0.05 * (high - low + 2 * missing)
    axes.set_ylim(low - margin, high + margin)


def _lowest(values):
    """Return the index of the lowest value that is not nan, or None."""
    return min(
        (place for place, value in enumerate(values) if not math.isnan(value)), key=values.__getitem__, default=None
    )


def _curve(axes, steps, values, color, label):
    axes.plot(steps, values, color=color, linewidth=1.8, marker="o", markersize=3, label=label)


def _mark_best(axes, steps, losses):
    """Mark the lowest point and show its step, loss and perplexity in the legend."""
    best = _lowest(losses)
    if best is None:
        return
    label = f"best: step {steps[best]:,}, loss {losses[best]:.3f}, perplexity {math.exp(min(losses[best], 700)):.3g}"
    axes.plot(
        steps[best],
        losses[best],
        "o",
        markersize=10,
        markerfacecolor="none",
        markeredgecolor=INK,
        label=label,
        zorder=5,
    )


def _perplexity_axis(axes):
    """Add a right axis with round perplexities at the height of their losses."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = axes.get_ylim()
    right = axes.secondary_yaxis("right")
    right.yaxis.set_major_locator(FixedLocator([math.log(value) for value in round_perplexities(low, high)]))
    right.yaxis.set_minor_locator(NullLocator())
    right.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: _shown(math.exp(loss))))
    right.set_ylabel("perplexity", color=INK)
    right.tick_params(colors=INK, length=0)
    for spine in right.spines.values():
        spine.set_color(GRID)


def _shown(perplexity):
    return f"{perplexity:,.8g}" if perplexity < 1e6 else f"{perplexity:.3g}".replace("e+0", "e").replace("e+", "e")


def _missing(name):
    raise _renamed.attribute(__name__, name)


if not TYPE_CHECKING:  # or an editor would accept every name
    __getattr__ = _missing
