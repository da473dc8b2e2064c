"""Files that are either whole or not there: write beside the target, flush to disk, then rename."""

import contextlib
import errno
import glob
import os
import pathlib
import re
import secrets

from tinylm_keras import _checks

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

# The names of temporary files: see `atomic_path`.
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp(\.\w+)?", re.DOTALL)


@contextlib.contextmanager
def atomic_path(path, older=None):
    """Yield a temporary path in the folder of `path`; on success it replaces `path`, on failure it is removed.

    A reader sees the old file or the new one, never a part: the rename is atomic, and the data is flushed to disk
    before it. The temporary name keeps the suffix, because Keras chooses its format by it. What killed processes left
    of earlier attempts at the same file is removed first.

    Args:
        path: str or `os.PathLike`. The file to write.
        older: str or `os.PathLike` or None. In the same folder: what `path` holds now is kept under this name.

    Raises:
        OSError: if the folder cannot be written, or the disk is full. The message names `path`.

    Example:

    >>> import pathlib, tempfile
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with atomic_path(target) as temporary:
    ...     _ = temporary.write_text("done")
    >>> target.read_text()
    'done'
    """
    path = pathlib.Path(path)
    sweep(path.parent, path.stem, path.suffix)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp{path.suffix}")
    try:
        # 0o666 less the umask is the mode of a plain open(); O_EXCL follows no link that somebody put there.
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
    except OSError as error:
        raise type(error)(error.errno, f"cannot write here ({error.strerror})", str(path)) from None
    try:
        _lock(descriptor)
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        if older is not None and path.exists():
            _keep(path, older)
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and _is_of_the_disk(error):
            number = error.errno or errno.EIO
            raise OSError(number, f"cannot be written ({os.strerror(number)})", str(path)) from error
        raise
    finally:
        os.close(descriptor)
    _flush_folder(path.parent)


def sweep(folder, stem="*", suffix="*"):
    """Remove the temporary files that killed processes left in a folder.

    Only names of this module's own form are looked at. A process holds a lock on the file that it is writing, and the
    system takes the lock back when the process ends, however it ends: so a file whose lock can be had belongs to
    nobody. Where there are no locks (Windows, some network folders) nothing is removed.
    """
    if fcntl is None:
        return
    for place in pathlib.Path(folder).glob(f".{stem if stem == '*' else glob.escape(stem)}.*.tmp{suffix}"):
        if not _TEMPORARY.fullmatch(place.name):
            continue
        with contextlib.suppress(OSError):
            descriptor = os.open(place, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                place.unlink()
            finally:
                os.close(descriptor)


def _lock(descriptor):
    """Hold a lock on an open file until it is closed, where there are such locks."""
    if fcntl is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _keep(path, older):
    """Give a file a second name, in place of what has that name; `path` stays there all the time where links exist."""
    link = pathlib.Path(older).with_name(f".{pathlib.Path(older).stem}.{secrets.token_hex(4)}.tmp{path.suffix}")
    try:
        os.link(path, link)
        os.replace(link, older)
    except OSError:
        os.replace(path, older)


def _is_of_the_disk(error):
    """Whether an error says that the disk took no more; HDF5 words it without a number."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    for number in full:
        if error.errno is None and os.strerror(number) in str(error):
            error.errno = number
    return error.errno in full


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
                replace = [_checks.Argument("overwrite", True), f" to replace the {holds} in it."]
                advice = ["Choose another name, or pass ", *replace]
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


def make_folder(path):
    """Make the folder `path` and those above it, unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error.strerror) from None


def unwritable(path, reason):
    """Build the error for a folder `out` that cannot be written."""
    return _checks.refuse("out", f"must be a folder that can be written ({reason})", str(path))


@contextlib.contextmanager
def made_folder(path):
    """Make a folder for what is written inside the `with`; when that fails, the folders made for it are removed."""
    made = [one for one in (path, *path.absolute().parents) if not one.exists()]
    make_folder(path)
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
