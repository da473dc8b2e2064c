"""The folder of a run: which files it holds, and how each is written whole."""

import csv
import json
import os
import pathlib

from tinylm_keras import _checks, _csv_files, _files, _folders
from tinylm_keras._files import atomic_path

# In the order in which an earlier run is removed: a folder without a recipe.json holds no run.
FILES = (
    *("recipe.json", "history.csv", "loss.png", "samples.txt"),
    *("model.keras", "previous.keras", "last.keras"),
)


def read(path):
    """Read what a run wrote down.

    Args:
        path: str or `os.PathLike`. The folder of a run, finished or stopped.

    Returns:
        The rows of its history, as dicts of float (None where a cell is empty), and the dict of its recipe.json.

    Raises:
        ValueError: if the folder holds no run.
    """
    folder = pathlib.Path(path)
    record = read_record(folder)
    try:
        with folder.joinpath("history.csv").open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
        rows = [{name: float(cell) if cell else None for name, cell in row.items()} for row in table]
        if not rows:
            raise ValueError("it is empty")
        for name in ("step", "loss"):
            if name not in rows[0]:
                raise ValueError(f"its history has no column `{name}`")
        return [{**row, "step": int(row["step"])} for row in rows], record
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise _no_run(path, error) from None


def read_record(path, argument="run"):
    """Read the recipe.json of a run, as a dict.

    Raises:
        ValueError: if the folder holds none.
    """
    try:
        record = json.loads(pathlib.Path(path, "recipe.json").read_text(encoding="utf-8"))
        if not isinstance(record, dict) or not isinstance(record.get("recipe"), dict):
            raise ValueError("it holds no recipe")
        if not isinstance(record.get("corpus", {}), dict):
            raise ValueError("what it says of the text is no object")
    except (OSError, ValueError, TypeError) as error:
        raise _no_run(path, error, argument) from None
    return record


def sources_of(record):
    """Return where the text of a run can be read again: a list of absolute paths, patterns and names.

    Args:
        record: dict. What recipe.json holds. Older ones have the names of several sources in one string.

    Returns:
        A list of str, empty where the text lies nowhere, as one given in Python or by a pipe.

    Example:

    >>> sources_of({"source": "a.txt", "sources": ["/texts/a.txt"]}), sources_of({"source": "a.txt + stories"})
    (['/texts/a.txt'], ['a.txt', 'stories'])
    """
    sources = record.get("sources")
    if isinstance(sources, list) and all(isinstance(source, str) for source in sources):
        return sources
    name = record.get("source")
    if not isinstance(name, str) or name in ("", "texts given in Python"):
        return []
    return [name] if os.path.lexists(name) else name.split(" + ")


def _no_run(path, error, argument="run"):
    reason = getattr(error, "strerror", None) or str(error)
    rule = f"must be the folder of a run, with recipe.json and history.csv ({reason})"
    return _checks.refuse(argument, rule, str(path))


class RunFolder:
    """The files of one run. Nothing is written before `create`.

    An earlier run in the folder stays whole until this one has its first file to put there: a run that stops before
    its first step has replaced nothing.

    Args:
        path: str or `os.PathLike`. The folder.
        overwrite: bool. Whether files of an earlier run there may be replaced.

    Attributes:
        waiting: bool. Whether an earlier run is still there, to be replaced.

    Raises:
        ValueError: if the folder exists and `overwrite` is False, or if it cannot be a folder that can be written.

    Example:

    >>> import tempfile
    >>> folder = RunFolder(pathlib.Path(tempfile.mkdtemp()) / "run")
    >>> folder.create({"recipe": {"steps": 1}})
    >>> folder.write_history([{"step": 1, "loss": 0.5}])
    >>> folder.file("history.csv").read_text()
    'step,loss\\n1,0.5\\n'
    """

    def __init__(self, path, overwrite=False):
        self.path, self.overwrite = _folders.new_folder(path, overwrite), overwrite
        self.record, self.waiting = None, False

    def claimed(self, quiet=False):
        """Return a context that makes the folder and keeps every other run out of it; see `_folders.claimed`."""
        return _folders.claimed(self.path, self.overwrite, quiet=quiet)

    def create(self, record, going_on=False):
        """Make the folder and write `recipe.json`, unless an earlier run is there.

        What killed processes left half written is removed; foreign files stay.

        Args:
            record: dict with the key "recipe" and what else is known of the run.
            going_on: bool. Whether the run in the folder is this one.

        Raises:
            ValueError: if it cannot be made or written.
        """
        self.record = record
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                _files.sweep(self.file(name))
            self.waiting = not going_on and any(map(os.path.lexists, map(self.file, FILES)))
            if self.waiting:
                with atomic_path(self.file(".trial")) as path:  # of writing here
                    path.touch()
                self.file(".trial").unlink()
            else:
                self.write_recipe(record)
        except OSError as error:
            raise _folders.unwritable(self.path, error.strerror) from None

    def claim(self):
        """Remove an earlier run that is still there, and write `recipe.json`; called before any other file is."""
        if self.waiting:
            self.waiting = False
            for name in FILES:
                self.file(name).unlink(missing_ok=True)
            self.write_recipe(self.record)

    def file(self, name):
        """Return the path of one of the files."""
        return self.path / name

    def write_recipe(self, record):
        """Write `recipe.json`: a dict with the key "recipe" and what else is known of the run."""
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
        self.record = record
        self._write("recipe.json", text + "\n")

    def write_history(self, rows):
        """Write `history.csv`: one row for each evaluation, the keys of the first row as header."""
        self.claim()
        _csv_files.write(self.file("history.csv"), rows)

    def write_samples(self, samples):
        """Write `samples.txt` from pairs of a step and the text sampled after it."""
        self._write("samples.txt", "".join(f"--- step {step:,}\n{text}\n\n" for step, text in samples))

    def _write(self, name, text):
        self.claim()
        with atomic_path(self.file(name)) as path:
            path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
