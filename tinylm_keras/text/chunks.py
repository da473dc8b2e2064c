"""Splits, strips and joins texts in chunks, so that no text has to be in memory as a whole."""

import itertools
import re
from typing import NamedTuple

# A text is passed on in chunks of about this many characters or more; equal texts have equal first HEAD characters in
# their first chunks, wherever a chunk ends.
CHUNK, HEAD = 1 << 18, 1 << 16


class Chunk(NamedTuple):
    """A part of a text, and whether it is the first and the last one."""

    text: str
    first: bool
    last: bool


def chunks_of_texts(blocks, separator):
    """Return the chunks of the texts into which a separator splits a text, given in blocks."""
    cut = _parts_at_lines if is_line(separator) else _parts
    return _chunks(cut(stripped(blocks), separator), strip=True)


def is_line(separator):
    r"""Return whether a separator is a whole line, such as a line with a mark; it may be the first and the last line.

    Example:

    >>> is_line("\n%\n"), is_line("%"), is_line("\n\n")
    (True, False, False)
    """
    inner = separator[1:-1]
    return bool(inner.strip()) and separator[0] == separator[-1] == "\n" and "\n" not in inner


def chunks_of_text(blocks):
    """Return the chunks of one text, given in blocks; none for a blank text."""
    return _chunks(itertools.chain(((block, False) for block in blocks), [("", True)]), strip=False)


def joined(chunks):
    """Iterate over the texts, joined from their chunks."""
    parts = []
    for chunk in chunks:
        parts.append(chunk.text)
        if chunk.last:
            yield "".join(parts)
            parts = []


def stripped(blocks):
    r"""Strip a text that is given in blocks; no resulting block ends in white space.

    Example:

    >>> list(stripped([" a", " \n", "b ", "\n"]))
    ['a', ' \nb']
    """
    begun, held = False, []
    for block in blocks:
        block = block if begun else block.lstrip()
        body = block.rstrip()
        if body:
            yield "".join([*held, body])
            begun, held = True, []
        if begun:
            held.append(block[len(body) :])


# The group of blank lines is possessive: without it, a million spaces in a row would be tried in every way.
BLANK_LINES = re.compile(r"\n(?:[^\S\n]*+\n)++")


def _parts(blocks, separator):
    """Iterate over parts of texts, and whether each ends its text. Blocks must not end in white space."""
    if separator == "\n\n":
        for block in blocks:
            *ends, rest = BLANK_LINES.split(block)
            yield from ((part, True) for part in ends)
            yield rest, False
    else:
        rest, kept = "", len(separator) - 1  # the beginning of a separator may stand at the end of a block
        for block in blocks:
            *ends, rest = (rest + block).split(separator)
            yield from ((part, True) for part in ends)
            sure = max(len(rest) - kept, 0)
            yield rest[:sure], False
            rest = rest[sure:]
        yield rest, True
    yield "", True


def _parts_at_lines(blocks, separator):
    """As `_parts`, for a separator that is a line. White space in its line is ignored."""
    mark = separator.strip()
    line = re.compile(rf"\n[^\S\n]*+{re.escape(mark)}[^\S\n]*+(?=\n)")
    rest = ""
    for block in itertools.chain(["\n"], blocks, ["\n"]):  # white space at the ends of a text is removed later
        *ends, rest = line.split(rest + block)
        yield from ((part, True) for part in ends)
        sure = rest.rfind("\n")  # the last line may be the beginning of a separator
        if sure < 0 or not mark.startswith(rest[sure:].strip()):
            sure = len(rest)
        yield rest[:sure], False
        rest = rest[sure:]
    yield rest, True
    yield "", True


def _chunks(parts, strip):
    """Return chunks from parts of texts; short parts are joined."""
    held, length, wanted, first = [], 0, CHUNK, True
    for part, ends in parts:
        if strip and not length and first:
            part = part.lstrip()
        held.append(part)
        length += len(part)
        if not ends and length < wanted:
            continue
        text = "".join(held)
        if ends:
            text = text.rstrip() if strip else text
            if not first or (text and not text.isspace()):
                yield Chunk(text, first, True)
            held, length, wanted, first = [], 0, CHUNK, True
            continue
        place = _last_place(text)
        if place > (HEAD if first else 0):
            yield Chunk(text[:place], first, False)
            held, length, wanted, first = [text[place:]], len(text) - place, CHUNK, False
        else:  # a long run without white space: searched again at twice the length
            held, wanted = [text], 2 * length


_PLACE = re.compile(r"(?<=\S)[ \t\n\v\f\r]")


def _last_place(text):
    """Return the last place where white space follows a character; 0 for none."""
    for first in (max(0, len(text) - 4096), 0):
        places = [found.start() for found in _PLACE.finditer(text, first)]
        if places:
            return places[-1]
    return 0
