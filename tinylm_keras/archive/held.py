"""Reads a model file once, so that exactly the checked bytes are loaded, even if the path changes meanwhile."""

import contextlib
import hashlib
import io
import mmap
import os
import tempfile
import zipfile

from tinylm_keras._terminal import printable
from tinylm_keras.archive import checks, hdf5, members

# A larger file is copied to disk, into a file without a name, which no other process can open.
MOST_IN_MEMORY = 64 << 20

_PIECE = 1 << 20


class Held:
    """The private copy of a model file.

    Attributes:
        path: str. The original path, for messages, as one printable line.
        file: binary file. The copy.
        contents: `checks.Contents`; None for a trusted file.
    """

    def __init__(self, path, file, contents):
        self.path, self.file, self.contents = path, file, contents

    def sha256(self):
        """Return the SHA-256 of the copy, as hexadecimal digits."""
        self.file.seek(0)
        digest = hashlib.file_digest(self.file, "sha256").hexdigest()
        self.file.seek(0)
        return digest

    def training(self):
        """Return the training state, parsed from JSON; None if there is none.

        Raises:
            ValueError: if it cannot be read.
        """
        with checks.naming(self.path):
            return self.contents.training()

    def arrays(self):
        """Return the weights, including the optimizer's, as a dict of read-only arrays by path, such as "head/vars/0".

        They are views of the copy, not necessarily aligned. Not available for a trusted file.

        Raises:
            ValueError: if an array does not match its description.
        """
        data, begin = self._bytes(), self.contents.places[members.WEIGHTS].start
        with checks.naming(self.path):
            return {path: array.view(data, begin) for path, array in self.contents.arrays.items()}

    def _bytes(self):
        if isinstance(self.file, io.BytesIO):
            return self.file.getvalue()  # without copying
        return mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)

    def rewritten(self):
        """Return a new file for Keras, written from the checked contents.

        So the HDF5 library, with which Keras reads weights, never reads a file from elsewhere.

        Returns:
            binary file, open for reading.
        """
        pieces = hdf5.pieces(self.arrays())

        def fill(file):
            with zipfile.ZipFile(file, "w") as archive:
                for name in (members.METADATA, members.CONFIG):
                    member = self.contents.places[name]
                    member.seek(0)
                    archive.writestr(name, member.read(member.size))
                with archive.open(members.WEIGHTS, "w", force_zip64=True) as weights:
                    for piece in pieces:
                        weights.write(piece)

        return _private(sum(memoryview(piece).nbytes for piece in pieces), fill)


@contextlib.contextmanager
def hold(path, trusted=False):
    """Make a private copy of a model file, and check it.

    The declarations in the file are checked before copying, so that a file that declares too much costs nothing.

    Args:
        path: str or path of a `.keras` file.
        trusted: bool. If True, check only that the file is a zip archive.

    Yields:
        `Held`.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is refused; the message is one line with the file and the reason.
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
    """Return a private copy of the first `size` bytes."""

    def fill(copy):
        file.seek(0)
        left = size
        while left > 0 and (piece := file.read(min(left, _PIECE))):
            copy.write(piece)
            left -= len(piece)

    return _private(size, fill)


def _private(size, fill):
    """Return a file filled by `fill(file)`: on disk if it is large and there is room, otherwise in memory."""
    if size > MOST_IN_MEMORY:
        with contextlib.suppress(OSError):  # no folder for temporary files, or it is full
            return _filled(tempfile.TemporaryFile(), fill)
    return _filled(io.BytesIO(), fill)


def _filled(file, fill):
    try:
        fill(file)
        file.flush()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file
