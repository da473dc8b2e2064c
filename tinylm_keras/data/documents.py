"""The texts of a source one after the other, long ones in pieces, so that a source may be larger than the memory."""

import collections.abc
import itertools
import os
import re

from tinylm_keras import _checks
from tinylm_keras.data import files, tables
from tinylm_keras.data.pieces import BLANK_LINES, PIECE, cut_chunks, joined, pieces, stripped

DEFAULT_STORIES = 60_000


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
