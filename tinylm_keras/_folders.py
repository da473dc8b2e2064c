"""Folders to write in: refused before anything is done, locked, and removed again when nothing came of it."""

import contextlib
import os
import pathlib

from tinylm_keras import _checks, _files, _locks


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
                found = "a file" if path.exists() else "a link to nothing"
                raise _checks.refuse("out", f"must be a folder, but it is {found}", str(path))
            if not overwrite:
                _refuse_what_is_there(path, holds)
        parent = next(one for one in (path, *path.absolute().parents) if one.exists())
    except OSError as error:  # too long a name, a file on the way
        raise unwritable(path, error) from None
    except StopIteration:
        raise unwritable(path, "there is no such place") from None
    if not parent.is_dir():
        raise unwritable(path, f"{parent} is a file")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise unwritable(path, f"{parent} is read-only")
    return path


def _refuse_what_is_there(path, holds):
    _locks.check(path)
    if os.listdir(path) != [_locks.NAME]:  # all that a process leaves which is killed before it has written anything
        raise _exists(path, holds)


def _exists(path, holds):
    replace = [_checks.Argument("overwrite", True), f" to replace the {holds} in it."]
    advice = ["Choose another name, or pass ", *replace]
    return _checks.refuse("out", "must be a new folder, but it exists", str(path), advice)


@contextlib.contextmanager
def claimed(path, overwrite=False, holds="run", quiet=False):
    """Make a folder that `new_folder` allows, and hold its lock while the `with` lasts.

    When what is done there fails, the folders that were made for it are removed, unless there is something in them.

    Args:
        path, overwrite, holds: As for `new_folder`.
        quiet: As for `_locks.held`.

    Raises:
        ValueError: if `new_folder` refuses the folder, or if somebody else writes in it.
    """
    path = new_folder(path, overwrite, holds)
    with _made(path), _locks.held(path, quiet=quiet):
        if not overwrite and set(os.listdir(path)) - {_locks.NAME}:  # filled by a run that has ended meanwhile
            raise _exists(path, holds)
        yield path


def make_folder(path):
    """Make the folder `path` and those above it, unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path, reason):
    """Build the error for a folder `out` that cannot be written: for a reason in words, or an `OSError`.

    A full disk is no mistake in the argument, so that error stays what it is.
    """
    if isinstance(reason, OSError):
        if _files.is_of_the_disk(reason):
            return reason
        reason = reason.strerror
    return _checks.refuse("out", f"must be a folder that can be written ({reason})", str(path))


@contextlib.contextmanager
def _made(path):
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
