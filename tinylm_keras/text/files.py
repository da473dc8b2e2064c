"""Finds the files for a name, and reads their bytes a few megabytes at a time."""

import glob
import os
import pathlib
import re
import stat

from tinylm_keras import _checks
from tinylm_keras.text import remote_files, tables
from tinylm_keras.text.spool import Spool

BLOCK = 1 << 20  # bytes read at a time

# In a folder of intermediate files of `prepare`, which is no part of the folder that it may lie in.
PARTS_MARK = ".tinylm-parts.json"


class File:
    """A file that can be read several times, with the same bytes each time.

    Pipes and the like are copied to a temporary file while they are read the first time.

    Args:
        path: `pathlib.Path`.

    Attributes:
        path: `pathlib.Path`.
        once: bool. Whether the path itself can be read only once.
        size: int or None. Bytes; None if unknown.
        start: int. Place of the first byte in the file; not 0 for a `Stretch` of it.

    Raises:
        ValueError: if it is neither a file nor a pipe, or, while it is read, if it changes or cannot be read.
    """

    start = 0

    def __init__(self, path):
        self.path = path
        found = _status(path)
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISFIFO(found.st_mode):
            advice = "Write its text to a file, or pipe it: … | tinylm train /dev/stdin"
            raise _checks.refuse("source", "must be a file, a folder or a pipe, not a device", str(path), advice)
        # If /dev/fd holds copies of descriptors, as on macOS, a second reader starts where the first one stopped.
        self.once = not stat.S_ISREG(found.st_mode) or str(path).startswith(("/dev/fd/", "/dev/stdin"))
        self.size = None if self.once else found.st_size
        self._version, self._spool = _version(found), Spool(path, BLOCK) if self.once else None

    def __str__(self):
        return str(self.path)

    def blocks(self):
        """Iterate over the bytes in blocks, with an empty one at the end."""
        return self._spool.blocks() if self.once else self.range(0)

    def range(self, start, end=None):
        """Iterate over the bytes of a range in blocks, with an empty one at the end; not for pipes."""
        try:
            with open(self.path, "rb", opener=_without_waiting) as file:
                self._check(file)
                file.seek(start)
                block = None
                left = None if end is None else end - start
                while block != b"":
                    block = file.read(BLOCK if left is None else min(BLOCK, left))
                    left = None if left is None else left - len(block)
                    if not block:
                        self._check(file)
                    yield block
        except OSError as error:
            raise unreadable(self.path, error) from None

    @property
    def version(self):
        """Its size and its time of change, in a form for JSON."""
        return list(self._version)

    def _check(self, file):
        """Refuse a file that has changed, because several passes must see the same text."""
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or _version(found) != self._version:
            raise changed(self.path)


class Stretch:
    """A range of the bytes of a file, which is read like a file.

    Args:
        file: `File`, not a pipe.
        start, end: int. The range.
    """

    once = False

    def __init__(self, file, start, end):
        self.file, self.path, self.start, self.size = file, file.path, start, end - start

    def __str__(self):
        return str(self.file)

    def blocks(self):
        """Iterate over the bytes in blocks, with an empty one at the end."""
        return self.file.range(self.start, self.start + self.size)

    def range(self, start, end=None):
        """Iterate over the bytes of a range of the whole file in blocks, with an empty one at the end."""
        return self.file.range(start, end)


def lines_before(file):
    """Return the number of line ends in a file before what is read of it."""
    return sum(block.count(b"\n") for block in file.range(0, file.start)) if file.start else 0


