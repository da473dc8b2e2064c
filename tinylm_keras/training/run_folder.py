"""The folder of a run: its files, and how they are written."""

import contextlib
import csv
import io
import itertools
import json
import math
import os
import pathlib

from tinylm_keras import _checks, _csv_files, _files, _folders
from tinylm_keras._files import atomic_path
from tinylm_keras._small_files import read_small
from tinylm_keras.training import run_record

HISTORY, LARGEST_HISTORY = "history.csv", 16 << 20  # bytes

# In the order of removal, because a folder without a recipe.json is not a run.
FILES = (
    *("recipe.json", "history.csv", "loss.png", "samples.txt"),
    *("model.keras", "previous.keras", "last.keras"),
)


def read(path):
    """Read the history and the record of a run.

    Args:
        path: str or `os.PathLike`. The folder of a run, finished or stopped.

    Returns:
        The rows of its history, as dicts of float (None for an empty cell), and the dict of its recipe.json.

    Raises:
        ValueError: if the folder is not that of a run.
    """
    record = record_of(path)
    try:
        content = read_small(pathlib.Path(path, HISTORY), LARGEST_HISTORY).decode("utf-8")
        return _rows(csv.DictReader(io.StringIO(content, newline=""))), record.values
    except (OSError, ValueError, TypeError, OverflowError, csv.Error) as error:
        raise _no_run(path, error) from None


def _rows(table):
    rows = [{name: float(cell) if cell else None for name, cell in row.items()} for row in table]
    if not rows:
        raise ValueError("it is empty")
    for name in ("step", "loss"):
        if name not in rows[0]:
            raise ValueError(f"its history has no column `{name}`")
    steps = [int(row["step"]) for row in rows]
    rows = [{**row, "step": step} for row, step in zip(rows, steps, strict=True)]
    if steps[0] < 0 or any(later < step for step, later in itertools.pairwise(steps)):
        raise ValueError("the steps of its history fall")
    if any(cell is not None and math.isnan(cell) for row in rows for cell in row.values()):
        raise ValueError("its history holds NaN")
    return rows


def record_of(path, argument="run"):
    """Return the `RunRecord` of a run's folder.

    Raises:
        ValueError: if the folder has no record with a recipe.
    """
    try:
        record = run_record.read(path)
        if record.recipe is None:
            raise ValueError("it has no recipe")
    except (OSError, ValueError, TypeError) as error:
        raise _no_run(path, error, argument) from None
    return record


def _no_run(path, error, argument="run"):
    reason = getattr(error, "strerror", None) or str(error)
    rule = f"must be the folder of a run, with recipe.json and history.csv ({reason})"
    return _checks.refuse(argument, rule, str(path))


class RunFolder:
    """The files of one run. Nothing is written before `create`.

    An earlier run in the folder is kept until the new run writes its first model file. So a run that stops before its
    first step replaces nothing.

    Args:
        path: str or `os.PathLike`. The folder.
        overwrite: bool. Whether files of an earlier run there may be replaced.

    Attributes:
        waiting: bool. Whether the folder still holds an earlier run.
        writes: bool. Whether this object writes.

    Raises:
        ValueError: if the folder exists and `overwrite` is False, or if it cannot be written.

    Example:

    >>> import tempfile
    >>> folder = RunFolder(pathlib.Path(tempfile.mkdtemp()) / "run")
    >>> folder.create({"recipe": {"steps": 1}})
    >>> folder.write_history([{"step": 1, "loss": 0.5}])
    >>> folder.file("history.csv").read_text()
    'step,loss\\n1,0.5\\n'
    """

    writes = True

    def __init__(self, path, overwrite=False):
        self.path, self.overwrite = _folders.new_folder(path, overwrite), overwrite
        self.record, self.waiting = None, False

    def claimed(self, quiet=False):
        """Return a context that creates the folder and locks it against other runs; see `_folders.claimed`."""
        return _folders.claimed(self.path, self.overwrite, quiet=quiet)

    def create(self, record, continuing=False):
        """Create the folder and write `recipe.json`, unless an earlier run is there.

        Unfinished files of killed processes are removed; other files stay.

        Args:
            record: dict. The record of the run, with the key "recipe".
            continuing: bool. Whether the run in the folder is resumed.

        Raises:
            ValueError: if it cannot be created or written.
        """
        self.record = record
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                _files.sweep(self.file(name))
            self.waiting = not continuing and any(map(os.path.lexists, map(self.file, FILES)))
            if self.waiting:
                with atomic_path(self.file(".trial")) as path:  # checks that files can be written here
                    path.touch()
                self.file(".trial").unlink()
            else:
                self.write_recipe(record)
        except OSError as error:
            raise _folders.unwritable(self.path, error) from None

    def claim(self):
        """Remove an earlier run and write `recipe.json`; called before any other file is written."""
        if self.waiting:
            self.waiting = False
            for name in FILES:
                self.file(name).unlink(missing_ok=True)
            self.write_recipe(self.record)

    def file(self, name):
        """Return the path of one of the files."""
        return self.path / name

    def write_recipe(self, record):
        """Write `recipe.json`: the record of the run, with the key "recipe"."""
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


class ReadFolder(RunFolder):
    """The folder of a run in which another process writes: it is read, and nothing is written."""

    writes = False

    def __init__(self, path):
        self.path, self.overwrite = pathlib.Path(path), True
        self.record, self.waiting = None, False

    def claimed(self, quiet=False):
        return contextlib.nullcontext()

    def create(self, record, continuing=False):
        self.record = record

    def claim(self):
        pass

    def write_recipe(self, record):
        self.record = record

    def write_history(self, rows):
        pass

    def write_samples(self, samples):
        pass
