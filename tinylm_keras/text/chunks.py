"""Texts in chunks: cut, stripped and joined while they stream by, so that none need be in memory as a whole."""

import itertools
import re
from typing import NamedTuple

# A text is passed on in chunks of about this many characters or more; equal texts have equal first HEAD characters in
# their first chunks, wherever a chunk ends.
CHUNK, HEAD = 1 << 18, 1 << 16


class Chunk(NamedTuple):
    """A part of a text, and whether it is the first and the last part of it."""

    text: str
    first: bool
    last: bool


def chunks_of_texts(blocks, separator):
    """The chunks of the texts into which a separator cuts a text that comes in blocks."""
    cut = _parts_at_lines if is_line(separator) else _parts
    return _chunks(cut(stripped(blocks), separator), strip=True)


def is_line(separator):
    r"""Return whether a separator is a whole line: it also stands in the first and the last line, and has no blanks.

    Example:

    >>> is_line("\n%\n"), is_line("%"), is_line("\n\n")
    (True, False, False)
    """
    inner = separator[1:-1]
    return bool(inner.strip()) and separator[0] == separator[-1] == "\n" and "\n" not in inner


def chunks_of_text(blocks):
    """The chunks of one text that comes in blocks; none when it is blank."""
    return _chunks(itertools.chain(((block, False) for block in blocks), [("", True)]), strip=False)


def joined(chunks):
    """The texts of their chunks, each as one str."""
    parts = []
    for chunk in chunks:
        parts.append(chunk.text)
        if chunk.last:
            yield "".join(parts)
            parts = []


def stripped(blocks):
    r"""Remove the white space at both ends of a text that comes in blocks; no block ends in white space then.

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
    """Parts of texts and whether each ends its text. No block ends in white space, so no blank line is split."""
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
    """As `_parts`, for a separator that is a line. White space around it in its line is no part of a text."""
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
    """Chunks from parts of texts: a part that is too short is held until the next."""
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
        else:  # a long run without white space: looked at again when it has twice the length
            held, wanted = [text], 2 * length


_PLACE = re.compile(r"(?<=\S)[ \t\n\v\f\r]")


def _last_place(text):
    """The last place where white space follows something else; 0 for none."""
    for first in (max(0, len(text) - 4096), 0):
        places = [found.start() for found in _PLACE.finditer(text, first)]
        if places:
            return places[-1]
    return 0
