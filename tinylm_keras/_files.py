"""Files that are either whole or not there: write beside the target, flush to disk, then rename."""

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

# So often a new name is tried where another process takes the file away before it is locked.
_TRIES = 100


@contextlib.contextmanager
def atomic_path(path, older=None):
    """Yield a temporary path in the folder of `path`; on success it replaces `path`, on failure it is removed.

    A reader sees the old file or the new one, never a part: the rename is atomic, and the data is flushed to disk
    before it. The temporary name keeps the suffix, because Keras chooses its format by it. What killed processes left
    of earlier attempts at the same file is removed first.

    As with `open`, a link is followed: the file that it names is replaced, and the link stays. A file that is replaced
    keeps its mode and, where the system allows it, its owner.

    Args:
        path: str or `os.PathLike`. The file to write.
        older: str or `os.PathLike` or None. What `path` holds now is kept under this name.

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
        if before is not None:  # only now, for it may be one that cannot be written
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
    """Remove the temporary files that killed processes left beside `path`, of attempts at that file alone.

    A process holds a lock on the file that it is writing, and the system takes the lock back when the process ends,
    however it ends: so a file whose lock can be had belongs to nobody. Where there are no locks (Windows, some network
    folders) nothing is removed.
    """
    if fcntl is None:
        return
    path = pathlib.Path(os.path.realpath(path))
    ours = re.compile(re.escape(f".{path.stem}.") + "[0-9a-f]{8}" + re.escape(f".tmp{path.suffix}"))
    with contextlib.suppress(OSError):  # without a folder there is nothing to sweep
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


def _temporary_for(path):
    return path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp{path.suffix}")


def _replaceable(path, named):
    """Return what the system says of the file at `path`, None where there is none; refuse what is no file."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise type(error)(error.errno, f"cannot write here ({error.strerror})", str(named)) from None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(named))
    if not stat.S_ISREG(found.st_mode):  # a device, a pipe, links in a circle
        raise OSError(errno.EINVAL, "is no ordinary file, and would be replaced by one", str(named))
    return found


def _create(path, named):
    """Make a temporary file for `path` and lock it; return its path and an open descriptor.

    Between being made and being locked, another process may take the file for one that nobody has, and remove it. Who
    removes a file holds its lock: so once the lock is ours, the file is safe if its name is still there.
    """
    for _ in range(_TRIES):
        temporary = _temporary_for(path)
        try:
            # 0o666 less the umask is the mode of a plain open(); O_EXCL follows no link that somebody put there.
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except OSError as error:
            raise type(error)(error.errno, f"cannot write here ({error.strerror})", str(named)) from None
        if _lock(descriptor) and is_at(descriptor, temporary):
            return temporary, descriptor
        os.close(descriptor)
        with contextlib.suppress(OSError):
            temporary.unlink()
    raise OSError(errno.EBUSY, "cannot write here (another process removes what is begun)", str(named))


def _lock(descriptor):
    """Hold a lock on an open file until it is closed, where there are such locks; return False if another has it."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass
    return True


def is_at(descriptor, path):
    """Return whether an open file is the one that has this name now."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


def _take_over(descriptor, before):
    """Give a new file the owner and the mode of the one that it will replace."""
    if before is None or not hasattr(os, "fchown"):
        return
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode) | stat.S_IRUSR | stat.S_IWUSR)


def _keep(path, older):
    """Give a file a second name, in place of what has that name; `path` stays there all the time."""
    older = pathlib.Path(os.path.realpath(older))
    # A process that was killed after this and before the rename left both names on one file. To rename one name of a
    # file to another of the same file does nothing, and would leave the temporary one.
    if older.exists() and os.path.samefile(path, older):
        return
    link = _temporary_for(older)
    with open(path, "rb") as file:
        _lock(file.fileno())  # also under its new name it belongs to somebody
        try:
            os.link(path, link)
            os.replace(link, older)
        except OSError:  # no links here, or `older` is a link to another disk
            with contextlib.suppress(OSError):
                link.unlink()
            with atomic_path(older) as copy:
                shutil.copyfile(path, copy)


def is_of_the_disk(error):
    """Whether an error says that the disk took no more; HDF5 words it without a number."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    for number in full:
        if error.errno is None and os.strerror(number) in str(error):
            error.errno = number
    return error.errno in full


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
