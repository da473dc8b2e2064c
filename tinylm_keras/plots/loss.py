"""The loss of one run: training and validation by step, with the best step."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks
from tinylm_keras.plots import columns, files, style
from tinylm_keras.plots.ticks import round_perplexities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinylm_keras._types import Path

    History = Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]]
    from tinylm_keras.plots.picture import Picture

WHY_ABOVE = (
    "Training may lie above validation: it averages the steps since the last point, with dropout if the model has any."
)


def loss_plot(history: History, path: Path) -> None:
    """Plot training and validation loss against steps, as a PNG file.

    The best step is marked. A second axis on the right shows perplexity, which is exp(loss).

    Args:
        history: list of dicts with "step", "loss" and perhaps "val_loss": the rows of `history.csv`; or a dict of such
            columns: the `model.history.history` that `train` or `fit` leaves (that of `fit` by epochs). If there is a
            "train_loss", which is estimated like the validation loss, it is plotted instead of "loss", the mean over
            the last updates. With a "val_mixture_loss", the validation loss of the network mixed with counts, the best
            step is that of the mixture.
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
    files.save(draw(history), path)


def draw(history: History) -> Picture:
    """Return the plot of `loss_plot` as a figure, for notebooks.

    Args:
        history: As in `loss_plot`.

    Raises:
        ValueError: if `history` is empty.
    """
    return _draw(history)


def draw_overfitting(history: History) -> Picture:
    """As `draw`, with the steps after the best one shaded: there the model learns its training text by heart.

    Args:
        history: As in `loss_plot`, with "val_loss".

    Returns:
        A figure. Its sentence says whether the run overfits: whether the validation loss has risen since its lowest
        point while the training loss has fallen.

    Raises:
        ValueError: if `history` is empty, or has no validation loss.

    Example:

    >>> rows = [{"step": 10, "loss": 2.0, "val_loss": 2.1}, {"step": 20, "loss": 1.0, "val_loss": 1.5}]
    >>> figure = draw_overfitting([*rows, {"step": 30, "loss": 0.4, "val_loss": 1.9}])
    >>> figure.alt_text.rpartition(": ")[2]
    'the validation loss has risen by 0.400 since, the training loss has fallen by 0.600.'
    """
    rows = columns.rows(history)
    columns.steps(rows)
    if columns.lowest(columns.column(rows, "val_loss")) is None:
        raise _checks.refuse("history", "must have a `val_loss`", history)
    return _draw(history, after=True)


# Colour, mark and label of each curve.
CURVES = {
    "training": (style.TRAIN, "o", "training"),
    "validation": (style.VALIDATION, "s", "validation"),
    "mixture": (style.MIXED, "^", "validation, mixed with counts"),
}


@style.styled
def _draw(history, after=False):
    unit, history = columns.unit(history), columns.rows(history)
    steps = columns.steps(history)
    figure = style.new()
    axes = figure.add_subplot()
    curves = _curves(history, of_network=after)
    for name, values in curves.items():
        colour, mark, label = CURVES[name]
        axes.plot(steps, values, color=colour, marker=mark, label=label)
    if "validation" in curves and not columns.has(history, "train_loss"):
        figure.supxlabel(WHY_ABOVE, fontsize=8)
    judging = list(curves.values())[-1]
    best = columns.lowest(judging)
    if best is not None:
        _mark_best(axes, unit, steps[best], judging[best])
    style.name_axes(axes, unit, "loss (nats per token)", steps)
    style.room_above_and_below(axes, list(itertools.chain(*curves.values())))
    figure.alt_text = _sentence(unit, steps, curves, best)
    if after:
        figure.alt_text += _overfitting(axes, steps, curves["training"], curves["validation"], best)
    _add_perplexities(axes)
    # Above the axes, where it cannot cover a curve.
    figure.legend(loc="outside upper center", ncols=2 if after or "mixture" in curves else 3)
    return figure


def _curves(history, of_network):
    """Return the losses to plot, as lists by their names in `CURVES`; the last one decides which step is best."""
    found = {"training": columns.column(history, "train_loss" if columns.has(history, "train_loss") else "loss")}
    if columns.has(history, "val_loss"):
        found["validation"] = columns.column(history, "val_loss")
    if columns.judged_by(history) == columns.MIXTURE and not of_network:
        found["mixture"] = columns.column(history, columns.MIXTURE)
    return found


def _mark_best(axes, unit, step, loss):
    """Mark the lowest point and show its step, loss and perplexity in the legend."""
    label = f"best: {unit} {step:,}, loss {loss:.3f}, perplexity {math.exp(min(loss, 700)):.3g}"
    hollow = {"markersize": 10, "markerfacecolor": "none", "markeredgecolor": style.INK, "linestyle": "none"}
    axes.plot(step, loss, marker="o", label=label, zorder=5, **hollow)


def _overfitting(axes, steps, trained, evaluated, best):
    """Shade the steps after the best one; return the end of the sentence."""
    last = next(place for place in reversed(range(len(steps))) if not math.isnan(evaluated[place]))
    if last == best:
        return " Its last point is its best: it does not overfit."
    axes.axvspan(steps[best], steps[last], color=style.FAINT, zorder=0, label="after the best step")
    risen, fallen = evaluated[last] - evaluated[best], trained[best] - trained[last]
    if math.isnan(fallen):
        return ""
    change = "fallen" if fallen >= 0 else "risen"
    what = "It overfits" if fallen > 0 else "It gets worse"
    return (
        f" {what}: the validation loss has risen by {risen:.3f} since, the training loss has {change} by "
        f"{abs(fallen):.3f}."
    )


def _sentence(unit, steps, curves, best):
    what = "Training loss" if len(curves) == 1 else "Training and validation loss"
    parts = []
    for name, values in curves.items():
        found = columns.ends(values)
        course = "is never finite" if found is None else f"begins at {found[0]:.3f} and ends at {found[1]:.3f}"
        parts.append(f"{'it' if len(curves) == 1 else CURVES[name][2]} {course}")
    sentence = f"{what} by {unit}: {'; '.join(parts)}."
    if best is not None:
        judging, values = list(curves.items())[-1]
        kind = f"{judging} loss" if judging != "mixture" else "validation loss mixed with counts"
        sentence += f" Lowest {kind}: {values[best]:.3f} at {unit} {steps[best]:,} of {steps[-1]:,}."
    return sentence


def _add_perplexities(axes):
    """Add a right axis with round perplexities at the height of their losses."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = axes.get_ylim()
    right = axes.secondary_yaxis("right")
    right.yaxis.set_major_locator(FixedLocator([math.log(value) for value in round_perplexities(low, high)]))
    right.yaxis.set_minor_locator(NullLocator())
    right.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: _shown(math.exp(loss))))
    right.set_ylabel("perplexity")


def _shown(perplexity):
    return f"{perplexity:,.8g}" if perplexity < 1e6 else f"{perplexity:.3g}".replace("e+0", "e").replace("e+", "e")
