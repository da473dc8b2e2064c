"""Tokens in boxes: several splits of a text, padded rows, and the shift from input to target."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tinylm_keras import _checks
from tinylm_keras.plots import style
from tinylm_keras.plots.labels import label, token_label

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tinylm_keras.plots.picture import Picture

# Inches of a row, of a letter, and of what a box has around its text.
ROW, LETTER, AROUND = 0.42, 0.085, 0.2
MOST_COLUMNS = 64


@style.styled
def draw_token_rows(
    rows: Mapping[str, Sequence[str]], ids: Mapping[str, Sequence[int]] | None = None, faint: Collection[str] = ()
) -> Picture:
    """Return a picture of rows of tokens in boxes, each as wide as its text.

    Args:
        rows: dict from a name (of a tokenizer, of a text) to its tokens, list of str.
        ids: dict or None. Ids of the same rows, written below the tokens.
        faint: Tokens that are drawn in grey, such as padding and `[UNK]`.

    Raises:
        ValueError: if there is no row, a row has no token or more than 64, or `ids` do not match.

    Example:

    >>> draw_token_rows({"words": ["the", "cat"], "characters": list("the cat")}).alt_text
    'Tokens: words 2 (the|cat); characters 7 (t|h|e|␣|c|a|t).'
    """
    _check(rows, ids)
    labels = {name: [token_label(token) for token in tokens] for name, tokens in rows.items()}
    below = {name: [""] * len(tokens) if ids is None else list(map(str, ids[name])) for name, tokens in rows.items()}
    widths = {name: _widths(labels[name], below[name]) for name in rows}
    height = ROW if ids is None else 1.5 * ROW
    figure, axes = _table(max(map(sum, widths.values())), len(rows), height, [label(name) for name in rows])
    for place, name in enumerate(rows):
        left = 0.0
        for token, text, number, width in zip(rows[name], labels[name], below[name], widths[name], strict=True):
            _box(axes, left, place, width, text, token in faint, number)
            left += width
    parts = [f"{label(name)} {len(texts)} ({'|'.join(texts)})" for name, texts in labels.items()]
    figure.alt_text = f"Tokens: {'; '.join(parts)}."
    return figure


def _widths(texts, numbers):
    return [LETTER * max(2, len(text), len(number)) + AROUND for text, number in zip(texts, numbers, strict=True)]


def _check(rows, ids):
    if not rows:
        raise _checks.refuse("rows", "must be at least one", rows)
    for name, tokens in rows.items():
        if not 1 <= len(tokens) <= MOST_COLUMNS:
            raise _checks.refuse("rows", f"must have 1 to {MOST_COLUMNS} tokens each, but {name!r} has", len(tokens))
        if ids is not None and len(ids.get(name, ())) != len(tokens):
            raise _checks.refuse("ids", f"must have {len(tokens)} numbers for {name!r}", len(ids.get(name, ())))


@style.styled
def draw_shift(tokens: Sequence[str], pad: str = "") -> Picture:
    """Return a picture of input and target: the target is the input shifted by one, so the next token is the answer.

    Args:
        tokens: list of str `[T + 1]`: the tokens of a text, with the end tokens and the padding that it has.
        pad: str. The token that is padding, drawn in grey; it is no answer.

    Returns:
        A figure with three rows: position, input x (all tokens but the last), target y (all but the first).

    Raises:
        ValueError: if there are fewer than two tokens, or more than 64.

    Example:

    >>> draw_shift(["<end>", "the", "cat", "<end>"]).alt_text
    'Input and target by position: 0 <end> → the; 1 the → cat; 2 cat → <end>.'
    """
    tokens = list(tokens)
    if not 2 <= len(tokens) <= MOST_COLUMNS:
        raise _checks.refuse("tokens", f"must be 2 to {MOST_COLUMNS}", len(tokens))
    texts = [token_label(token) for token in tokens]
    width = LETTER * max(4, *map(len, texts)) + AROUND
    names = ("position", "input x", "target y")
    figure, axes = _table(width * (len(tokens) - 1), 3, ROW * 1.25, names)
    for place in range(len(tokens) - 1):
        left = place * width
        axes.text(left + width / 2, 0, str(place), ha="center", va="center", fontsize=9)
        _box(axes, left, 1, width, texts[place], tokens[place] == pad)
        _box(axes, left, 2, width, texts[place + 1], tokens[place + 1] == pad, colour="#fdebdd")
        if place + 2 < len(tokens):  # the same token again, one place further right
            arrow = {"arrowstyle": "<-", "color": style.COLOURS[1], "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (left + width / 2, 1.66), (left + 1.5 * width, 1.34), arrowprops=arrow)
    parts = [f"{place} {one} → {two}" for place, (one, two) in enumerate(itertools.pairwise(texts))]
    figure.alt_text = f"Input and target by position: {'; '.join(parts)}."
    return figure


def _table(width, count, height, names):
    """Return a figure for rows of boxes, in inches, with the rows' names at the left, and its axes."""
    margin = 0.1 + 0.09 * max(map(len, names))
    figure = style.new(max(3.0, width + margin + 0.2), height * count + 0.25)
    axes = figure.add_subplot()
    style.bare(axes)
    axes.set_xlim(-0.02, max(width, 3.0 - margin - 0.2) + 0.02)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks(range(count), names, parse_math=False)
    return figure, axes


def _box(axes, left, place, width, text, faint, below="", colour="#e3f0f8"):
    from matplotlib.patches import Rectangle

    fill = style.FAINT if faint else colour
    axes.add_patch(Rectangle((left + 0.02, place - 0.34), width - 0.04, 0.68, facecolor=fill, edgecolor=style.GRID))
    ink = style.GREY if faint else style.INK
    settings = {"ha": "center", "va": "center", "color": ink, "parse_math": False}
    axes.text(left + width / 2, place - (0.13 if below else 0), text, fontsize=9, **settings)
    if below:
        axes.text(left + width / 2, place + 0.17, below, fontsize=8, **settings)
