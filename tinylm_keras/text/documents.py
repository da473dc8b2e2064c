"""Iterates over the texts of a source in chunks, so that a source may be larger than the memory."""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

from tinylm_keras import _checks
from tinylm_keras.text import files, given_texts, tables
from tinylm_keras.text.chunks import BLANK_LINES, CHUNK, chunks_of_text, chunks_of_texts, joined, stripped
from tinylm_keras.text.decoding import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from tinylm_keras._types import Source
    from tinylm_keras.text.chunks import Chunk
    from tinylm_keras.text.files import File

DEFAULT_STORIES = 60_000


class Documents:
    """The texts of one source. Iterating yields their chunks, each time from the beginning.

    A text is cut only right before white space, where every tokenizer begins a new token, so the ids of the chunks are
    the ids of the text. A run without white space is never cut; it is held in memory.

    Args:
        source, separator, encoding, column, bad_rows: As for `read`.
        remote: bool. Whether the source may be an address such as gs://…, which Apache Beam reads.

    Attributes:
        names: list of str. Names of the source for recipe.json.
        locations: list of str. Absolute paths, patterns or names from which it can be read again; may be empty.
        whole: bool. Whether each text is a complete, unchanged file.
        separator: str or None. The argument.
        files: list of `File`. Empty if the source does not consist of files.
        given: bool. Whether the source already consists of texts (a list, a column, a data set).
        surveyed: `Survey` or None. The survey of the source, if there was one.
        size: int or None. Number of bytes of one pass; None if unknown.
        done: int. Bytes of this pass so far (without files: characters).

    Raises:
        ValueError: if the source does not exist; when iterated, also if it cannot be read or is empty.
        TypeError: if `source` is not accepted by `read`.

    Example:

    >>> [chunk.text for chunk in Documents(["one", "two"])]
    ['one', 'two']
    """

    def __init__(
        self,
        source: Source,
        *,
        separator: str | None = "auto",
        encoding: str = "utf-8",
        column: str | int | None = None,
        bad_rows: Literal["error", "skip"] = "error",
        remote: bool = False,
    ) -> None:
        if separator is not None and not _checks.text("separator", separator):
            raise _checks.refuse("separator", "must not be the empty string", separator, "None keeps each file whole.")
        _checks.text("encoding", encoding)
        _checks.one_of("bad_rows", bad_rows, tables.BAD_ROWS)
        column = tables.checked_column(column)
        self._set(separator, encoding, column, bad_rows)
        if not isinstance(source, (str, os.PathLike)):
            self.names, self.locations, self._received = ["texts given in Python"], [], source
            texts = given_texts.checked(source)
            self._all_chunks = lambda: self._entries(texts, cut=False)
            return
        name = self._received = os.fspath(source)
        self.names, self.locations = [name], [name]
        if re.fullmatch(r"stories(:.*)?", name):
            texts = _stories(name)
            self._all_chunks = lambda: self._entries(texts, cut=False)
        elif name.startswith("tfds:"):
            from tinylm_keras.text import tfds_source

            texts = tfds_source.open_texts(name)
            self._all_chunks = lambda: self._entries(texts())
        else:
            self._take(files.find(name, column, remote))
            self.locations = files.locations(name)

    def _set(self, separator, encoding, column, bad_rows):
        self.whole, self.size, self.done = separator is None, None, 0
        self.given, self.files, self.surveyed = True, [], None
        self.separator, self.encoding, self.column, self.bad_rows = separator, encoding, column, bad_rows
        self._separators = {}  # of the files, once found

    def _take(self, found):
        """Read these files."""
        sizes = [file.size for file in found]
        self.files, self.size, self.given = found, None if None in sizes else sum(sizes), self.column is not None
        self._all_chunks = lambda: (chunk for file in self.files for chunk in self._chunks(file))

    def __iter__(self) -> Iterator[Chunk]:
        self.done, found = 0, False
        for chunk in self._all_chunks():
            found = True
            yield chunk
        if not found:
            raise self.blank()

    def blank(self) -> ValueError:
        """Return the error for a source without text."""
        rule = "must hold text, but there is only white space or nothing"
        return _checks.refuse("source", rule, self._received)

    def texts(self) -> Iterator[str]:
        """Iterate over the texts, each as one str."""
        return joined(self)

    @property
    def between(self) -> str | None:
        """The separator of the texts that were read; None without one, or with several."""
        if self.given or self.separator is None:
            return None
        found = set(self._separators.values()) if self.separator == "auto" else {self.separator}
        return found.pop() if len(found) == 1 else None

    def cut_at(self, separator: str | None) -> None:
        """Change the separator of the texts."""
        self.separator, self.whole = separator, separator is None

    def uncut(self) -> Iterator[tuple[str, bool]]:
        """Iterate over the unsplit source, in blocks of bounded length.

        Yields:
            Pairs of a block (str) and whether it begins a file, or a text if the source consists of texts.
        """
        self.done = 0
        if self.given:
            yield from ((chunk.text, chunk.first) for chunk in self._all_chunks())
            return
        for file in self.files:
            self._check_no_table(file)
            first = True
            for block in decoded(file, self.encoding, self._seen):
                yield block, first
                first = False

    def table(self) -> File | None:
        """Return the first file that is a table although no column was given, or None."""
        files = [] if self.given else self.files
        return next((file for file in files if tables.kind_of(file.path) is not None), None)

    def content(self, file: File) -> Iterator[str]:
        """Iterate over the text of a file, in blocks."""
        return decoded(file, self.encoding)

    def _check_no_table(self, file):
        if tables.kind_of(file.path) is not None:
            raise tables.without_column(file.path, lambda: self.content(file))

    def _chunks(self, file):
        if self.column is not None:
            return self._table(file)
        self._check_no_table(file)
        blocks = decoded(file, self.encoding, self._seen)
        if self.separator is None:
            return chunks_of_text(blocks)
        return chunks_of_texts(blocks, self.separator if self.separator != "auto" else self.separator_of(file))

    def _table(self, file):
        before = self.done

        def read():  # each pass over a table starts at its beginning
            self.done = before
            return decoded(file, self.encoding, self._seen)

        kind = tables.kind_of(file.path, read if file.once else None)
        about = {"kind": kind, "lines_before": lambda: files.lines_before(file)}
        return self._entries(tables.entries(file.path, read, self.column, self.bad_rows, **about), seen=False)

    def _entries(self, texts, cut=True, seen=True):
        """Return the chunks of texts, which are split only by a separator other than "auto"."""
        for text in texts:
            self._seen(len(text) if seen else 0)
            blocks = (text[first : first + CHUNK] for first in range(0, len(text), CHUNK))
            if cut and self.separator not in ("auto", None):
                yield from chunks_of_texts(blocks, self.separator)
            else:
                yield from chunks_of_text(blocks)

    def separator_of(self, file):
        """Return the separator that "auto" means for a file: blank lines if it has any, otherwise lines."""
        if file not in self._separators:
            blocks = stripped(decoded(file, self.encoding))
            self._separators[file] = "\n\n" if any(map(BLANK_LINES.search, blocks)) else "\n"
        return self._separators[file]

    def _seen(self, count):
        self.done += count


