"""Small files that lie beside a model, a run or token files: regular, of bounded size, and opened once."""

import os
import stat


def read_small(path, most):
    """Return the content of a small file.

    Such files come from strangers too. So nothing is waited for (a FIFO without a writer), nothing without an end is
    read (`/dev/zero`), and what was looked at is what is read.

    Args:
        path: str or `os.PathLike`.
        most: int. The largest size in bytes.

    Returns:
        bytes.

    Raises:
        OSError: if there is no such file, or it cannot be read.
        ValueError: if it is no regular file, or is larger; the message says so without naming the file.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "note.json"
    >>> _ = path.write_bytes(b"{}")
    >>> read_small(path, 10)
    b'{}'
    >>> read_small(path, 1)
    Traceback (most recent call last):
    ...
    ValueError: it has 2 bytes, and at most 1 are read
    """
    _check_regular(os.stat(path))  # before it is opened: to open a device can have an effect
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        _check_regular(found)
        if found.st_size > most:
            raise ValueError(f"it has {found.st_size:,} bytes, and at most {most:,} are read")
        content = file.read(most + 1)
    if len(content) > most:  # it grew meanwhile, or is one of those of /proc, which say 0
        raise ValueError(f"it has more than {most:,} bytes")
    return content


def _check_regular(found):
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is a folder" if stat.S_ISDIR(found.st_mode) else "it is no regular file")
