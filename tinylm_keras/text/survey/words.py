"""Measures how the vocabulary of a text grows: the share of a held-out tenth that is new."""

import dataclasses
import re

# A word with apostrophes and hyphens, or one punctuation mark: similar to the tokens of `WordPunctTokenizer`.
TOKEN = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]")
STRETCHES = 100  # number of stretches; every tenth is held out
LEAST = 100  # least number of units


@dataclasses.dataclass(frozen=True)
class Growth:
    """The units of a text, such as words, and the share of new ones in held-out text.

    Attributes:
        units: int. Number of units.
        distinct: int. Number of different units.
        unknown: float or None. Share of the units of a held-out tenth that are not in the other nine tenths. Equal
            lines count once. None for fewer than 100 units.
    """

    units: int
    distinct: int
    unknown: float | None


def grow(lines, distinct_lines, split):
    """Return the `Growth` of some lines.

    Args:
        lines: list of str.
        distinct_lines: The same, without repeats.
        split: Function that splits a line into a list of units.

    Example:

    >>> grow(["a b", "a b", "c"], ["a b", "c"], str.split)
    Growth(units=5, distinct=3, unknown=None)
    """
    units = [unit for line in distinct_lines for unit in split(line)]
    number = len(units) if len(lines) == len(distinct_lines) else sum(len(split(line)) for line in lines)
    return Growth(number, len(set(units)), _unknown(units))


def _unknown(units):
    if len(units) < LEAST:
        return None
    known, held_out = set(), []
    for place in range(STRETCHES):
        part = units[place * len(units) // STRETCHES : (place + 1) * len(units) // STRETCHES]
        if place % 10 == 5:
            held_out += part
        else:
            known.update(part)
    return sum(unit not in known for unit in held_out) / len(held_out)
