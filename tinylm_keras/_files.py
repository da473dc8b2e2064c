"""Atomic writes: write a temporary file beside the target, flush it to disk, then rename it."""

import contextlib
import errno
import os
import pathlib
import re
import secrets
import shutil
import stat

from tinylm_keras import _checks

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

# Number of attempts, if another process removes the temporary file before it is locked.
_TRIES = 100


@contextlib.contextmanager
def atomic_path(path, older=None):
    """Yield a temporary path in the folder of `path`; on success it replaces `path`, on failure it is removed.

    A reader sees the old file or the new one, never a part: the rename is atomic, and the data is flushed to disk
    first. The temporary name keeps the suffix, because Keras chooses its format by it. Temporary files that killed
    processes left for the same target are removed first.

    As with `open`, a link is followed: its target is replaced, and the link stays. A replaced file keeps its mode and,
    if the system allows it, its owner.

    Args:
        path: str or `os.PathLike`. The file to write.
        older: str or `os.PathLike` or None. New name for the file that `path` holds now.

    Raises:
        OSError: if the folder cannot be written, the disk is full, or `path` is something other than a file. The
            message names `path`.

    Example:

    >>> import pathlib, tempfile
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with atomic_path(target) as temporary:
    ...     _ = temporary.write_text("done")
    >>> target.read_text()
    'done'
    """
    named, path = path, pathlib.Path(os.path.realpath(path))
    before = _replaceable(path, named)
    sweep(path)
    if older is not None:
        sweep(older)
    temporary, descriptor = _create(path, named)
    try:
        _take_over(descriptor, before)
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        if before is not None:  # only now, because the mode may forbid writing
            os.chmod(temporary, stat.S_IMODE(before.st_mode))
        if older is not None and before is not None:
            _keep(path, older)
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and is_of_the_disk(error):
            number = error.errno or errno.EIO
            raise OSError(number, f"cannot be written ({os.strerror(number)})", str(named)) from error
        raise
    finally:
        os.close(descriptor)
    _flush_folder(path.parent)


def sweep(path):
    """Remove temporary files for `path` that killed processes left.

    A process holds a lock on the file that it writes, and the system releases the lock when the process ends. So a file
    that can be locked belongs to no process. Without such locks (Windows, some network folders) nothing is removed.
    """
    if fcntl is None:
        return
    path = pathlib.Path(os.path.realpath(path))
    ours = re.compile(re.escape(f".{path.stem}.") + "[0-9a-f]{8}" + re.escape(f".tmp{path.suffix}"))
    with contextlib.suppress(OSError):  # the folder may not exist
        for place in [entry.path for entry in os.scandir(path.parent) if ours.fullmatch(entry.name)]:
            _remove_if_nobody_has_it(place)


def _remove_if_nobody_has_it(place):
    with contextlib.suppress(OSError):
        descriptor = os.open(place, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(place)
        finally:
            os.close(descriptor)


def is_temporary(name):
    """Return whether a file name is that of a temporary file of `atomic_path`.

    Example:

    >>> is_temporary(".train.0123abcd.tmp.bin"), is_temporary("train.bin")
    (True, False)
    """
    return re.fullmatch(r"\..*\.[0-9a-f]{8}\.tmp(\.[^.]*)?", name) is not None


def _temporary_for(path):
    return path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp{path.suffix}")


def _replaceable(path, named):
    """Return the `os.stat` result of the file at `path`, or None; refuse anything that is not a regular file."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise type(error)(error.errno, f"cannot write here ({error.strerror})", str(named)) from None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(named))
    if not stat.S_ISREG(found.st_mode):  # a device, a pipe, or circular links
        raise OSError(errno.EINVAL, "is not a regular file", str(named))
    return found


def _create(path, named):
    """Create a temporary file for `path` and lock it; return its path and an open descriptor.

    Before the file is locked, another process may remove it as unused, while it holds the lock. So once we hold the
    lock, the file is safe if its name still exists.
    """
    for _ in range(_TRIES):
        temporary = _temporary_for(path)
        try:
            # 0o666 minus the umask is the mode of a plain open(); O_EXCL does not follow links.
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except OSError as error:
            raise type(error)(error.errno, f"cannot write here ({error.strerror})", str(named)) from None
        if _lock(descriptor) and is_at(descriptor, temporary):
            return temporary, descriptor
        os.close(descriptor)
        with contextlib.suppress(OSError):
            temporary.unlink()
    raise OSError(errno.EBUSY, "cannot write here (another process removes the temporary files)", str(named))


def _lock(descriptor):
    """Lock an open file until it is closed, if the system has such locks; return False if another process has it."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass
    return True


def is_at(descriptor, path):
    """Return whether an open file still has this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


def _take_over(descriptor, before):
    """Give a new file the owner and the mode of the file that it will replace."""
    if before is None or not hasattr(os, "fchown"):
        return
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode) | stat.S_IRUSR | stat.S_IWUSR)


def _keep(path, older):
    """Give a file a second name, replacing the file of that name; `path` exists all the time."""
    older = pathlib.Path(os.path.realpath(older))
    # A process killed before the rename may have left both names on one file. Renaming one name of a file to another
    # name of the same file does nothing, and would leave the temporary name.
    if older.exists() and os.path.samefile(path, older):
        return
    link = _temporary_for(older)
    with open(path, "rb") as file:
        _lock(file.fileno())  # so that nobody sweeps the new name
        try:
            os.link(path, link)
            os.replace(link, older)
        except OSError:  # no hard links, or `older` is on another disk
            with contextlib.suppress(OSError):
                link.unlink()
            with atomic_path(older) as copy:
                shutil.copyfile(path, copy)


def is_of_the_disk(error):
    """Whether an error means a full or failing disk; HDF5 reports it without a number."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    for number in full:
        if error.errno is None and os.strerror(number) in str(error):
            error.errno = number
    return error.errno in full


def _flush_folder(folder):
    """Make the rename durable, if the system can open a folder (not on Windows)."""
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
        raise FileNotFoundError(f"The folder {path.parent} does not exist. Create it first.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Choose another name.")
    return path