def opened(source, **how):
    """Return a source as `Documents`; the keyword arguments are used if it is not one yet."""
    return source if isinstance(source, Documents) else Documents(source, **how)


class Joined(Documents):
    """The texts of several `Documents`, one after the other."""

    def __init__(self, several):
        self.several = list(several)
        self.names = [name for one in self.several for name in one.names]
        # If one part cannot be read again, neither can the whole.
        found = [one.locations for one in self.several]
        self.locations = [location for locations in found for location in locations] if all(found) else []
        self.whole = all(one.whole for one in self.several)
        self.given = all(one.given for one in self.several)
        self.separator, self.surveyed = self.several[0].separator, None
        sizes = [one.size for one in self.several]
        self.size = None if None in sizes else sum(sizes)

    def __iter__(self):
        for one in self.several:
            one.done = 0
        return itertools.chain.from_iterable(self.several)

    @property
    def between(self):
        found = {one.between for one in self.several}
        return found.pop() if len(found) == 1 else None

    def cut_at(self, separator):
        super().cut_at(separator)
        for one in self.several:
            one.cut_at(separator)

    def uncut(self):
        return itertools.chain.from_iterable(one.uncut() for one in self.several)

    def table(self):
        return next(filter(None, (one.table() for one in self.several)), None)

    @property
    def done(self):
        """Bytes of this pass so far."""
        return sum(one.done for one in self.several)


def _stories(name):
    from tinylm_keras import stories

    count = name.partition(":")[2] if ":" in name else str(DEFAULT_STORIES)
    if not re.fullmatch(r"[0-9][0-9_]{0,11}", count) or not 1 <= int(count) <= 10_000_000:
        raise _checks.refuse("source", "must give from 1 to 10,000,000 stories", name, "Try 'stories:20000'.")
    return stories.write(int(count))
