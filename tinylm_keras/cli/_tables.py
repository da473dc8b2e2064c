"""Tables, and texts side by side: folded on a terminal, unfolded in a pipe or a file, always complete."""

import io
import sys

from tinylm_keras import _terminal
from tinylm_keras.cli import _console
from tinylm_keras.training.folding import fold

# Least width of texts side by side, in cells.
LEAST_WIDTH = 20

# Width of a table that is never folded.
UNFOLDED = 1_000_000


def terminal():
    """Return the `rich.console.Console` of standard output, or None if it is not a terminal."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else None


def fits(columns):
    """Return whether a table with so many columns fits on the terminal."""
    console = terminal()
    return console is None or console.width >= LEAST_WIDTH * columns


def show(*drawn):
    """Print rich objects: normally on a terminal, otherwise without folded lines and trailing spaces."""
    from rich.console import Console

    console = terminal()
    if console is not None:
        for one in drawn:
            console.print(one)
        return
    unfolded = Console(file=io.StringIO(), width=UNFOLDED, color_system=None, highlight=False)
    for one in drawn:
        unfolded.print(one)
    lines = unfolded.file.getvalue().removesuffix("\n").split("\n")
    _console.answer("\n".join(line.rstrip(" ") for line in lines))


def table(*headings, right=()):
    """Return an empty table whose cells are folded, never truncated.

    Args:
        *headings: str.
        right: Indices of the right-aligned columns.
    """
    from rich.table import Column, Table

    columns = [
        Column(heading, overflow="fold", justify="right" if place in right else "left")
        for place, heading in enumerate(headings)
    ]
    return Table(*columns, box=None, pad_edge=False)


def pairs(rows, style=""):
    """Return names and texts as two columns.

    Args:
        rows: Iterable of pairs of str.
        style: str. The rich style of the names.
    """
    from rich.table import Column, Table
    from rich.text import Text

    grid = Table.grid(Column(overflow="fold"), Column(overflow="fold"), padding=(0, 2))
    for name, value in rows:
        grid.add_row(Text(_terminal.printable(name), style=style), Text(_terminal.printable(value)))
    return grid


def show_facts(rows):
    """Print pairs of a name and a text as two columns."""
    show(pairs(rows))


def show_texts(headings, rows):
    """Print texts side by side if the terminal is wide enough, otherwise one below the other.

    Args:
        headings: list of str. One for each text of a row.
        rows: list of pairs: the name of the row (empty for a single row), and a list of texts.
    """
    console = terminal()
    if console is None:
        blocks = [f"{_of(heading, name)}\n{text}" for heading, name, text in _blocks(headings, rows)]
        _console.answer_raw("\n\n".join(blocks))
        return
    width = (console.width - 1) // len(headings) - 3  # a frame and two spaces
    if width >= LEAST_WIDTH:
        console.print(_frame(headings, rows, width, console.encoding))
        return
    from rich.text import Text

    for number, (heading, name, text) in enumerate(_blocks(headings, rows)):
        console.print(Text(("\n" if number else "") + _of(heading, name), style="bold"))
        for line in fold(text, console.width, console.encoding):
            console.print(Text(line), soft_wrap=True)


def _frame(headings, rows, width, encoding):
    from rich.table import Column, Table
    from rich.text import Text

    columns = [Column(heading, width=width, overflow="fold") for heading in headings]
    framed = Table(*columns, show_lines=True)
    for _, texts in rows:
        framed.add_row(*(Text("\n".join(fold(text, width, encoding)), overflow="fold") for text in texts))
    return framed


def _blocks(headings, rows):
    for name, texts in rows:
        for heading, text in zip(headings, texts, strict=True):
            yield heading, name, text


def _of(heading, name):
    return f"{heading}, {name}" if name else heading


def typed(value):
    r"""Return a value of a setting as typed on the command line.

    Example:

    >>> typed(None), typed(True), typed("\n")
    ('none', 'true', '"\\n"')
    """
    if isinstance(value, str) and (not value or value != value.strip() or not value.isprintable()):
        return '"' + value.encode("unicode_escape").decode("ascii") + '"'
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
