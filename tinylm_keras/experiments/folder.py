"""The folder of an experiment: what was asked, the finished runs, and where it continues after a stop."""

import contextlib
import dataclasses
import json
import math
import os
import pathlib

from tinylm_keras import _checks, _files, _folders
from tinylm_keras._small_files import read_small
from tinylm_keras.training.run_folder import RunFolder

LARGEST = 64 << 20  # bytes of a record


@dataclasses.dataclass(frozen=True)
class Run:
    """One finished run of an experiment.

    Attributes:
        name: str. What is trained: the name of a model, or a value.
        seed: int.
        loss: float or None. Nats per token on the validation text; None: the run diverged.
        bits_per_character: float or None.
        parameters: int. Weights of the model.
        steps: int. Updates.
        seconds: float. Time of training.
        diverged: str. Empty, or how the run diverged.
    """

    name: str
    seed: int
    loss: float | None
    bits_per_character: float | None
    parameters: int
    steps: int
    seconds: float
    diverged: str = ""


class ExperimentFolder:
    """The runs of an experiment, and its folder if it is kept.

    Until the experiment is finished, its record on disk holds what was asked and the finished runs.

    Args:
        path: `pathlib.Path` or None. The folder, claimed; None keeps nothing.
        file: str. Name of the record, such as "compare.json".
        asked: dict. The settings of the experiment, which JSON can hold.
        runs: list of `Run`. Those of an earlier process.
        text: str or None. Fingerprint of its text.
        holds: str. What the experiment is, for messages.
        continuing: bool. Whether an earlier process has begun this experiment here.
    """

    def __init__(self, path=None, file="", asked=None, runs=(), text=None, holds="", continuing=False):
        self.path, self.file, self.asked, self.holds = path, file, asked, holds
        self.runs, self.text, self.continuing = list(runs), text, continuing

    def find(self, name, seed):
        """Return the finished `Run` of this name and seed, or None."""
        return next((run for run in self.runs if (run.name, run.seed) == (name, seed)), None)

    def add(self, run):
        """Keep a finished run, also on disk."""
        self.runs.append(run)
        self._write({"asked": self.asked, "text": self.text})

    def begin(self, text):
        """Write what was asked, before the first run; a finished record that is replaced stays until there is a run.

        Args:
            text: str. Fingerprint of the text.

        Raises:
            ValueError: if an earlier process has begun with another text.
        """
        if self.continuing and self.text not in (None, text):
            rule = f"holds a stopped {self.holds} of another text, with the fingerprint {str(self.text)[:12]}"
            raise _checks.refuse("out", f"{rule}, not {text[:12]}", str(self.path), "Choose another folder.")
        self.text = text
        if self.path is not None and (self.continuing or not os.path.lexists(self.path / self.file)):
            self._write({"asked": self.asked, "text": text})

    def finish(self, record, results):
        """Write the whole record: it has results, so the experiment is finished."""
        self._write({**record, "results": results})

    def run_folder(self, name):
        """Return the `RunFolder` of one run, or None."""
        return None if self.path is None else RunFolder(self.path / name, overwrite=True)

    def _write(self, record):
        if self.path is None:
            return
        record = {**record, "runs": [dataclasses.asdict(run) for run in self.runs]}
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
        with _files.atomic_path(self.path / self.file) as path:
            path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def claimed(out, overwrite, file, holds, asked):
    """A context with the claimed `ExperimentFolder` of a new experiment, or of one that was stopped.

    Args:
        out: str, path or None. None keeps nothing.
        overwrite: bool. Whether what is there may be replaced; then nothing is continued.
        file: str. Name of the record.
        holds: str. What the folder holds, for messages.
        asked: dict. The settings of the experiment; an experiment with others is not continued.

    Raises:
        ValueError: if the folder exists and holds anything but the same experiment, stopped; or if another process
            writes in it.
    """
    if out is None:
        yield ExperimentFolder()
        return
    asked = json.loads(json.dumps(asked))  # tuples become lists, as in the file
    stopped = not overwrite and _stopped(out, file, holds, asked) is not None
    with _folders.claimed(out, overwrite or stopped, holds) as path:
        # Read again behind the lock: the process that held it may have added runs, or finished.
        before = _stopped(path, file, holds, asked) if stopped else None
        if stopped and before is None:
            _folders.new_folder(path, False, holds)  # refuses
        runs, text = before or ((), None)
        yield ExperimentFolder(path, file, asked, runs, text, holds, continuing=stopped)


def _stopped(out, file, holds, asked):
    """Return the runs of a stopped experiment in a folder, and the fingerprint of its text; None if there is none."""
    try:
        content = json.loads(read_small(pathlib.Path(out, file), LARGEST))
        before = content.get("asked") if "results" not in content else None
        if before is None:
            return None
        runs = [Run(**run) for run in content["runs"]]
        if not all(map(_is_sound, runs)):
            raise ValueError("a run has a value of a wrong kind")
    except (OSError, TypeError):
        return None  # such as no file, a file in place of the folder: the folder itself is judged then
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        rule = f"must be a new folder, but it holds a damaged {file} ({error})"
        raise _checks.refuse("out", rule, str(out), ["Choose another, or pass ", _overwrite(), "."]) from None
    other = _first_difference(before, asked)
    if other is not None:
        name, had, has = other
        rule = [f"holds a stopped {holds} with other settings (", _checks.Argument(name, had), ", now ", has, ")"]
        advice = ["Repeat it with the same settings, choose another folder, or pass ", _overwrite(), " to replace it."]
        raise _checks.refuse("out", rule, str(out), advice)
    return runs, content.get("text")


def _overwrite():
    return _checks.Argument("overwrite", True)


def _is_sound(run):
    numbers = (run.loss, run.bits_per_character)
    known = all(isinstance(one, float) and math.isfinite(one) for one in numbers)
    counts = all(isinstance(one, int) and one >= 0 for one in (run.seed, run.parameters, run.steps))
    is_diverged = isinstance(run.diverged, str) and run.diverged and numbers == (None, None)
    return isinstance(run.name, str) and counts and isinstance(run.seconds, (int, float)) and (known or is_diverged)


def _first_difference(before, now, name="settings"):
    """Return the name of the first setting that differs, its value before, and its value now; or None.

    Example:

    >>> _first_difference({"a": {"steps": 1, "seed": 0}}, {"a": {"steps": 2, "seed": 0}})
    ('steps', 1, '2')
    """
    if isinstance(before, dict) and isinstance(now, dict):
        for key in (*now, *(key for key in before if key not in now)):
            found = _first_difference(before.get(key), now.get(key), key)
            if found is not None:
                return found
        return None
    return None if before == now else (name, before, repr(now))
