"""Output folders: checked before any work, locked while in use, and removed if the work fails."""

import contextlib
import os
import pathlib
import re
import shutil
import tempfile

from tinylm_keras import _checks, _files, _locks

# The folder inside a claimed folder in which new files are written before they are moved to their places.
_STAGE, _STAGES = ".export.", re.compile(r"\.export\.\w{8}")


def new_folder(path, overwrite=False, holds="run", argument="out"):
    """Return `path` as a `pathlib.Path`, or raise unless a folder can be created and written there. Nothing is created.

    Args:
        path: str or `os.PathLike`.
        overwrite: bool. Whether it may exist.
        holds: str. What `overwrite=True` would replace, for messages.
        argument: str. The name of `path` in messages.

    Raises:
        ValueError: if the folder exists and `overwrite` is False, or if it cannot be written.
        TypeError: if `path` is not a path.
    """
    path = _checks.path(argument, path, "folder")
    try:
        if os.path.lexists(path):
            if not path.is_dir():
                found = "a file" if path.exists() else "a broken link"
                raise _checks.refuse(argument, f"must be a folder, but it is {found}", str(path))
            if not overwrite:
                _refuse_what_is_there(path, holds, argument)
        parent = next(one for one in (path, *path.absolute().parents) if one.exists())
    except OSError as error:  # such as a name that is too long
        raise unwritable(path, error, argument) from None
    except StopIteration:
        raise unwritable(path, "there is no such place", argument) from None
    if not parent.is_dir():
        raise unwritable(path, f"{parent} is a file", argument)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise unwritable(path, f"{parent} is read-only", argument)
    return path


def _refuse_what_is_there(path, holds, argument):
    _locks.check(path, argument)
    names = os.listdir(path)
    # A process that was killed before it finished a file leaves its lock, and perhaps a stage or temporary files.
    if _locks.NAME not in names or _others(path, names):
        raise _exists(path, holds, argument)


def _others(path, names):
    """Return those of the names in a folder that are neither the lock file nor a stage nor an unfinished file."""
    ours = {_locks.NAME, *filter(_files.is_temporary, names)}
    return [name for name in names if name not in ours and not _is_stage(path / name)]


def _is_stage(path):
    return _STAGES.fullmatch(path.name) is not None and path.is_dir() and not path.is_symlink()


def _exists(path, holds, argument):
    replace = [_checks.Argument("overwrite", True), f" to replace the {holds} in it."]
    advice = ["Choose another name, or pass ", *replace]
    return _checks.refuse(argument, "must be a new folder, but it exists", str(path), advice)


@contextlib.contextmanager
def claimed(path, overwrite=False, holds="run", quiet=False, argument="out"):
    """A context that creates a folder accepted by `new_folder`, and locks it.

    If the work in the context fails, the created folders are removed, unless they contain files.

    Args:
        path, overwrite, holds, argument: As for `new_folder`.
        quiet: As for `_locks.held`.

    Raises:
        ValueError: if `new_folder` refuses the folder, or another process writes in it.
    """
    path = new_folder(path, overwrite, holds, argument)
    with _made(path, argument), _locks.held(path, argument, quiet):
        if not overwrite and _others(path, os.listdir(path)):  # another run has filled it meanwhile
            raise _exists(path, holds, argument)
        yield path


@contextlib.contextmanager
def stage(folder):
    """A context with an empty folder inside a folder that is claimed; it is removed at the end.

    Stages that killed processes left in `folder` are removed first: as the folder is locked, no process uses them.
    """
    for left in filter(_is_stage, folder.iterdir()):
        shutil.rmtree(left, ignore_errors=True)
    path = pathlib.Path(tempfile.mkdtemp(prefix=_STAGE, dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def make_folder(path, argument="out"):
    """Create the folder `path` and its parents, if they do not exist."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error, argument) from None


def unwritable(path, reason, argument="out"):
    """Return the error for a folder that cannot be written, for a reason that is a str or an `OSError`.

    The error of a full disk is returned unchanged, because the argument is not wrong.
    """
    if isinstance(reason, OSError):
        if _files.is_of_the_disk(reason):
            return reason
        reason = reason.strerror
    return _checks.refuse(argument, f"must be a folder that can be written ({reason})", str(path))


@contextlib.contextmanager
def _made(path, argument):
    """A context that creates a folder, and removes it and its new parents if the context fails."""
    made = [one for one in (path, *path.absolute().parents) if not one.exists()]
    make_folder(path, argument)
    try:
        yield
    except BaseException:
        for one in made:
            with contextlib.suppress(OSError):  # not empty
                one.rmdir()
        raise
