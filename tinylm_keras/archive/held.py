"""A model's file read once: what was checked is what is loaded, whatever becomes of the path meanwhile."""

import contextlib
import hashlib
import io
import os
import tempfile

from tinylm_keras._terminal import printable
from tinylm_keras.archive import checks, members

# A larger file is copied to the disk: into a file without a name, which nobody else can open.
MOST_IN_MEMORY = 64 << 20

_PIECE = 1 << 20


class Held:
    """The private copy of a model's file.

    Attributes:
        path: str. Where it was, for messages, as one harmless line.
        file: binary file. The copy.
        contents: `checks.Contents`, or None for a file that is trusted.
    """

    def __init__(self, path, file, contents):
        self.path, self.file, self.contents = path, file, contents

    def sha256(self):
        """Return the SHA-256 of what is loaded, as hexadecimal digits."""
        self.file.seek(0)
        digest = hashlib.file_digest(self.file, "sha256").hexdigest()
        self.file.seek(0)
        return digest

    def training(self):
        """Return the state of training in it, as the value of its JSON; None where it has none.

        Raises:
            ValueError: if it cannot be read.
        """
        with checks.naming(self.path):
            return self.contents.training()


@contextlib.contextmanager
def hold(path, trusted=False):
    """Copy a model's file to where nobody else can change it, and check the copy.

    What a file declares is looked at before it is copied: one that promises too much costs nothing.

    Args:
        path: str or path of a `.keras` file.
        trusted: bool. True copies the file and checks nothing but that it is a zip archive.

    Yields:
        `Held`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it does not pass the check; in one line that names it.
    """
    shown_path = printable(path)
    with members.open_file(path) as file:
        if not trusted:
            checks.check(file, shown_path, checksums=False)
        copy = _copy(file, os.fstat(file.fileno()).st_size)
    with copy:
        if trusted and not members.is_whole(copy):
            raise ValueError(f"{shown_path} {members.NOT_WHOLE}")
        contents = None if trusted else checks.check(copy, shown_path)
        copy.seek(0)
        yield Held(shown_path, copy, contents)


def _copy(file, size):
    """Return a private copy of the first `size` bytes: on the disk if it is large and there is room, else in memory."""
    if size > MOST_IN_MEMORY:
        copy = None
        try:
            copy = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
            return _filled(copy, file, size)
        except OSError:  # no folder for temporary files, or a full one
            if copy is not None:
                copy.close()
    return _filled(io.BytesIO(), file, size)


def _filled(copy, file, size):
    file.seek(0)
    while size > 0 and (piece := file.read(min(size, _PIECE))):
        copy.write(piece)
        size -= len(piece)
    copy.flush()
    return copy
