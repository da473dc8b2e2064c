"""Finds rows of a CSV file inside a quoted cell, after a quote that was opened by mistake."""

import collections
import itertools
import re

LEAST_ROWS = 3  # least number of rows with a common shape
REGULAR = 0.9  # share of rows with the same shape that makes a column regular
RETURNING = 3  # least rows per different word: a column of words is regular only if it has few, such as labels
EVIDENCE = 4  # least cells of the right shape inside a quoted cell; fewer may be chance

_LETTERS, _DIGITS = re.compile(r"[^\W\d_]+"), re.compile(r"\d+")


class RowShapes:
    """The shapes of the rows of a table, line by line, ignoring quotes.

    Args:
        lines: list of str. The first lines of the file.
        delimiter: str.
        width: int. Number of columns.

    Example:

    >>> shapes = RowShapes(["id,text", "1,one", "2,two", "3,three words"], ",", 2)
    >>> shapes.swallowed(['4,"four', "5,five", '6,six"']), shapes.swallowed(['4,"to be,', 'or not"'])
    (True, False)
    """

    def __init__(self, lines, delimiter, width):
        self._delimiter, self._width = delimiter, width
        rows = [cells for line in lines[1:] if len(cells := self._cells(line)) == width]
        self._regular = {}
        for place in range(width):
            shapes = collections.Counter(_shape(row[place]) for row in rows)
            shape, count = max(shapes.items(), key=lambda item: item[1], default=("", 0))
            if count < max(LEAST_ROWS, REGULAR * len(rows)) or not shape or re.search(r"\s", shape):
                continue
            words = {row[place] for row in rows}
            if "9" in shape or RETURNING * len(words) <= len(rows):
                self._regular[place] = {shape} if "9" in shape else words

    def swallowed(self, raw):
        """Return whether all lines of a row except the first look like rows; None if uncertain.

        Args:
            raw: list of str. The lines of the row.
        """
        inner = [self._cells(line) for line in raw[1:]]
        if not inner or not self._regular or not all(map(self._fits, inner)):
            return False
        first = self._cells(raw[0])
        counts_on = any(_counts_on([first, *inner], place) for place in self._regular)
        return True if counts_on or len(inner) * len(self._regular) >= EVIDENCE else None

    def _cells(self, line):
        return line.rstrip("\n").split(self._delimiter)

    def _fits(self, cells):
        if len(cells) != self._width:
            return False
        return all(cells[place] in found or _shape(cells[place]) in found for place, found in self._regular.items())


def _shape(cell):
    """Return a cell with words replaced by a and numbers by 9, including a space at the beginning."""
    return _DIGITS.sub("9", _LETTERS.sub("a", cell.strip('"')))


def _counts_on(rows, place):
    """Whether the numbers of a column increase by one from row to row."""
    numbers = [row[place].strip().strip('"') if place < len(row) else "" for row in rows]
    if not all(re.fullmatch("[0-9]{1,15}", number) for number in numbers):
        return False
    return all(int(two) - int(one) == 1 for one, two in itertools.pairwise(numbers))
