"""Divides a source into units that several workers read: files, and parts of huge files, cut between two texts."""

from __future__ import annotations

import codecs
import dataclasses
import pathlib
import re
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks
from tinylm_keras.text import remote_files, tables
from tinylm_keras.text.chunks import is_line
from tinylm_keras.text.documents import Documents
from tinylm_keras.text.files import File, Stretch, changed
from tinylm_keras.text.json_rows import JsonLines

if TYPE_CHECKING:
    from collections.abc import Iterator

# A unit has about a sixty-fourth of the source, but at least and at most so many bytes.
SHARE, LEAST, MOST = 64, 1 << 20, 1 << 26

WINDOW = 1 << 22  # bytes that are searched for a place to cut

_BLANKS = rb"[ \t\r\f\v]*"


@dataclasses.dataclass
class Unit:
    """A part of a source that one worker reads, in a form for JSON.

    Attributes:
        source: int. Which of several joined sources it belongs to.
        size: int. Its bytes.
        parts: list of dict. "path" and "version" of a file, "start" and "end" of the range to read, and "separator"
            if it is known already.
        reading: dict. How to read it: "separator", "encoding", "column" and "bad_rows".
    """

    source: int
    size: int
    parts: list[dict[str, Any]]
    reading: dict[str, Any]


class UnitDocuments(Documents):
    """The texts of one unit, as `Documents`. There may be none."""

    def __init__(self, unit: Unit) -> None:
        self._set(**unit.reading)
        self._take([_reopened(part) for part in unit.parts])
        known = zip(self.files, unit.parts, strict=True)
        self._separators = {file: part["separator"] for file, part in known if part["separator"] is not None}

    def __iter__(self) -> Iterator[Any]:
        self.done = 0
        return iter(self._all_chunks())


def _reopened(part):
    """Return the file, or the range of it, that a part of a unit means."""
    path, version = part["path"], part["version"]
    if remote_files.is_address(path):
        file = remote_files.reopened(path, version)
    else:
        file = File(pathlib.Path(path))
        if file.version != version:
            raise changed(path)
    return file if (part["start"], part["end"]) == (0, file.size) else Stretch(file, part["start"], part["end"])


