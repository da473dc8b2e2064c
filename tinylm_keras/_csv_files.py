"""CSV files that a spreadsheet reads as what they are: numbers and texts, and no formulas."""

import csv

from tinylm_keras import _files, _terminal

# What a spreadsheet takes for the beginning of a formula.
_BEGINNINGS = ("=", "+", "-", "@")


def write(path, rows):
    """Write rows to a CSV file, whole or not at all, with the keys of the first row as its header.

    A text is one line, and one that would be a formula gets an apostrophe in front, as one types it into a spreadsheet;
    numbers stay.

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
    text = _terminal.printable(value)  # a lone carriage return would begin a new row
    return f"'{text}" if text.startswith(_BEGINNINGS) else text
