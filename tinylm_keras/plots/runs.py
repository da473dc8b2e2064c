"""Several runs in one picture, a curve each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks
from tinylm_keras.plots import columns, style
from tinylm_keras.plots.labels import label

if TYPE_CHECKING:
    from tinylm_keras.plots.picture import Picture

# Columns by which several runs can be compared.
UNITS = {
    "loss": "training loss (nats per token)",
    "val_loss": "validation loss (nats per token)",
    "val_bits_per_character": "validation loss (bits per character)",
}

# Inches of a line of the legend.
LEGEND_LINE = 0.22


@style.styled
def draw_runs(runs: Any, value: str = "val_loss") -> Picture:
    """Return a plot of several runs, one curve each.

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
    _checks.one_of("value", value, tuple(UNITS))
    if not runs or not all(runs.values()):
        raise _checks.refuse("runs", "must be at least one, each with a row", runs)
    runs = {name: columns.rows(history) for name, history in runs.items()}
    for name, history in runs.items():
        if not columns.has(history, value):
            raise _checks.refuse("value", f"must be in the rows of all runs, but is not in {name}", value)
    figure = style.new(9.0, max(style.HEIGHT, 0.8 + LEGEND_LINE * len(runs)))
    axes = figure.add_subplot()
    best, labels, all_steps, all_values = {}, {}, [], []
    for index, (name, history) in enumerate(runs.items()):
        steps, values = columns.steps(history), columns.column(history, value)
        all_steps += steps
        all_values += values
        lowest = columns.lowest(values)
        found = "never finite" if lowest is None else f"{values[lowest]:.3f} at step {steps[lowest]:,}"
        [line] = axes.plot(steps, values, marker="o", **style.look(index))
        best[line] = math.inf if lowest is None else values[lowest]
        labels[line] = f"{label(name)}: {found}"
    style.name_axes(axes, "step", UNITS[value], all_steps)
    style.room_above_and_below(axes, all_values)
    # Beside the axes, where it cannot cover a curve.
    lines = sorted(best, key=best.get, reverse=True)
    numbers = [str(number) for number, _ in enumerate(lines)]  # matplotlib omits labels that begin with _
    legend = figure.legend(lines, numbers, title="lowest of each run", loc="outside right upper")
    for text, line in zip(legend.get_texts(), lines, strict=True):
        text.set_parse_math(False)  # a name of a run may contain $
        text.set_text(labels[line])
    found = "; ".join(labels[line] for line in lines)
    figure.alt_text = f"{UNITS[value].capitalize()} by step. Lowest of each run, worst first: {found}."
    return figure
