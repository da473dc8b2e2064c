"""CSV files that are safe to open in a spreadsheet: no cell becomes a formula."""

import csv

from tinylm_keras import _files, _terminal

# Characters with which a formula begins in a spreadsheet.
_BEGINNINGS = ("=", "+", "-", "@")


def write(path, rows):
    """Write rows to a CSV file atomically, with the keys of the first row as header.

    Line breaks in texts are escaped, and a text that would be a formula gets an apostrophe in front, as in a
    spreadsheet. Numbers do not change.

    Args:
        path: `pathlib.Path`.
        rows: list of dict, at least one.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "table.csv"
    >>> write(path, [{"name": "=1+1", "loss": -0.5}])
    >>> print(path.read_text(), end="")
    name,loss
    '=1+1,-0.5
    """
    names = list(rows[0])
    with _files.atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(map(_cell, names))
        writer.writerows([_cell(row.get(name)) for name in names] for row in rows)


def _cell(value):
    if not isinstance(value, str):
        return value
    text = _terminal.printable(value)  # a carriage return would begin a new row
    return f"'{text}" if text.startswith(_BEGINNINGS) else text
