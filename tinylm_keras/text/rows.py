"""What the readers of tables share: lines, the longest text of a row, and a row that holds none."""

LONGEST = 1 << 24  # characters; a longer cell is a quote that was never closed, or no table


class BadRow(str):
    """In place of a row's text: why it has none, as words that follow "line 3 of pets.csv"."""


def split_lines(blocks):
    """Iterate over the lines of a text that comes in blocks, each with its line end."""
    begun = []  # the blocks of a line that is not whole yet
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
