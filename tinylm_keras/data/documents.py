"""The texts of a source one after the other, long ones in pieces, so that a source may be larger than the memory."""

import collections.abc
import itertools
import os
import re
from typing import NamedTuple

from tinylm_keras import _checks
from tinylm_keras.data import files, tables

DEFAULT_STORIES = 60_000

# A text is passed on in pieces of about this many characters or more; equal texts have equal first HEAD characters in
# their first pieces, wherever a piece ends.
PIECE, HEAD = 1 << 18, 1 << 16


class Piece(NamedTuple):
    """A part of a text, and whether it is the first and the last part of it."""

    text: str
    first: bool
    last: bool


class Documents:
    """The texts of one source. Iterating gives their pieces, each time from the beginning.

    A text is cut only right before white space that follows other characters, where every tokenizer begins a new token,
    so the ids of the pieces are the ids of the text. A run without white space is never cut; it is held in memory.

    Args:
        source, separator, encoding, column: As for `read`.

    Attributes:
        names: list of str. What the records call the source.
        whole: bool. Whether each text is a file that was kept as it is.
        size: int or None. How many bytes one pass reads; None where that is not known before.
        done: int. How many of them this pass has read (of a source without files: how many characters).

    Raises:
        ValueError: if the source does not exist; when iterated, also if it cannot be read or holds nothing.
        TypeError: if `source` is none of those that `read` takes.

    Example:

    >>> [piece.text for piece in Documents(["one", "two"])]
    ['one', 'two']
    """

    def __init__(self, source, *, separator="auto", encoding="utf-8", column=None):
        if separator is not None and not _checks.text("separator", separator):
            raise _checks.refuse("separator", "must not be the empty string", separator, "None keeps each file whole.")
        _checks.text("encoding", encoding)
        self.whole, self.size, self.done = separator is None, None, 0
        self._separator, self._encoding = separator, encoding
        self._separators = {}  # of the files, once looked for
        if not isinstance(source, (str, os.PathLike)):
            self.names, self._received = ["texts given in Python"], source
            texts = _iterable(source)
            self._all_pieces = lambda: self._entries(texts, cut=False)
            return
        name = self._received = os.fspath(source)
        self.names = [name]
        if re.fullmatch(r"stories(:.*)?", name):
            texts = _stories(name)
            self._all_pieces = lambda: self._entries(texts, cut=False)
        elif name.startswith("tfds:"):
            from tinylm_keras.data import tfds_source  # TensorFlow Datasets takes seconds to import

            texts = tfds_source.open_texts(name)
            self._all_pieces = lambda: self._entries(texts())
        else:
            paths = files.find(name, column)
            self.size = sum(path.stat().st_size for path in paths)
            of_file = self._file if column is None else lambda path: self._table(path, column)
            self._all_pieces = lambda: (piece for path in paths for piece in of_file(path))

    def __iter__(self):
        self.done, found = 0, False
        for piece in self._all_pieces():
            found = True
            yield piece
        if not found:
            rule = "must hold text, but there is only white space or nothing"
            raise _checks.refuse("source", rule, self._received)

    def texts(self):
        """Iterate over the texts, each as one str."""
        return joined(self)

    def _file(self, path):
        chunks = files.decoded(path, self._encoding, self._seen)
        if self._separator is None:
            return pieces(chunks)
        return cut_chunks(chunks, self._separator if self._separator != "auto" else self._separator_of(path))

    def _table(self, path, column):
        return self._entries(tables.entries(path, files.decoded(path, self._encoding, self._seen), column), seen=False)

    def _entries(self, texts, cut=True, seen=True):
        """The pieces of texts, which are cut further only by a separator that is not left to `auto`."""
        for text in texts:
            self._seen(len(text) if seen else 0)
            chunks = (text[first : first + PIECE] for first in range(0, len(text), PIECE))
            if cut and self._separator not in ("auto", None):
                yield from cut_chunks(chunks, self._separator)
            else:
                yield from pieces(chunks)

    def _separator_of(self, path):
        """What "auto" means for a file: blank lines when it has any; to know that it has none takes a pass."""
        if path not in self._separators:
            chunks = stripped(files.decoded(path, self._encoding))
            self._separators[path] = "\n\n" if any(map(BLANK_LINES.search, chunks)) else "\n"
        return self._separators[path]

    def _seen(self, count):
        self.done += count


