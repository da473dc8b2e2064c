"""Finds the plot that a sequence of sentences tells, and its deviations from the plot.

A `Telling` assigns the sentences of a story to the steps of one outline. `whole_tellings` finds those that fit without
a gap; `best_tellings` finds, for a story that fits no outline, those that need the fewest repairs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tinylm_keras.stories.patterns import Reading
from tinylm_keras.stories.plots import OUTLINES, Outline

_AT_MOST = 8
"""Most tellings that are compared for one story; consistent stories have one or two."""


@dataclass(frozen=True)
class Telling:
    """Sentences assigned to the steps of an outline.

    `readings` holds (sentence number, reading) in order, `extra` the numbers of understood sentences that have no
    place, `missing` (number of the following sentence, part) for each required part that is missing.
    """

    outline: Outline
    readings: tuple[tuple[int, Reading], ...]
    extra: tuple[int, ...] = ()
    missing: tuple[tuple[int, str], ...] = ()


def _walk(outline: Outline, readings: list[list[Reading]], number: int, step: int) -> Iterator[tuple[Reading, ...]]:
    """All ways in which sentences from `number` on fill the steps from `step` on, leaving nothing over."""
    if step == len(outline.steps):
        if number == len(readings):
            yield ()
        return
    if number < len(readings):
        for reading in readings[number]:
            if reading.form.part in outline.steps[step].parts:
                for rest in _walk(outline, readings, number + 1, step + 1):
                    yield (reading, *rest)
    if outline.steps[step].optional:
        yield from _walk(outline, readings, number, step + 1)


def whole_tellings(readings: list[list[Reading]]) -> list[Telling]:
    """Every telling that uses all sentences and misses no part that must be told."""
    tellings = []
    for outline in OUTLINES:
        parts = outline.parts
        if all(any(reading.form.part in parts for reading in choices) for choices in readings):
            for path in _walk(outline, readings, 0, 0):
                tellings.append(Telling(outline, tuple(enumerate(path, start=1))))
                if len(tellings) == _AT_MOST:
                    return tellings
    return tellings


def _costs(outline: Outline, readings: list[list[Reading]]) -> list[list[int]]:
    """costs[i][j]: repairs needed by the sentences from i on along the steps from j on."""
    steps = outline.steps
    costs = [[0] * (len(steps) + 1) for _ in range(len(readings) + 1)]
    for i in range(len(readings), -1, -1):
        for j in range(len(steps), -1, -1):
            ways = [0] if i == len(readings) and j == len(steps) else []
            if j < len(steps):
                ways.append(costs[i][j + 1] + (not steps[j].optional))
            if i < len(readings):
                ways.append(costs[i + 1][j] + 1)
            if i < len(readings) and j < len(steps) and _suits(readings[i], steps[j].parts) is not None:
                ways.append(costs[i + 1][j + 1] + (not readings[i]))
            costs[i][j] = min(ways)
    return costs


def _suits(choices: list[Reading], parts: tuple[str, ...]) -> list[Reading] | None:
    """The readings that can play one of `parts`. A sentence nobody understands can stand anywhere, for no reading."""
    fitting = [reading for reading in choices if reading.form.part in parts]
    return fitting if fitting or not choices else None


def _repair(outline: Outline, readings: list[list[Reading]], costs: list[list[int]]) -> Telling:
    """Return the telling along the cheapest path through `costs`."""
    steps, i, j = outline.steps, 0, 0
    laid, extra, missing = [], [], []
    while i < len(readings) or j < len(steps):
        here = costs[i][j]
        fitting = _suits(readings[i], steps[j].parts) if i < len(readings) and j < len(steps) else None
        if fitting is not None and here == costs[i + 1][j + 1] + (not readings[i]):
            laid += [(i + 1, fitting[0])] if fitting else []
            i, j = i + 1, j + 1
        elif j < len(steps) and here == costs[i][j + 1] + (not steps[j].optional):
            if not steps[j].optional:
                missing.append((i + 1, steps[j].parts[0]))
            j += 1
        else:
            extra += [i + 1] if readings[i] else []
            i += 1
    return Telling(outline, tuple(laid), tuple(extra), tuple(missing))


def best_tellings(readings: list[list[Reading]]) -> list[Telling]:
    """The tellings of a story that fits no outline with the fewest sentences out of place or missing."""
    tables = [(outline, _costs(outline, readings)) for outline in OUTLINES]
    least = min(costs[0][0] for _, costs in tables)
    cheapest = [(outline, costs) for outline, costs in tables if costs[0][0] == least]
    return [_repair(outline, readings, costs) for outline, costs in cheapest[:_AT_MOST]]
