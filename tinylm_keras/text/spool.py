"""Copies pipes and the like to a temporary file, so that they can be read again."""

import os
import shutil
import tempfile
import weakref

from tinylm_keras import _checks


class Spool:
    """The bytes of a pipe, copied to an unnamed temporary file while they are read for the first time.

    The temporary file is deleted with this object, or when the process ends. If a reader stops in the middle, the next
    one reads the copied part first and then the rest of the pipe.

    Args:
        path: `pathlib.Path` of the pipe. It is opened when it is read.
        block_size: int. Number of bytes read at a time.
    """

    def __init__(self, path, block_size):
        self._path, self._block_size = path, block_size
        self._pipe = self._kept = None
        self._length = self._room = 0

    def blocks(self):
        """Iterate over the bytes in blocks, with an empty one at the end."""
        offset, block = 0, None
        while block != b"":
            try:
                block = self._kept_block(offset) if offset < self._length else self._next_block()
            except OSError as error:
                rule = f"must be a pipe that can be read and kept in {tempfile.gettempdir()} ({error.strerror})"
                raise _checks.refuse("source", rule, str(self._path)) from None
            offset += len(block)
            yield block

    def _kept_block(self, offset):
        self._kept.seek(offset)
        return self._kept.read(self._block_size)

    def _next_block(self):
        if self._pipe is None:
            self._open()
        block = b"" if self._pipe.closed else self._pipe.read(self._block_size)
        if not block:
            self._pipe.close()
            return block
        if self._length + len(block) > self._room:
            rule = f"must end before it fills half of the room in {tempfile.gettempdir()}, {self._room / 1e9:,.1f} GB"
            raise _checks.refuse("source", rule, str(self._path), "Write it to a file, and read that.")
        self._kept.seek(self._length)
        self._kept.write(block)
        self._length += len(block)
        return block

    def _open(self):
        self._pipe = self._path.open("rb")
        self._kept = tempfile.TemporaryFile()  # noqa: SIM115 (closed with this object)
        for file in (self._pipe, self._kept):
            weakref.finalize(self, file.close)
        self._room = shutil.disk_usage(os.path.abspath(tempfile.gettempdir())).free // 2
