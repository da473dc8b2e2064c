"""Files that are either whole or not there: write beside the target, flush to disk, then rename."""

import contextlib
import os
import pathlib
import secrets

from tinylm_keras import _checks


@contextlib.contextmanager
def atomic_path(path):
    """Yield a temporary path in the folder of `path`; on success it replaces `path`, on failure it is removed.

    A reader sees the old file or the new one, never a part: the rename is atomic, and the data is flushed to disk
    before it. The temporary name keeps the suffix, because Keras chooses its format by it.

    Args:
        path: str or `os.PathLike`. The file to write.

    Raises:
        OSError: if the folder cannot be written. The message names `path`.

    Example:

    >>> import pathlib, tempfile
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with atomic_path(target) as temporary:
    ...     _ = temporary.write_text("done")
    >>> target.read_text()
    'done'
    """
    path = pathlib.Path(path)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp{path.suffix}")
    try:
        # 0o666 less the umask is the mode of a plain open(); O_EXCL follows no link that somebody put there.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise type(error)(error.errno, f"cannot write here ({error.strerror})", str(path)) from None
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _flush_folder(path.parent)


def new_folder(path, overwrite=False, holds="run"):
    """Return `path` as a `pathlib.Path` where a folder can be made and written; nothing is made yet.

    Args:
        path: str or `os.PathLike`. The argument that the messages call `out`.
        overwrite: bool. Whether it may exist already.
        holds: str. What `overwrite=True` would replace in it.

    Raises:
        ValueError: if the folder exists and `overwrite` is False, or if it cannot be a folder that can be written.
        TypeError: if `path` is no path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise _checks.refuse("out", "must be the path of a folder, or None", path, error=TypeError)
    path = pathlib.Path(path)
    try:
        if os.path.lexists(path):
            if not path.is_dir():
                raise _checks.refuse("out", "must be a folder, but it is a file", str(path))
            if not overwrite:
                advice = f"Choose another name, or pass overwrite=True to replace the {holds} in it."
                raise _checks.refuse("out", "must be a new folder, but it exists", str(path), advice)
        parent = next(one for one in (path, *path.absolute().parents) if one.exists())
    except OSError as error:  # too long a name, a file on the way
        raise unwritable(path, error.strerror) from None
    except StopIteration:
        raise unwritable(path, "there is no such place") from None
    if not parent.is_dir():
        raise unwritable(path, f"{parent} is a file")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise unwritable(path, f"{parent} is read-only")
    return path


def unwritable(path, reason):
    """Build the error for a folder `out` that cannot be written."""
    return _checks.refuse("out", f"must be a folder that can be written ({reason})", str(path))


@contextlib.contextmanager
def made_folder(path):
    """Make a folder for what is written inside the `with`; when that fails, the folders made for it are removed."""
    made = [one for one in (path, *path.absolute().parents) if not one.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error.strerror) from None
    try:
        yield
    except BaseException:
        for one in made:
            with contextlib.suppress(OSError):  # not empty: somebody else uses it
                one.rmdir()
        raise


def _flush_folder(folder):
    """Make the rename itself durable, where the system lets a folder be opened (not on Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_keras_path(path):
    """Return `path` as a `pathlib.Path`, or raise unless it names a `.keras` file in a folder that exists."""
    path = pathlib.Path(path)
    if path.suffix != ".keras":
        raise _checks.refuse("filepath", 'must end in ".keras"', str(path), f"Try {path.with_suffix('.keras')}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist. Make it first.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Choose another name.")
    return path