def divide(documents: Documents, size: int | None = None) -> list[Unit]:
    """Return the units of a source, in order. Together they have exactly its texts.

    A small file is read whole, together with its neighbours up to the size. A huge one is cut between two texts, if it
    is plain text or has a JSON object on every line; a file of another form is one unit.

    Args:
        documents: `Documents`, also joined ones, that consist of files.
        size: int or None. Bytes of a unit; None: from 1 to 64 MB, so that there are some 64 of them.

    Returns:
        A list of `Unit`.

    Raises:
        ValueError: if a source does not consist of files, or has a pipe.
    """
    sources = getattr(documents, "several", [documents])
    for one in sources:
        if not one.files:
            rule = "must be files for several workers"
            raise _checks.refuse("source", rule, one.names[0], ["Leave out ", _checks.Argument("runner"), "."])
        for file in one.files:
            if file.once:
                raise _checks.refuse(
                    "source", "must not be a pipe for several workers", str(file), "Write it to a file."
                )
    if size is None:
        size = min(max(sum(one.size for one in sources) // SHARE, LEAST), MOST)
    return [unit for number, one in enumerate(sources) for unit in _units(number, one, size)]


def _units(number, documents, size):
    reading = {name: getattr(documents, name) for name in ("separator", "encoding", "column", "bad_rows")}
    parts, total = [], 0
    for file in documents.files:
        cut = list(_parts(file, documents, size)) if file.size > size else [_part(file, 0, file.size)]
        for part in cut:
            length = part["end"] - part["start"]
            if parts and (total + length > size or len(cut) > 1):
                yield Unit(number, total, parts, reading)
                parts, total = [], 0
            parts.append(part)
            total += length
        if len(cut) > 1:
            yield Unit(number, total, parts, reading)
            parts, total = [], 0
    if parts:
        yield Unit(number, total, parts, reading)


def _part(file, start, end, separator=None):
    path = str(file.path) if remote_files.is_address(file.path) else str(file.path.absolute())
    return {"path": path, "version": file.version, "start": start, "end": end, "separator": separator}


def _parts(file, documents, size):
    """Iterate over the parts of a huge file; only one if it cannot be cut."""
    find, separator = _finder(file, documents)
    start = 0
    if find is not None:
        place = size
        while place < file.size:
            found = find(file, place)
            if found is None:
                place += size
                continue
            end, following = found
            yield _part(file, start, end, separator)
            start, place = following, max(place, following) + size
    yield _part(file, start, file.size, separator)


def _finder(file, documents):
    """Return a function that finds a place to cut, or None, and the separator of the file if it is plain text."""
    encoding, kind = documents.encoding, tables.kind_of(file.path)
    if not _is_simple(encoding):
        return None, None
    if documents.column is not None:
        whole_rows = kind is JsonLines and documents.bad_rows == "error" and documents.separator in ("auto", None)
        return (_pattern(rb"\n"), None) if whole_rows else (None, None)
    if documents.separator is None or kind is not None:
        return None, None
    separator = documents.separator_of(file) if documents.separator == "auto" else documents.separator
    try:
        separator.encode(encoding)
    except UnicodeError:  # so the file has none
        return None, separator
    if "\r" in separator:  # which a file never has once its line ends are LF
        return None, separator
    if separator == "\n":
        return _pattern(rb"\n"), separator
    if separator == "\n\n":
        return _pattern(rb"\n" + _BLANKS + rb"\n"), separator
    if is_line(separator):
        mark = re.escape(separator.strip().encode(encoding))
        return _pattern(rb"\n" + _BLANKS + mark + _BLANKS + rb"\n"), separator
    if "\n" in separator:  # its bytes may differ between two places, with CRLF in one of them
        return None, separator
    return _string(separator, encoding), separator


def _is_simple(encoding):
    """Whether a byte below 128 always stands for its ASCII character, so that bytes can be searched for it."""
    try:
        if codecs.lookup(encoding).name == "utf-8":
            return True
        if rb"\n \u0041".decode(encoding) != r"\n \u0041":  # there are codecs that read escapes
            return False
        decoded = bytes(range(256)).decode(encoding, "replace")
    except (LookupError, UnicodeError):
        return False
    return len(decoded) == 256 and decoded[:128] == bytes(range(128)).decode("ascii")


def _pattern(pattern):
    pattern = re.compile(pattern)

    def find(file, place):
        """Return the end of the text before the first match after a place, and the begin of the next; or None."""
        found = pattern.search(_window(file, place, place + WINDOW))
        return None if found is None else (place + found.start(), place + found.end())

    return find


def _string(separator, encoding):
    """Return `find` for a string. An occurrence counts if no other one overlaps its begin.

    White space at an end of the separator would be stripped from the text beside it, if more white space follows there.
    So the characters beside the separator must not be white space.
    """
    wanted = separator.encode(encoding)

    def find(file, place):
        first = max(0, place - len(wanted))
        window = _window(file, first, place + WINDOW)
        for found in _occurrences(window, wanted, place - first):
            before = window[max(0, found - 4) : found].decode(encoding, "ignore")[-1:]
            after = window[found + len(wanted) : found + len(wanted) + 4].decode(encoding, "ignore")[:1]
            alone = window.find(wanted, max(0, found - len(wanted) + 1), found + len(wanted) - 1) < 0
            if alone and before.strip() and after.strip():
                return first + found, first + found + len(wanted)
        return None

    return find


def _occurrences(window, wanted, start):
    """Iterate over the places of a string, overlapping ones too."""
    found = window.find(wanted, start)
    while found >= 0:
        yield found
        found = window.find(wanted, found + 1)


def _window(file, start, end):
    return b"".join(file.range(start, min(end, file.size)))
