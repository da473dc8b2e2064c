"""A lock on a folder: one run at a time writes in it."""

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

# The file in the folder that carries the lock while somebody writes there; it says who.
NAME = ".tinylm.lock"

# Some file systems say EACCES for a lock that another process has.
_TAKEN = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)

# So often, and with such pauses in seconds, another look is taken at a lock that somebody has.
_TRIES, _PAUSE = 5, 0.01

# Of what a lock file says about its owner, which may be another user: so many characters are shown.
_LONGEST = 200


@contextlib.contextmanager
def held(folder, argument="out", quiet=False):
    """Hold the lock of a folder while the `with` lasts.

    It is a lock of the operating system, which takes it back however the process ends: what a killed process left is
    an ordinary file that keeps nobody out. Two threads of one process keep each other out too. The file is gone at the
    end. Who only reads the folder needs no lock. Where there are no such locks (Windows, some network folders), a
    warning says so, and nobody is kept out.

    Args:
        folder: str or `os.PathLike`. What is no folder has no lock.
        argument: str. What the messages call it.
        quiet: bool. Whether to leave out that warning, where it was given already.

    Raises:
        ValueError: if somebody else holds it, in one line that names the process; or if the folder cannot be written.

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
        if _files.is_at(descriptor, place):  # the folder may have been moved, and another be there
            with contextlib.suppress(OSError):
                place.unlink()
        os.close(descriptor)


def check(folder, argument="out"):
    """Raise if somebody else holds the lock of a folder; nothing is written."""
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
            if _files.is_at(descriptor, place):  # else its owner has just removed it
                _describe(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor, folder, quiet):
    """Lock an open file; return False if somebody else has locked it, and not only for the moment of a `check`."""
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
        message = f"{os.fspath(folder)} cannot be locked here ({reason}). Let nothing else write in it."
        warnings.warn(message, stacklevel=2)


def _describe(descriptor):
    """Write into the lock file who holds it."""
    command = shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]]) if sys.argv else ""
    text = f"{_who()}: {' '.join(command.split())}"
    with contextlib.suppress(OSError):  # a lock without a name is still a lock
        os.ftruncate(descriptor, 0)
        os.write(descriptor, text.encode("utf-8", "backslashreplace"))


def _who():
    return f"process {os.getpid()} on {socket.gethostname()}"


def _in_use(descriptor, folder, argument):
    """Build the error that names the process to which the lock belongs."""
    # It was written just after locking, and `_lock` has waited that long.
    found = os.read(descriptor, 4 * _LONGEST).decode("utf-8", "replace")
    found = "".join(letter if letter.isprintable() else "?" for letter in found)
    owner, _, command = found.partition(": ")
    who = "Another call in this process" if owner == _who() else owner.capitalize() if owner else "Another process"
    which = f" ({command[:_LONGEST]})" if command and owner != _who() else ""
    advice = f"{who} writes in it{which}. Wait until it ends, or stop it first."
    return _checks.refuse(argument, "must be a folder in which nobody else writes", os.fspath(folder), advice)
