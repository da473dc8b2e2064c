"""Reads texts from one column of a table: CSV, TSV, JSON lines, or a JSON array of objects."""

import numbers
import pathlib
import re
import warnings

from tinylm_keras import _checks
from tinylm_keras.text.csv_rows import CsvRows, TsvRows
from tinylm_keras.text.json_rows import JsonLines, JsonValues
from tinylm_keras.text.rows import BadRow, listed, split_lines

# The reader of a file, by its ending.
KINDS = {".csv": CsvRows, ".tsv": TsvRows, ".jsonl": JsonLines, ".ndjson": JsonLines, ".json": JsonValues}

BAD_ROWS = ("error", "skip")
LOOKED_AT = 100  # rows, to find the column that looks like text


def checked_column(column):
    """Return the name or number of a column as a str, or None; raise for other values."""
    if column is None:
        return None
    if isinstance(column, numbers.Integral) and not isinstance(column, bool):
        return str(_checks.whole_number("column", column, 1, 999_999))
    return _checks.text("column", column)


def kind_of(path, read=None):
    """Return the class that reads a file as a table, or None if its name does not have the ending of a table.

    Args:
        path: str or `os.PathLike`.
        read: Function or None. For a pipe, whose name has no ending: iterates over the text, whose beginning decides.
    """
    kind = KINDS.get(pathlib.Path(path).suffix.lower())
    if kind is not None or read is None:
        return kind
    first = next((line for line in split_lines(read()) if line.strip()), "")
    if first.lstrip().startswith(("{", "[")):
        return JsonValues
    return TsvRows if "\t" in first else CsvRows


def entries(path, read, column, bad_rows="error", *, kind=None, lines_before=lambda: 0):
    r"""Iterate over the entries of a column, in order; some may be blank.

    Args:
        path: str or `os.PathLike`. The file's name; its ending decides how it is read.
        read: Function without arguments that iterates over the file's content, with LF line ends, in blocks of any
            length. It is called again for each pass; only a few rows are held at a time.
        column: str. Name of the column, or key of each JSON object. A number such as "2" that is not a name means the
            second column of a CSV or TSV file without a header, whose first row is then a text too.
        bad_rows: "error" refuses a row without text in the column; "skip" skips such rows and warns with their number.
        kind: One of the classes in `KINDS`, or None to choose by the ending of the name.
        lines_before: Function that returns the number of lines of the file before what is read.

    Yields:
        str.

    Raises:
        ValueError: if the ending is unknown, the column does not exist (the message lists all columns), or a line
            cannot be read (the message names it).

    Example:

    >>> list(entries("pets.csv", lambda: ["name,story\nRex,He", " ran.\n"], "story"))
    ['He ran.']
    """
    kind = kind or kind_of(path)
    if kind is None:
        rule = f"needs a file that ends in {', '.join(KINDS)}, which {path} does not"
        raise _checks.refuse("column", rule, column, "Leave it out to read plain text.")
    found, bad, first = 0, 0, None
    for line, text in kind(path, read).column(column):
        if not isinstance(text, BadRow):
            found += 1
            yield text
            continue
        if bad_rows == "error":
            advice = ["Correct it, or skip such rows: pass ", _checks.Argument("bad_rows", "skip"), "."]
            rule = f"must hold text in every row, but line {line + lines_before():,} of {path} {text}"
            raise _checks.refuse("column", rule, column, advice)
        bad, first = bad + 1, first or f"line {line:,} {text}"
    if bad and not found:
        raise _checks.refuse("column", f"must hold text, but no row of {path} has any ({first})", column)
    if bad:
        message = (
            f"{path}: {bad:,} of {bad + found:,} rows are skipped, because they hold no text in the column {column!r}"
        )
        warnings.warn(f"{message}; the first: {first}.", stacklevel=2)


# Letters that no digit, and no sign of an address, a date or a code, joins to others.
_WORD = re.compile(r"(?<![\w/.:@#&=%+-])[^\W\d_]+(?![\w/@=&]|[.:-]\w)")


def columns(path, read):
    r"""Return the columns of a table, and the one that looks like text: a name, or a number without a header.

    Args:
        path, read: As for `entries`.

    Returns:
        The pair of a list of str and a str or None.

    Example:

    >>> columns("pets.csv", lambda: ["name,story\nRex,He ran.\n"])
    (['name', 'story'], 'story')
    """
    names, rows = kind_of(path)(path, read).sample(LOOKED_AT)
    best = max(names, key=lambda name: _likeness(name, rows), default=None)
    if best is None or not _likeness(best, rows):
        return names, None
    # If the name is itself a text, the file has no header.
    return names, str(names.index(best) + 1) if len(best.split()) > 3 else best


def without_column(path, read):
    """Return the error for a table without a given column, with its columns and the one that looks like text."""
    names, best = columns(path, read)
    if not names and not any(map(str.strip, read())):
        return _checks.refuse("source", "must hold text, but there is only white space or nothing", str(path))
    if not names:
        rule = f"must be given for a table, but {path} has no columns"
        return _checks.refuse("column", rule, None, "Give it a name that ends in .txt to read it as plain text.")
    if best is None:
        advice = "None of them clearly looks like text."
    elif best not in names:
        pass_it = ["pass ", _checks.Argument("column", best), "."]
        advice = [f"It seems to have no header, and column {best} looks like text: ", *pass_it]
    else:
        advice = [f"{best!r} looks like text: pass ", _checks.Argument("column", best), "."]
    rule = f"must be given for a table such as {path}, with the columns {listed(names)}"
    return _checks.refuse("column", rule, None, advice)


def _likeness(name, rows):
    """How much the entries of a column look like text: by the letters in their words, and whether they have several.

    Numbers, dates, addresses and codes have no words, so that a column of short names is more like text.
    """
    if not rows:
        return 0
    found = [_WORD.findall(row[name]) for row in rows if isinstance(row.get(name), str)]
    several = sum(len(words) > 1 for words in found)
    return sum(len(word) for words in found for word in words) / len(rows) * (0.1 + several / len(rows))
