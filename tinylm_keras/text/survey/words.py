"""How the vocabulary of a text grows: what share of a held-out tenth the rest of the text does not have."""

import dataclasses
import re

# A word with the apostrophes and hyphens inside it, or one mark: close to what `WordPunctTokenizer` takes for a token.
TOKEN = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]")
STRETCHES = 100  # into which the text is cut; every tenth of them is held out
LEAST = 100  # words: of fewer, a tenth says nothing


@dataclasses.dataclass(frozen=True)
class Growth:
    """One way to cut a text into units, and how many of them are new in text that was not seen.

    Attributes:
        units: int.
        distinct: int. Different ones.
        unknown: float or None. Share of the units of a held-out tenth that the other nine tenths do not have. Equal
            lines count once, so that copies do not look like knowledge. None for fewer than 100 units.
    """

    units: int
    distinct: int
    unknown: float | None


def grow(lines, distinct_lines, split):
    """Return the `Growth` of some lines.

    Args:
        lines: list of str.
        distinct_lines: The same, without repeats.
        split: Function that cuts a line into a list of units.

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
