"""The learning rate of a run by its step."""

from __future__ import annotations

import collections.abc
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.labels import label

if TYPE_CHECKING:
    from tinylm_keras.plots.picture import Picture

POINTS = 400


@style.styled
def draw_schedule(schedules: Any, steps: int | None = None) -> Picture:
    """Return a plot of learning rates by step, one curve for each schedule.

    Args:
        schedules: A Keras learning-rate schedule such as `schedules.Decay`, any function of the step, or a number (a
            constant rate); or a dict of them by name.
        steps: int. Updates of the run. None: the `steps` of the schedules.

    Raises:
        ValueError: if there is no schedule, or `steps` is not given and no schedule knows it.

    Example:

    >>> from tinylm_keras.schedules import Decay
    >>> draw_schedule(Decay(0.01, steps=100, warmup_steps=10, shape="cosine")).alt_text
    'Learning rate by step of 100: it begins at 0.001, is highest at step 10 with 0.01, and ends at 3.05e-06.'
    """
    named = schedules if isinstance(schedules, collections.abc.Mapping) else {"": schedules}
    if not named:
        raise _checks.refuse("schedules", "must be at least one", schedules)
    if steps is None:
        steps = max((getattr(one, "steps", 0) for one in named.values()), default=0)
        advice = "Pass the number of updates." if not steps else ""
    else:
        advice = ""
    steps = _checks.whole_number("steps", steps or None, 1, advice=advice)
    every = np.unique(np.linspace(0, steps - 1, min(steps, POINTS)).round().astype(int))
    figure = style.new(style.WIDTH, 3.0)
    axes = figure.add_subplot()
    sentences = []
    for index, (name, schedule) in enumerate(named.items()):
        rates = np.array([_rate(schedule, int(step)) for step in every])
        best = int(rates.argmax())
        axes.plot(every, rates, label=label(name), **style.look(index))
        sentences.append(
            f"{label(name) or 'it'} begins at {rates[0]:.3g}, is highest at step {every[best]:,} with "
            f"{rates[best]:.3g}, and ends at {rates[-1]:.3g}"
        )
    style.name_axes(axes, "step", "learning rate", [steps])
    axes.set_ylim(bottom=0)
    if len(named) > 1:
        _legend(figure, named)
    figure.alt_text = f"Learning rate by step of {steps:,}: {'; '.join(sentences)}."
    return figure


def _rate(schedule, step):
    return float(schedule(step) if callable(schedule) else schedule)


def _legend(figure, named):
    legend = figure.legend(loc="outside upper center", ncols=min(3, len(named)))
    for text in legend.get_texts():
        text.set_parse_math(False)
