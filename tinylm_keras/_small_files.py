"""Reads the small files beside a model, a run or token files safely: regular files of bounded size only."""

import os
import stat


def read_small(path, most):
    """Return the content of a small file.

    Such files may come from strangers. So a FIFO without a writer does not block, an endless file such as `/dev/zero`
    is not read, and the file that was checked is the file that is read.

    Args:
        path: str or `os.PathLike`.
        most: int. The largest size in bytes.

    Returns:
        bytes.

    Raises:
        OSError: if there is no such file, or it cannot be read.
        ValueError: if it is not a regular file, or is larger; the message does not name the file.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "note.json"
    >>> _ = path.write_bytes(b"{}")
    >>> read_small(path, 10)
    b'{}'
    >>> read_small(path, 1)
    Traceback (most recent call last):
    ...
    ValueError: it has 2 bytes, more than 1
    """
    _check_regular(os.stat(path))  # before it is opened, because opening a device can have effects
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        _check_regular(found)
        if found.st_size > most:
            raise ValueError(f"it has {found.st_size:,} bytes, more than {most:,}")
        content = file.read(most + 1)
    if len(content) > most:  # it has grown, or is a file of /proc with size 0
        raise ValueError(f"it has more than {most:,} bytes")
    return content


def _check_regular(found):
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is a folder" if stat.S_ISDIR(found.st_mode) else "it is not a regular file")
