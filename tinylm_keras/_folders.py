"""Output folders: checked before any work, locked while in use, and removed if the work fails."""

import contextlib
import os
import pathlib

from tinylm_keras import _checks, _files, _locks


def new_folder(path, overwrite=False, holds="run"):
    """Return `path` as a `pathlib.Path`, or raise unless a folder can be created and written there. Nothing is created.

    Args:
        path: str or `os.PathLike`. Called `out` in messages.
        overwrite: bool. Whether it may exist.
        holds: str. What `overwrite=True` would replace, for messages.

    Raises:
        ValueError: if the folder exists and `overwrite` is False, or if it cannot be written.
        TypeError: if `path` is not a path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise _checks.refuse("out", "must be the path of a folder, or None", path, error=TypeError)
    path = pathlib.Path(path)
    try:
        if os.path.lexists(path):
            if not path.is_dir():
                found = "a file" if path.exists() else "a broken link"
                raise _checks.refuse("out", f"must be a folder, but it is {found}", str(path))
            if not overwrite:
                _refuse_what_is_there(path, holds)
        parent = next(one for one in (path, *path.absolute().parents) if one.exists())
    except OSError as error:  # such as a name that is too long
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
    if os.listdir(path) != [_locks.NAME]:  # left by a process that was killed before it wrote anything
        raise _exists(path, holds)


def _exists(path, holds):
    replace = [_checks.Argument("overwrite", True), f" to replace the {holds} in it."]
    advice = ["Choose another name, or pass ", *replace]
    return _checks.refuse("out", "must be a new folder, but it exists", str(path), advice)


@contextlib.contextmanager
def claimed(path, overwrite=False, holds="run", quiet=False):
    """A context that creates a folder accepted by `new_folder`, and locks it.

    If the work in the context fails, the created folders are removed, unless they contain files.

    Args:
        path, overwrite, holds: As for `new_folder`.
        quiet: As for `_locks.held`.

    Raises:
        ValueError: if `new_folder` refuses the folder, or another process writes in it.
    """
    path = new_folder(path, overwrite, holds)
    with _made(path), _locks.held(path, quiet=quiet):
        if not overwrite and set(os.listdir(path)) - {_locks.NAME}:  # another run has filled it meanwhile
            raise _exists(path, holds)
        yield path


def make_folder(path):
    """Create the folder `path` and its parents, if they do not exist."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path, reason):
    """Return the error for a folder `out` that cannot be written, for a reason that is a str or an `OSError`.

    The error of a full disk is returned unchanged, because the argument is not wrong.
    """
    if isinstance(reason, OSError):
        if _files.is_of_the_disk(reason):
            return reason
        reason = reason.strerror
    return _checks.refuse("out", f"must be a folder that can be written ({reason})", str(path))


@contextlib.contextmanager
def _made(path):
    """A context that creates a folder, and removes it and its new parents if the context fails."""
    made = [one for one in (path, *path.absolute().parents) if not one.exists()]
    make_folder(path)
    try:
        yield
    except BaseException:
        for one in made:
            with contextlib.suppress(OSError):  # not empty
                one.rmdir()
        raise
