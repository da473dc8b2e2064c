"""A lock on a folder, so that only one run at a time writes in it."""

import contextlib
import errno
import os
import pathlib
import shlex
import socket
import sys
import time
import warnings

from tinylm_keras import _checks, _files

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

# The lock file; it names the process that writes in the folder.
NAME = ".tinylm.lock"

# Some file systems report EACCES if another process has the lock.
_TAKEN = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)

# Number of attempts to get a lock, and the pause between them in seconds.
_TRIES, _PAUSE = 5, 0.01

# Most characters that are shown of a lock file, which another user may have written.
_LONGEST = 200


@contextlib.contextmanager
def held(folder, argument="out", quiet=False):
    """A context that holds the lock of a folder.

    The operating system releases the lock when the process ends, so the lock file of a killed process locks nothing.
    Two threads of one process also exclude each other. The lock file is removed at the end. Reading the folder needs no
    lock. On systems without such locks (Windows, some network folders) there is a warning, and nothing is locked.

    Args:
        folder: str or `os.PathLike`. If it is not a folder, nothing is locked.
        argument: str. Its name in messages.
        quiet: bool. Whether to suppress the warning.

    Raises:
        ValueError: if another process holds the lock (the message names it), or the folder cannot be written.

    Example:

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with held(folder):
    ...     os.listdir(folder)
    ['.tinylm.lock']
    >>> os.listdir(folder)
    []
    """
    if not isinstance(folder, (str, os.PathLike)) or not os.path.isdir(folder):
        yield
        return
    if fcntl is None:
        _warn(folder, "this system has no such locks", quiet)
        yield
        return
    place = pathlib.Path(os.path.realpath(folder), NAME)
    descriptor = _acquire(place, folder, argument, quiet)
    try:
        yield
    finally:
        if _files.is_at(descriptor, place):  # another folder may be there now
            with contextlib.suppress(OSError):
                place.unlink()
        os.close(descriptor)


def check(folder, argument="out"):
    """Raise if another process holds the lock of a folder. Nothing is written."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(os.path.join(folder, NAME), os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        try:
            if not _lock(descriptor, folder, quiet=True):
                raise _in_use(descriptor, folder, argument)
        finally:
            os.close(descriptor)


def _acquire(place, folder, argument, quiet):
    """Return the descriptor of the locked file `place`."""
    while True:
        try:
            descriptor = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError as error:
            if _files.is_of_the_disk(error):
                raise
            rule = f"must be a folder that can be written ({error.strerror})"
            raise _checks.refuse(argument, rule, os.fspath(folder)) from None
        try:
            if not _lock(descriptor, folder, quiet):
                raise _in_use(descriptor, folder, argument)
            if _files.is_at(descriptor, place):  # otherwise its owner has just removed it
                _describe(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor, folder, quiet):
    """Lock an open file; return False if another process holds the lock for longer than a `check`."""
    for tries in range(_TRIES):
        time.sleep(_PAUSE if tries else 0)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in _TAKEN:
                _warn(folder, error.strerror, quiet)
                return True
    return False


def _warn(folder, reason, quiet):
    if not quiet:
        message = f"{os.fspath(folder)} cannot be locked here ({reason}). Do not let another process write in it."
        warnings.warn(message, stacklevel=2)


def _describe(descriptor):
    """Write this process into the lock file."""
    command = shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]]) if sys.argv else ""
    text = f"{_who()}: {' '.join(command.split())}"
    with contextlib.suppress(OSError):  # a lock without a name is still a lock
        os.ftruncate(descriptor, 0)
        os.write(descriptor, text.encode("utf-8", "backslashreplace"))


def _who():
    return f"process {os.getpid()} on {socket.gethostname()}"


def _in_use(descriptor, folder, argument):
    """Return the error that names the process with the lock."""
    # The name is written just after locking, and `_lock` has waited long enough.
    found = os.read(descriptor, 4 * _LONGEST).decode("utf-8", "replace")
    found = "".join(letter if letter.isprintable() else "?" for letter in found)
    owner, _, command = found.partition(": ")
    who = "Another call in this process" if owner == _who() else owner.capitalize() if owner else "Another process"
    which = f" ({command[:_LONGEST]})" if command and owner != _who() else ""
    advice = f"{who} writes in it{which}. Wait until it ends, or stop it first."
    return _checks.refuse(argument, "must be a folder in which no other process writes", os.fspath(folder), advice)
