"""Texts from one column of a CSV, TSV or JSONL file."""

import csv
import itertools
import json
import pathlib
import threading

from tinylm_keras import _checks

ENDINGS = (".csv", ".tsv", ".jsonl")
ROWS = 256  # read at a time

_csv_limit = threading.Lock()


def entries(path, chunks, column):
    """Iterate over the entries of a column, in order; some may be blank.

    Args:
        path: str or `os.PathLike`. The file's name: its ending says how to read it, and errors name it.
        chunks: Iterable of str. The file's content, with LF line ends; only a few rows of it are held at a time.
        column: str. Name of the column, or the key of each line's JSON object.

    Yields:
        str.

    Raises:
        ValueError: if the ending is unknown, the column does not exist (the message lists those that do), or a line
            cannot be read (the message names it).

    Example:

    >>> list(entries("pets.csv", ["name,story\\nRex,He", " ran.\\n"], "story"))
    ['He ran.']
    """
    _checks.text("column", column)
    ending = pathlib.Path(path).suffix.lower()
    if ending not in ENDINGS:
        rule = f"needs a file that ends in {', '.join(ENDINGS)}, which {path} does not"
        raise _checks.refuse("column", rule, column, "Leave it out to read plain text.")
    lines = _lines(chunks)
    yield from _json_lines(path, lines, column) if ending == ".jsonl" else _cells(path, lines, column, ending)


def _lines(chunks):
    """The lines of a text that comes in chunks, each with its line end."""
    begun = []  # the chunks of a line that is not whole yet
    for chunk in chunks:
        *whole, rest = chunk.split("\n")
        if whole:
            whole[0] = "".join([*begun, whole[0]])
            yield from (line + "\n" for line in whole)
            begun = []
        begun.append(rest)
    if any(begun):
        yield "".join(begun)


def _cells(path, lines, column, ending):
    blank, first = 0, next(lines, "")
    while first == "\n":
        blank, first = blank + 1, next(lines, "")
    delimiter = "\t" if ending == ".tsv" else ";" if ";" in first and "," not in first else ","
    reader = csv.reader(itertools.chain(itertools.repeat("\n", blank), [first], lines), delimiter=delimiter)
    rows = itertools.chain.from_iterable(iter(lambda: _some_rows(path, reader), []))
    header = next((row for _, row in rows if row), [])
    if column not in header:
        raise _missing(path, column, header)
    index = header.index(column)
    for number, row in rows:
        if row and len(row) <= index:
            rule = f"must be in every row, but line {number:,} of {path} has only {len(row)} cells"
            raise _checks.refuse("column", rule, column)
        yield from row[index : index + 1]


def _some_rows(path, reader):
    """The next rows, each with the number of its last line."""
    # The csv module refuses cells above 128 KiB unless a limit that belongs to the whole process is raised.
    with _csv_limit:
        limit = csv.field_size_limit(2**31 - 1)
        try:
            return [(reader.line_num, row) for row in itertools.islice(reader, ROWS)]
        except csv.Error as error:
            raise _checks.refuse("source", f"must be a table that can be read ({error})", str(path)) from None
        finally:
            csv.field_size_limit(limit)


def _json_lines(path, lines, column):
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            raise _checks.refuse(
                "source", f"must be JSON on every line, but line {number:,} is not", str(path)
            ) from None
        if not isinstance(entry, dict):
            raise _checks.refuse("source", f"must hold a JSON object on every line, not so line {number:,}", str(path))
        if column not in entry:
            raise _missing(f"line {number:,} of {path}", column, entry)
        if not isinstance(entry[column], str):
            raise _checks.refuse("column", f"must hold strings, not so line {number:,} of {path}", column)
        yield entry[column]


def _missing(place, column, existing):
    listed = ", ".join(map(repr, list(existing)[:20])) or "none"
    return _checks.refuse("column", f"must be a column of {place}", column, f"There are: {listed}.")
