"""Tables, texts and shaded numbers as HTML: readable in light and dark, and small in a file."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import _terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Backgrounds that let black and white text be read.
POSITIVE, NEGATIVE, NOTHING = "42,111,151", "224,122,31", "128,128,128"
STRONGEST = 0.6  # opacity


class Html:
    """Shown by notebooks as HTML, elsewhere as its plain text."""

    def __init__(self, source: str, plain: str) -> None:
        self.source, self.plain = source, plain

    def _repr_html_(self):
        return self.source

    def __repr__(self):
        return self.plain


def table(headings: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Html:
    """Return a table.

    Args:
        headings: list of anything that `str` takes.
        rows: list of such lists, as long as `headings`.

    Example:

    >>> table(["token", "id"], [["the", 2], ["cat", 7]])
    token  id
    the    2
    cat    7
    """
    return _table([[str(one) for one in line] for line in (headings, *rows)])


def _table(lines, backgrounds=None):
    parts = []
    for number, line in enumerate(lines):
        tag, cells = "td" if number else "th", []
        for place, text in enumerate(line):
            colour = backgrounds and number and place and backgrounds[number - 1][place - 1]
            style = "text-align:left; vertical-align:top" + (f"; background:{colour}" if colour else "")
            cells.append(f'<{tag} style="{style}">{html.escape(_terminal.harmless(text))}</{tag}>')
        parts.append(f"<tr>{''.join(cells)}</tr>")
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return Html(f"<table>{''.join(parts)}</table>", "\n".join(padded))


def shaded(
    values: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    digits: int = 2,
    full: float | None = None,
    corner: str = "",
) -> Html:
    """Return a table of numbers in which larger ones have a stronger background: blue above 0, orange below.

    Args:
        values: array `[n, m]` of numbers. nan is an empty grey cell: a number that is not there, or masked.
        rows: list of str `[n]`.
        columns: list `[m]` of anything that `str` takes.
        digits: int. Digits after the point.
        full: float or None. The absolute value with the strongest background. None: the largest of the table.
        corner: str. The heading of the first column.

    Example:

    >>> shaded([[0.25, 0.75], [float("nan"), -1]], ["a", "b"], ["x", "y"])
       x     y
    a  0.25  0.75
    b        -1.00
    """
    values = np.asarray(values, "float64")
    if full is None:
        full = float(np.nanmax(np.abs(values), initial=0.0, where=np.isfinite(values))) or 1.0
    lines, backgrounds = [[corner, *map(str, columns)]], []
    for name, line in zip(rows, values, strict=True):
        lines.append([str(name), *("" if math.isnan(one) else f"{one:.{digits}f}" for one in line)])
        backgrounds.append([_background(one / full) for one in line])
    return _table(lines, backgrounds)


def _background(strength):
    if math.isnan(strength):
        return f"rgba({NOTHING},0.35)"
    colour = POSITIVE if strength >= 0 else NEGATIVE
    return f"rgba({colour},{min(abs(strength), 1) * STRONGEST:.2f})"


def quote(text: str, longest: int = 600) -> Html:
    """Return a text as a quotation, cut after `longest` characters."""
    shown = _terminal.harmless(text if len(text) <= longest else text[:longest] + " …")
    return Html(f'<blockquote style="white-space:pre-wrap">{html.escape(shown)}</blockquote>', shown)


def coloured(words: Sequence[str], strengths: Iterable[float]) -> Html:
    """Return words in a row; the stronger, the stronger the background.

    Args:
        words: list of str `[n]`.
        strengths: numbers `[n]`; 1 is the strongest background.
    """
    spans = []
    for word, strength in zip(words, strengths, strict=True):
        shown = html.escape(_terminal.printable(word) if word.strip() else "␣")
        spans.append(f'<span style="background:{_background(float(strength))}; padding:0 2px">{shown}</span>')
    return Html(f'<p style="line-height:1.9">{" ".join(spans)}</p>', " ".join(words))
