"""The folder of a run: which files it holds, and how each is written whole."""

import csv
import json
import pathlib

from tinylm_keras import _checks, _files
from tinylm_keras._files import atomic_path

MODELS = ("model.keras", "last.keras")
RECORDS = ("recipe.json", "history.csv", "loss.png", "samples.txt")


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
    try:
        record = json.loads(folder.joinpath("recipe.json").read_text(encoding="utf-8"))
        with folder.joinpath("history.csv").open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
        rows = [{name: float(cell) if cell else None for name, cell in row.items()} for row in table]
        if not rows or not isinstance(record, dict):
            raise ValueError("it is empty")
    except (OSError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        rule = f"must be the folder of a run, with recipe.json and history.csv ({reason})"
        raise _checks.refuse("run", rule, str(path)) from None
    return [{**row, "step": int(row["step"])} for row in rows], record


class RunFolder:
    """The files of one run. Nothing is written before `create`.

    Args:
        path: str or `os.PathLike`. The folder.
        overwrite: bool. Whether files of an earlier run there may be replaced.

    Raises:
        ValueError: if the folder exists and `overwrite` is False, or if it cannot be a folder that can be written.

    Example:

    >>> import tempfile
    >>> folder = RunFolder(pathlib.Path(tempfile.mkdtemp()) / "run")
    >>> folder.create()
    >>> folder.write_history([{"step": 1, "loss": 0.5}])
    >>> folder.file("history.csv").read_text()
    'step,loss\\n1,0.5\\n'
    """

    def __init__(self, path, overwrite=False):
        self.path = _files.new_folder(path, overwrite)

    def create(self):
        """Make the folder and remove the records of an earlier run in it.

        The models of an earlier run stay until this run has one to put in their place; foreign files stay.

        Raises:
            ValueError: if it cannot be made or written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with atomic_path(self.file("recipe.json")):  # a full trial of writing here
                pass
            for name in RECORDS:
                self.file(name).unlink(missing_ok=True)
        except OSError as error:
            raise _files.unwritable(self.path, error.strerror) from None

    def file(self, name):
        """Return the path of one of the files."""
        return self.path / name

    def write_recipe(self, record):
        """Write `recipe.json`: a dict with the key "recipe" and what else is known of the run."""
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
        self._write("recipe.json", text + "\n")

    def write_history(self, rows):
        """Write `history.csv`: one row for each evaluation, the keys of the first row as header."""
        with atomic_path(self.file("history.csv")) as path, path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def write_samples(self, samples):
        """Write `samples.txt` from pairs of a step and the text sampled after it."""
        self._write("samples.txt", "".join(f"--- step {step:,}\n{text}\n\n" for step, text in samples))

    def _write(self, name, text):
        with atomic_path(self.file(name)) as path:
            path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
