"""Pictures of a run. matplotlib is imported when one is drawn, and its global state is never touched."""

import math
import pathlib

from tinylm_keras import _checks
from tinylm_keras._files import atomic_path

TRAIN, VALIDATION, INK, GRID = "#2a6f97", "#e07a1f", "#333333", "#dddddd"


def loss_plot(history, path):
    """Draw training and validation loss against the steps into a PNG file.

    The best step is marked. A second axis on the right reads the same curves as perplexity, which is exp(loss).

    Args:
        history: list of dicts with "step", "loss" and perhaps "val_loss": the rows of `history.csv`. A "train_loss",
            estimated as the validation loss is, is drawn in place of "loss", the mean over the last updates.
        path: str or `os.PathLike`. Where the PNG goes; written whole or not at all.

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
    figure = draw(history)
    with atomic_path(pathlib.Path(path)) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def draw(history):
    """Return the picture of `loss_plot` as a `matplotlib.figure.Figure` (for notebooks)."""
    from matplotlib.figure import Figure

    steps = [row["step"] for row in history]
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    _curve(axes, steps, [row.get("train_loss", row["loss"]) for row in history], TRAIN, "training")
    judged = [row.get("val_loss") for row in history]
    if None not in judged:
        _curve(axes, steps, judged, VALIDATION, "validation")
    else:
        judged = [row["loss"] for row in history]
    _mark_best(axes, steps, judged)
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel("loss (nats per token)", color=INK)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.02)
    _perplexity_axis(axes)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    axes.tick_params(colors=INK, length=0)
    axes.legend(frameon=False, labelcolor=INK)
    return figure


def _curve(axes, steps, values, color, label):
    axes.plot(steps, values, color=color, linewidth=1.8, marker="o", markersize=3, label=label)


def _mark_best(axes, steps, losses):
    """Ring the lowest point and write its step, loss and perplexity into the legend."""
    finite = [index for index, loss in enumerate(losses) if math.isfinite(loss)]
    if not finite:
        return
    best = min(finite, key=losses.__getitem__)
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
    """A right axis whose ticks are round perplexities at the height of their losses."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = axes.get_ylim()
    right = axes.secondary_yaxis("right")
    right.yaxis.set_major_locator(FixedLocator([math.log(value) for value in round_perplexities(low, high)]))
    right.yaxis.set_minor_locator(NullLocator())
    right.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{math.exp(loss):,.4g}"))
    right.set_ylabel("perplexity", color=INK)
    right.tick_params(colors=INK, length=0)
    for spine in right.spines.values():
        spine.set_color(GRID)


def round_perplexities(low, high):
    """Return round perplexities whose logarithm lies between two losses, at most about seven.

    Example:

    >>> round_perplexities(0.0, 3.0)
    [1, 2, 5, 10, 20]
    """
    low, high = max(low, 0.0), min(high, 60.0)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        powers = range(math.floor(low / math.log(10)), math.ceil(high / math.log(10)) + 1)
        values = [digit * 10**power for power in powers for digit in digits]
        values = [value for value in values if low - 1e-9 <= math.log(value) <= high + 1e-9]
        if len(values) <= 7:
            break
    if len(values) >= 3 or high <= low:
        return values
    step = (high - low) / 4  # a flat curve: a few perplexities with three figures
    return [float(f"{math.exp(low + step * index):.3g}") for index in range(1, 4)]
