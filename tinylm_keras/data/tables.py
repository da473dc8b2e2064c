"""Texts from one column of a CSV, TSV or JSONL file."""

import csv
import io
import json
import pathlib
import threading

from tinylm_keras import _checks

ENDINGS = (".csv", ".tsv", ".jsonl")

_csv_limit = threading.Lock()


def read(path, text, column):
    """Return the entries of a column, in order.

    Args:
        path: str or `os.PathLike`. The file's name: its ending says how to read it, and errors name it.
        text: str. The file's content, with LF line ends.
        column: str. Name of the column, or the key of each line's JSON object.

    Returns:
        A list of str; some may be blank.

    Raises:
        ValueError: if the ending is unknown, the column does not exist (the message lists those that do), or a line
            cannot be read (the message names it).

    Example:

    >>> read("pets.csv", "name,story\\nRex,He ran.\\n", "story")
    ['He ran.']
    """
    _checks.text("column", column)
    ending = pathlib.Path(path).suffix.lower()
    if ending not in ENDINGS:
        rule = f"needs a file that ends in {', '.join(ENDINGS)}, which {path} does not"
        raise _checks.refuse("column", rule, column, "Leave it out to read plain text.")
    return _json_lines(path, text, column) if ending == ".jsonl" else _rows(path, text, column, ending)


def _rows(path, text, column, ending):
    first = text.lstrip("\n").partition("\n")[0]
    delimiter = "\t" if ending == ".tsv" else ";" if ";" in first and "," not in first else ","
    # The csv module refuses cells above 128 KiB unless a limit that belongs to the whole process is raised.
    with _csv_limit:
        limit = csv.field_size_limit(2**31 - 1)
        try:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            header = next((row for row in rows if row), [])
            if column not in header:
                raise _missing(path, column, header)
            index = header.index(column)
            texts = []
            for row in rows:
                if row and len(row) <= index:
                    rule = f"must be in every row, but line {rows.line_num:,} of {path} has only {len(row)} cells"
                    raise _checks.refuse("column", rule, column)
                texts.extend(row[index : index + 1])
            return texts
        except csv.Error as error:
            raise _checks.refuse("source", f"must be a table that can be read ({error})", str(path)) from None
        finally:
            csv.field_size_limit(limit)


def _json_lines(path, text, column):
    texts = []
    for number, line in enumerate(text.split("\n"), 1):
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
        texts.append(entry[column])
    return texts


def _missing(place, column, existing):
    listed = ", ".join(map(repr, list(existing)[:20])) or "none"
    return _checks.refuse("column", f"must be a column of {place}", column, f"There are: {listed}.")
