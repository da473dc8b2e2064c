"""Reads the rows of CSV and TSV files: finds the delimiter and the meaning of quotes, and reports unclosed quotes."""

import csv
import itertools
import re
import threading
import warnings

from tinylm_keras import _checks
from tinylm_keras.text.rows import LONGEST, BadRow, listed, split_lines
from tinylm_keras.text.swallowed_rows import RowShapes

ROWS = 256  # read at a time
DELIMITERS = ",;\t|"
SAMPLE = 50  # rows, to find the delimiter
SWALLOWED = 10  # lines inside one cell that look like rows

# A line before the header that names the delimiter, for Excel.
_DELIMITER_LINE = re.compile(rf'"?sep=([{DELIMITERS}])"?\n')

_csv_limit = threading.Lock()


class CsvRows:
    """The rows of a CSV file. A quoted cell may contain delimiters, line breaks, and doubled quotes.

    Args:
        path: str or `os.PathLike`. Names the file in messages.
        read: Function without arguments that iterates over its text, in blocks of any length.
    """

    def __init__(self, path, read):
        self.path, self.read = path, read

    def column(self, name):
        """Iterate over pairs of a line number and the text of a column, or a `BadRow`."""
        rows = self._rows(*self._form(name))
        line, header = next(rows, (1, []))
        if header.count(name) > 1:
            rule = f"must be the name of one column, but {self.path} has {header.count(name)} of that name"
            raise _checks.refuse("column", rule, name, "Rename them.")
        if name in header:
            index = header.index(name)
        elif re.fullmatch("[0-9]{1,6}", name):
            index = self._number(name, header)
            rows = itertools.chain([(line, header)], rows)
        else:
            advice = f"There are: {listed(header)}. In a file without a header, give its number, from 1."
            raise _checks.refuse("column", f"must be a column of {self.path}", name, advice)
        for line, row in rows:
            yield line, _cell(row, index, len(header))

    def sample(self, count):
        """Return the header, and the first rows as dicts."""
        rows = self._rows(*self._form(None))
        _, header = next(rows, (1, []))
        return header, [dict(zip(header, row, strict=False)) for _, row in itertools.islice(rows, count)] or [
            dict(zip(header, header, strict=True))
        ]

    def _number(self, name, header):
        if not 1 <= int(name) <= len(header):
            rule = f"must be a name or a number from 1 to {len(header)}, the columns of {self.path}"
            raise _checks.refuse("column", rule, name, f"The first row is: {listed(header)}.")
        shown = repr(header[int(name) - 1][:40])
        warnings.warn(
            f"{self.path}: no column is named {name!r}, so the file is read without a header: "
            f"column {name} begins with the text {shown}.",
            stacklevel=2,
        )
        return int(name) - 1

    def _form(self, name):
        """Return the delimiter and whether quotes enclose cells."""
        lines = self._first_lines()
        told = _DELIMITER_LINE.fullmatch(lines[0]) if lines else None
        return told[1] if told else max(DELIMITERS, key=lambda delimiter: _fitness(lines, delimiter, name)), True

    def _first_lines(self):
        return list(itertools.islice(split_lines(self.read()), SAMPLE))

    def _rows(self, delimiter, quoted):
        """Iterate over pairs of the number of a row's first line and its cells, without blank lines."""
        lines = _Lines(self.read())
        width = shapes = None
        try:
            for line, raw, row in _parsed(lines, delimiter, csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE):
                if line == 1 and _DELIMITER_LINE.fullmatch(raw[0]):
                    continue
                width = width or len(row)
                if quoted and width > 1 and len(raw) > 1 and len(row) == width:
                    shapes = shapes or RowShapes(self._first_lines(), delimiter, width)
                    self._check_swallowed(line, raw, delimiter, width, shapes)
                if row:
                    yield line, row
        except csv.Error as error:
            raise self._broken(str(error), *lines.take(), delimiter) from None

    def _broken(self, reason, line, raw, delimiter):
        text = "".join(raw)
        opened = line + text.count("\n", 0, _open_quote(text, delimiter))
        if "unexpected end" in reason:
            rule = f"must close every quote, but one that opens in line {opened:,} is still open at the end of the file"
        elif "limit" in reason:
            rule = (
                f"must have cells of at most {LONGEST:,} characters, but one that begins in line {opened:,} is longer"
            )
        elif "expected after" in reason:
            rule = (
                f"must double the quotes inside a quoted cell, but in line {line + len(raw) - 1:,} a quote is "
                f"not doubled in the cell whose quote opens in line {opened:,}"
            )
        else:
            rule = f"must be a table that can be read, but line {line:,} is not ({reason})"
        return _checks.refuse("source", rule, str(self.path), "Correct that line.")

    def _check_swallowed(self, line, raw, delimiter, width, shapes):
        """Refuse a cell whose lines are rows: its first quote was a mistake, and the next one closed it."""
        inner = raw[1:-1]
        alike = sum(text.count(delimiter) == width - 1 for text in inner)
        many = len(raw) > SWALLOWED and alike >= 0.9 * len(inner)
        swallowed = many or shapes.swallowed(raw)
        if swallowed:
            number = len(inner) if many else len(raw) - 1
            lines = "1 line that looks like a row" if number == 1 else f"{number:,} lines that look like rows"
            rule = f"must close every quote, but one that opens in line {line:,} encloses {lines}"
            raise _checks.refuse("source", rule, str(self.path), "Correct that line.")
        if swallowed is None:
            message = f"{self.path}: the cell whose quote opens in line {line:,} holds lines that look like rows."
            warnings.warn(f"{message} If they are, correct that line.", stacklevel=2)


