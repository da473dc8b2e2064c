"""Shared by the readers of tables: lines, the longest text of a row, and rows without text."""

LONGEST = 1 << 24  # characters; a longer cell is an unclosed quote, or not a table


class BadRow(str):
    """The reason why a row has no text, as words that follow "line 3 of pets.csv"."""


def split_lines(blocks):
    """Iterate over the lines of a text given in blocks, with their line ends."""
    begun = []  # the blocks of an incomplete line
    for block in blocks:
        *whole, rest = block.split("\n")
        if whole:
            whole[0] = "".join([*begun, whole[0]])
            yield from (line + "\n" for line in whole)
            begun = []
        begun.append(rest)
    if any(begun):
        yield "".join(begun)


def listed(names):
    """Return names as words for a message."""
    names = list(names)
    return ", ".join(map(repr, names[:20])) + (", …" if len(names) > 20 else "") if names else "none"
