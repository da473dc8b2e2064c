"""Text folded to the width of a terminal, without the loss of a character. rich is imported when it is needed."""

import re

# Stands before the rest of a line that was folded, where a text has several lines of its own.
CONTINUED, CONTINUED_ASCII = "↪ ", "> "

# Cells of a line in which there is room for a mark.
LEAST_MARKED = 8


def fold(text, width, encoding="utf-8"):
    """Return the lines that a text takes on a terminal.

    In a text of several lines, such as a poem, the rest of a folded line begins with a mark, so that it is told apart
    from a line of the text.

    Args:
        text: str.
        width: int. Cells of a line; Chinese characters take two each.
        encoding: str. What the terminal can show; without Unicode the mark is `>`.

    Returns:
        list of str. Without the marks, the pieces of a line joined are the line (a tab is four blanks or fewer).

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
    """Return a line of words in lines of a terminal, the later ones indented; a word longer than a line stays whole.

    Example:

    >>> wrapped("step 10  loss 2.5  see runs/a-long-name", 13)
    ['step 10  loss', '  2.5  see', '  runs/a-long-name']
    """
    first, *others = pieces(line, width, 2, whole_words=True)
    return [first.rstrip(), *("  " + one.strip() for one in others)]


def pieces(line, width, less=0, whole_words=False):
    """Return a line in pieces, cut after blanks where it has any; joined they are the line.

    Args:
        line: str.
        width: int. Cells of the first piece, at most, and at least 2.
        less: int. By how much the others are shorter.
        whole_words: bool. Whether a word that is longer stays whole.
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