class Joined(Documents):
    """The texts of several `Documents`, one after the other."""

    def __init__(self, several):
        self._several = list(several)
        self.names = [name for one in self._several for name in one.names]
        self.whole = all(one.whole for one in self._several)
        sizes = [one.size for one in self._several]
        self.size = None if None in sizes else sum(sizes)

    def __iter__(self):
        for one in self._several:
            one.done = 0
        return itertools.chain.from_iterable(self._several)

    @property
    def done(self):
        """How many bytes this pass has read, of all."""
        return sum(one.done for one in self._several)


def cut_chunks(chunks, separator):
    """The pieces of the texts into which a separator cuts a text that comes in chunks."""
    return _pieces(_parts(stripped(chunks), separator), strip=True)


def pieces(chunks):
    """The pieces of one text that comes in chunks; none when it is blank."""
    return _pieces(itertools.chain(((chunk, False) for chunk in chunks), [("", True)]), strip=False)


def joined(pieces):
    """The texts of their pieces, each as one str."""
    parts = []
    for piece in pieces:
        parts.append(piece.text)
        if piece.last:
            yield "".join(parts)
            parts = []


def stripped(chunks):
    r"""Remove the white space at both ends of a text that comes in chunks; no chunk ends in white space then.

    Example:

    >>> list(stripped([" a", " \n", "b ", "\n"]))
    ['a', ' \nb']
    """
    begun, held = False, []
    for chunk in chunks:
        chunk = chunk if begun else chunk.lstrip()
        body = chunk.rstrip()
        if body:
            yield "".join([*held, body])
            begun, held = True, []
        if begun:
            held.append(chunk[len(body) :])


# The group of blank lines is possessive: without it, a million spaces in a row would be tried in every way.
BLANK_LINES = re.compile(r"\n(?:[^\S\n]*+\n)++")


def _parts(chunks, separator):
    """Parts of texts and whether each ends its text. No chunk ends in white space, so no blank line is split."""
    if separator == "\n\n":
        for chunk in chunks:
            *ends, rest = BLANK_LINES.split(chunk)
            yield from ((part, True) for part in ends)
            yield rest, False
    else:
        rest, kept = "", len(separator) - 1  # the beginning of a separator may stand at the end of a chunk
        for chunk in chunks:
            *ends, rest = (rest + chunk).split(separator)
            yield from ((part, True) for part in ends)
            sure = max(len(rest) - kept, 0)
            yield rest[:sure], False
            rest = rest[sure:]
        yield rest, True
    yield "", True


def _pieces(parts, strip):
    """Pieces from parts of texts: a part that is too short is held until the next."""
    held, length, wanted, first = [], 0, PIECE, True
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
                yield Piece(text, first, True)
            held, length, wanted, first = [], 0, PIECE, True
            continue
        place = _last_place(text)
        if place > (HEAD if first else 0):
            yield Piece(text[:place], first, False)
            held, length, wanted, first = [text[place:]], len(text) - place, PIECE, False
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


def _iterable(source):
    if isinstance(source, (bytes, bytearray)) or not isinstance(source, collections.abc.Iterable):
        raise _checks.refuse("source", "must be a path, a name or an iterable of strings", source, error=TypeError)
    texts = source if isinstance(source, (list, tuple)) else list(source)
    for text in texts:
        if not isinstance(text, str):
            raise _checks.refuse("source", "must be an iterable of strings only", text, error=TypeError)
    if 0 < len(texts) <= 1000 and all(map(_is_file, texts)):
        advice = "Read each with `read` and join the lists."
        raise _checks.refuse("source", "must be one path or a list of texts, not a list of paths", texts, advice)
    return texts


def _is_file(text):
    try:
        return os.path.isfile(text)
    except ValueError:  # a NUL inside
        return False


def _stories(name):
    from tinylm_keras.data import stories

    count = name.partition(":")[2] if ":" in name else str(DEFAULT_STORIES)
    if not re.fullmatch(r"[0-9][0-9_]{0,11}", count) or not 1 <= int(count) <= 10_000_000:
        raise _checks.refuse("source", "must say how many stories, from 1 to 10,000,000", name, "Try 'stories:20000'.")
    return stories.write(int(count))
