"""Pictures of a run, and of several. matplotlib is imported when one is drawn; its global state is never touched."""

import math
import pathlib

from tinylm_keras import _checks, _terminal
from tinylm_keras._files import atomic_path

TRAIN, VALIDATION, INK, GRID = "#2a6f97", "#e07a1f", "#333333", "#dddddd"

# Okabe and Ito's colours, which eyes that see few colours tell apart, in their order of contrast on white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
DASHES = ("-", "--", ":", "-.")

# What several runs can be compared by.
UNITS = {
    "loss": "training loss (nats per token)",
    "val_loss": "validation loss (nats per token)",
    "val_bits_per_character": "validation loss (bits per character)",
}


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
    save(draw(history), path)


def save(figure, path):
    """Write a figure to a PNG file, whole or not at all."""
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
    _dress(axes, "step", "loss (nats per token)")
    _perplexity_axis(axes)
    axes.legend(frameon=False, labelcolor=INK)
    return figure


def draw_runs(runs, value="val_loss"):
    """Return a picture of several runs, one curve each, as a `matplotlib.figure.Figure`.

    The legend has the runs from the worst to the best, as their curves end from top to bottom.

    Args:
        runs: dict from the name of a run to its history, as in `loss_plot`.
        value: str. What to compare by: "val_loss", "val_bits_per_character" (where the runs have different tokenizers)
            or "loss".

    Raises:
        ValueError: if there is no run, one has no rows, or one lacks the value.

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
        if any(row.get(value) is None for row in history):
            raise _checks.refuse("value", f"must be in every row of the runs, but is not in {name}", value)
    figure = Figure(figsize=(9.0, 4.4), layout="constrained")
    axes = figure.add_subplot()
    best, labels = {}, {}
    for index, (name, history) in enumerate(runs.items()):
        steps, values = [row["step"] for row in history], [row[value] for row in history]
        colour, dash = COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]
        lowest = min(range(len(values)), key=lambda i, values=values: (math.isnan(values[i]), values[i]))
        [line] = axes.plot(steps, values, dash, color=colour, linewidth=1.8, marker="o", markersize=3)
        best[line] = values[lowest]
        labels[line] = f"{_terminal.printable(name)}: {values[lowest]:.3f} at step {steps[lowest]:,}"
    _dress(axes, "step", UNITS[value])
    # Beside the curves: inside, it would lie over one of them sooner or later.
    lines = sorted(best, key=best.get, reverse=True)
    numbers = [str(number) for number, _ in enumerate(lines)]  # a label that begins with _ would be left out
    where = {"loc": "outside right upper", "frameon": False, "labelcolor": INK}
    legend = figure.legend(lines, numbers, title="lowest of each run", **where)
    for text, line in zip(legend.get_texts(), lines, strict=True):
        text.set_parse_math(False)  # the name of a run is no formula
        text.set_text(labels[line])
    return figure


def draw_ladder(rungs):
    """Return a picture of what models need for a character, one bar each, as a `matplotlib.figure.Figure`.

    Args:
        rungs: list of dict with "name", "bits_per_character" and "trained" (a bool: counted models are drawn hollow).

    Raises:
        ValueError: if there are none.
    """
    from matplotlib.figure import Figure

    if not rungs:
        raise _checks.refuse("rungs", "must be at least one", rungs)
    figure = Figure(figsize=(7.2, 0.5 * len(rungs) + 1.3), layout="constrained")
    axes = figure.add_subplot()
    for place, rung in enumerate(rungs):
        bits, fill = rung["bits_per_character"], TRAIN if rung["trained"] else "white"
        axes.barh(place, bits, color=fill, edgecolor=TRAIN, linewidth=1.2, height=0.62)
        axes.annotate(f"{bits:.3f}", (bits, place), (5, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(rungs)), [rung["name"] for rung in rungs], parse_math=False)
    axes.invert_yaxis()
    _dress(axes, "bits per character of the validation text; hollow: counted, not trained", "")
    axes.grid(axis="y", visible=False)
    axes.set_xlim(0, 1.12 * max(rung["bits_per_character"] for rung in rungs))  # room for the longest bar's number
    return figure


def _dress(axes, below, beside):
    """Name the axes and make frame and grid as quiet as they should be."""
    axes.set_xlabel(below, color=INK)
    axes.set_ylabel(beside, color=INK)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.02)
    if below == "step":
        axes.xaxis.get_major_locator().set_params(integer=True)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    axes.tick_params(colors=INK, length=0)


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
