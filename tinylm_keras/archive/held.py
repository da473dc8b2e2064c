"""A model's file read once: what was checked is what is loaded, whatever becomes of the path meanwhile."""

import contextlib
import hashlib
import io
import mmap
import os
import tempfile
import zipfile

from tinylm_keras._terminal import printable
from tinylm_keras.archive import checks, hdf5, members

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

    def arrays(self):
        """Return the weights, those of the optimizer too: a dict of read-only arrays by path, such as "head/vars/0".

        They are views of the copy, and may stand at any byte of it. A file that is trusted has none here.

        Raises:
            ValueError: if one of them is not what it says.
        """
        data, begin = self._bytes(), self.contents.places[members.WEIGHTS].start
        with checks.naming(self.path):
            return {path: array.view(data, begin) for path, array in self.contents.arrays.items()}

    def _bytes(self):
        if isinstance(self.file, io.BytesIO):
            return self.file.getvalue()  # without copying
        return mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)

    def rewritten(self):
        """Return the file that Keras is shown: what was checked, written anew.

        So HDF5's own library, with which Keras reads weights, reads nothing that somebody else has made.

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
    """Return a private copy of the first `size` bytes."""

    def fill(copy):
        file.seek(0)
        left = size
        while left > 0 and (piece := file.read(min(left, _PIECE))):
            copy.write(piece)
            left -= len(piece)

    return _private(size, fill)


def _private(size, fill):
    """Return what `fill(file)` writes: on the disk if it is large and there is room, else in memory."""
    if size > MOST_IN_MEMORY:
        with contextlib.suppress(OSError):  # no folder for temporary files, or a full one
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