class TsvRows(CsvRows):
    """The rows of a TSV file. Quotes are ordinary characters, unless they clearly enclose cells.

    They enclose cells if every cell that begins with a quote also ends with one, and one of these holds: a cell has
    doubled quotes inside; the whole header is quoted; or the rows have the same number of cells only if quoted cells
    may contain tabs and line breaks. Spreadsheets write such files.
    """

    def _form(self, name):
        found = _quotes_of_tsv(self.read)
        if found is not None:
            how = "enclose cells, as spreadsheets write them" if found else "are ordinary characters"
            warnings.warn(f"{self.path}: quotes {how}.", stacklevel=2)
        return "\t", bool(found)


class _Lines:
    """An iterator of lines that remembers those of the current row."""

    def __init__(self, blocks):
        self._lines, self._line, self._taken = split_lines(blocks), 1, []

    def __iter__(self):
        return self

    def __next__(self):
        line = next(self._lines)
        self._taken.append(line)
        return line

    def take(self):
        """Return the number of the first line of the row and its lines, and begin another row."""
        line, taken = self._line, self._taken
        self._line, self._taken = line + len(taken), []
        return line, taken


def _cell(row, index, width):
    if len(row) <= index:
        return BadRow(f"has only {len(row)} cell{'s' * (len(row) > 1)}")
    if any(cell.strip() for cell in row[width:]):
        return BadRow(f"has {len(row)} cells, and the first row {width}")
    return row[index]


def _fitness(lines, delimiter, name):
    """Return how well a delimiter fits: whether the column exists, the share of equally wide rows, and their width."""
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        rows = [row for row in reader if row]
    except csv.Error:  # a long cell, of which the sample has only a part
        rows = [line.split(delimiter) for line in lines[:1]]
    width = len(rows[0]) if rows else 0
    alike = sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0
    return (name is not None and name in rows[0] if rows else False), alike, width


def _open_quote(text, delimiter):
    """Return the place of the quote that opens an incorrectly closed cell; 0 for none."""
    place = 0
    while (opens := text.find('"', place)) >= 0:
        place = opens + 1
        if opens and text[opens - 1] not in (delimiter, "\n"):  # inside a cell that is not quoted
            continue
        while (place := text.find('"', place)) >= 0 and text.startswith('""', place):
            place += 2
        if place < 0 or text[place + 1 : place + 2] not in (delimiter, "\n", ""):
            return opens
        place += 1
    return 0


def _parsed(lines, delimiter, quoting):
    """Iterate over the number of a row's first line, its lines, and its cells; raises `csv.Error`."""
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
    some = True
    while some:
        # The csv module refuses cells above 128 KiB unless a limit that belongs to the whole process is raised.
        with _csv_limit:
            limit = csv.field_size_limit(LONGEST)
            try:
                some = [(row, *lines.take()) for row in itertools.islice(reader, ROWS)]
            finally:
                csv.field_size_limit(limit)
        yield from ((line, raw, row) for row, line, raw in some)


# Possessive quantifiers, because backtracking in a long cell would need much memory.
_ENCLOSED = re.compile(r'(?:^|(?<=\t))"([^"]*+(?:""[^"]*+)*+)"(?=\t|\n|$)')


def _quotes_of_tsv(read):
    """Return whether quotes enclose the cells of a TSV file; None if no cell begins with one."""
    width, even, begins = None, True, False
    for line in split_lines(read()):
        if line.strip():
            count = line.count("\t")
            width = count if width is None else width
            even, begins = even and count == width, begins or line.startswith('"') or '\t"' in line
    if not begins:
        return None
    proof = across = False
    widths = set()
    try:
        for number, raw, row in _parsed(_Lines(read()), "\t", csv.QUOTE_MINIMAL):
            cells = _ENCLOSED.findall("".join(raw)) if any('"' in line for line in raw) else []
            proof = proof or (number == 1 and len(cells) == len(row))
            proof = proof or any('""' in cell and "\n" not in cell for cell in cells)
            across = across or any("\n" in cell or "\t" in cell for cell in cells)
            widths.add(len(row))
    except csv.Error:  # a quote that encloses nothing
        return False
    # If rows are still uneven, a quote at the beginning of a cell and one at the end of another prove nothing.
    return proof or (not even and across and len(widths - {0}) == 1)