def _without_waiting(path, flags):
    """Open a file without blocking, in case a pipe has replaced it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def changed(path):
    """Return the error for a file that has changed since it was first opened."""
    rule = "must not change while it is read"
    return _checks.refuse("source", rule, str(path), "Copy it, and read the copy.")


def _version(found):
    return found.st_size, found.st_mtime_ns


def _status(path):
    try:
        return path.stat()
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path, error):
    """Return the error for a file that cannot be read."""
    return _checks.refuse("source", f"must be a file that can be read ({error.strerror or error})", str(path))


def find(name, column=None, remote=False):
    """Return the sorted files for `name`: a file, those of a folder, or those of a glob.

    Args:
        name: str. As for `read`.
        column: str or None. With a column, the tables of a folder are read instead of its `*.txt` files.
        remote: bool. Whether it may be an address such as gs://…, which Apache Beam reads.

    Returns:
        A list of `File`.

    Raises:
        ValueError: if there is no such file, or a folder or glob has a pipe or a device among its files.
    """
    if not name:  # the empty path is the current folder
        raise _checks.refuse("source", "must not be empty", name)
    if remote_files.is_address(name):
        if not remote:
            advice = "Copy or mount it, or convert it to token files with tinylm prepare --runner (see docs/scale.md)."
            raise _checks.refuse("source", "must be local or mounted, not an address", name, advice)
        return remote_files.find(name, endings_of(column))
    path = pathlib.Path(name).expanduser()
    try:
        if path.is_dir():
            endings = endings_of(column)
            paths = sorted(found for found in _below(path) if found.suffix.lower() in endings and _is_part(found))
            if not paths:
                raise _no_such_files(path, name, endings)
            return [File(found) for found in paths]
        if path.exists():
            return [File(path)]
    except OSError:  # an impossible name, for example too long
        pass
    if re.search(r"[*?\[]", name):
        paths = sorted(map(pathlib.Path, glob.iglob(str(path), recursive=True)))
        paths = [found for found in paths if _is_part(found)]
        if paths:
            return [File(found) for found in paths]
        raise _checks.refuse("source", "must be a pattern that some file matches", name)
    advice = "For standard input, pass /dev/stdin." if name == "-" else "In Python, pass a text in a list."
    raise _checks.refuse("source", "must be a file, a folder or a pattern that exists", name, advice)


def endings_of(column):
    """Return the endings of the files of a folder that are read: tables if a column is given, otherwise plain text."""
    return (".txt",) if column is None else tuple(tables.KINDS)


def _no_such_files(folder, name, endings):
    """Return the error for a folder without text files, which names other files in it."""
    others = sorted(found for found in _below(folder) if found.is_file() and not found.name.startswith("."))
    there = f", but this one has only others, such as {others[0].name!r}" if others else ""
    table = next((found for found in others if found.suffix.lower() in tables.KINDS), None)
    advice = ["For its tables, pass ", _checks.Argument("column"), "."] if table and ".txt" in endings else ""
    rule = f"must be a folder with files that end in {' or '.join(endings)}{there}"
    return _checks.refuse("source", rule, name, advice)


def _below(folder):
    """Iterate over all paths below a folder; a folder that cannot be opened is refused."""

    def refuse(error):
        raise _checks.refuse("source", f"must be a folder that can be read ({error.strerror})", error.filename)

    for parent, folders, names in os.walk(folder, onerror=refuse):
        if PARTS_MARK in names:
            folders.clear()
            continue
        yield from (pathlib.Path(parent, name) for name in (*folders, *names))


def _is_part(path):
    """Whether a path of a folder or a glob is a regular file; devices, pipes and broken links are refused."""
    if path.is_file():
        return True
    if not path.is_dir() and not path.name.startswith("."):
        rule = f"must have only files, but {path} is a broken link, a pipe or a device"
        raise _checks.refuse("source", rule, str(path.parent), "Move it away, or name the other files.")
    return False


def locations(name):
    """Return the absolute form of a file, folder or glob, as a list; empty if it can be read only once."""
    if remote_files.is_address(name):
        return [name]
    path = pathlib.Path(name).expanduser()
    try:
        once = path.exists() and not path.is_dir() and File(path).once
    except OSError:
        once = False
    return [] if once else [str(path.absolute())]
