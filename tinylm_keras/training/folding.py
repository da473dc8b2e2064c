"""Folds text to the width of a terminal and keeps every character. rich is imported only when needed."""

import re

# Mark at the beginning of the rest of a folded line, in a text of several lines.
CONTINUED, CONTINUED_ASCII = "↪ ", "> "

# Narrower lines have no room for a mark.
LEAST_MARKED = 8


def fold(text, width, encoding="utf-8"):
    """Return the lines of a text folded for a terminal.

    In a text of several lines, such as a poem, the rest of a folded line begins with a mark, to distinguish it from a
    line of the text.

    Args:
        text: str.
        width: int. Cells of a line; Chinese characters take two each.
        encoding: str. Encoding of the terminal; without Unicode the mark is `>`.

    Returns:
        list of str. Without the marks, the pieces of a line join to the line (a tab becomes up to four spaces).

    Example:

    >>> fold("a long line of prose", 10)
    ['a long ', 'line of ', 'prose']
    >>> fold("a verse that is long\\na verse", 12)
    ['a verse ', '↪ that is ', '↪ long', 'a verse']
    """
    lines = text.expandtabs(4).split("\n")
    mark = CONTINUED if encoding.lower().startswith("utf") else CONTINUED_ASCII
    if len(lines) == 1 or width < LEAST_MARKED:
        mark = ""
    folded = []
    for line in lines:
        first, *others = pieces(line, width, len(mark))
        folded += [first, *(mark + one for one in others)]
    return folded


def wrapped(line, width):
    """Return a line folded for a terminal, with later lines indented; words longer than a line are not split.

    Example:

    >>> wrapped("step 10  loss 2.5  see runs/a-long-name", 13)
    ['step 10  loss', '  2.5  see', '  runs/a-long-name']
    """
    first, *others = pieces(line, width, 2, whole_words=True)
    return [first.rstrip(), *("  " + one.strip() for one in others)]


def pieces(line, width, less=0, whole_words=False):
    """Split a line into pieces, after spaces if there are any; the pieces join to the line.

    Args:
        line: str.
        width: int. Most cells of the first piece, at least 2.
        less: int. Number of cells by which the other pieces are shorter.
        whole_words: bool. Whether longer words are not split.
    """
    from rich.cells import cell_len, chop_cells

    first, *others = [""]
    for word in re.findall(r"^\s*\S+\s*|\S+\s*" if whole_words else r"\S+\s?|\s+", line):
        last, room = (others[-1], width - less) if others else (first, width)
        if cell_len(last) + cell_len(word.rstrip() if whole_words else word) > room:
            others += [word] if whole_words else chop_cells(word, width - less)
        elif others:
            others[-1] += word
        else:
            first += word
    return [first, *others] if first or not others else others
