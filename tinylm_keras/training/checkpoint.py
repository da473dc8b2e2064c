"""Checkpoints: one file with a model, its optimizer, and the state of the run.

The file is an ordinary model file (`tlm.load_model` reads it). Its config also holds the state below, as text. Weights,
optimizer variables and the seed states of dropout are stored as Keras stores weights.
"""

import dataclasses
import json
import math
import re

import keras
import numpy as np

from tinylm_keras import _files, archive, saving
from tinylm_keras.recipe.recipe import Recipe
from tinylm_keras.training import patience, plan, run_record

LAST, PREVIOUS, BEST = "last.keras", "previous.keras", "model.keras"

# If the samples have more characters than this, a checkpoint keeps only the newest half.
MOST_SAMPLED = 4 << 20

_COLUMN = re.compile("[a-z_]{1,40}")


@dataclasses.dataclass(frozen=True)
class State:
    """The state of a run.

    Attributes:
        batches: int. Number of batches so far; several may make one update.
        sums: (nats, tokens). Sums for the training loss of the current evaluation period.
        best: float. Lowest loss so far; inf before the first evaluation.
        best_step: int or None. Step of the lowest loss.
        first_loss: float or None. Training loss after the first call of the compiled step.
        seconds: float. Duration of the run so far.
        rows: list of dict. The history.
        samples: list of (step, text).
        record: dict. The content of recipe.json.
    """

    batches: int
    sums: tuple
    best: float
    best_step: int | None
    first_loss: float | None
    seconds: float
    rows: list
    samples: list
    record: dict

    @property
    def recipe(self):
        """The `Recipe` of the run."""
        return Recipe.from_json(json.dumps(self.record["recipe"]))

    @property
    def plan(self):
        """The `Plan` of the run."""
        return plan.Plan(**self.record["plan"])

    @property
    def step(self):
        """Number of updates so far."""
        return self.batches // self.plan.gradient_accumulation_steps

    @property
    def finished(self):
        """Whether the run is complete: all updates and the last evaluation are done, or its patience has run out."""
        if patience.is_over(self.rows, self.recipe.patience, patience.since(self.record)):
            return True
        return self.step >= self.plan.steps and bool(self.rows) and self.rows[-1]["step"] >= self.plan.steps

    def to_json(self):
        """Return the state as JSON. Numbers that are not finite become strings, because JSON lacks them."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        samples = list(self.samples)
        while sum(len(text) for _, text in samples) > MOST_SAMPLED and len(samples) > 1:
            samples = samples[len(samples) // 2 :]
        return json.dumps(_finite(values | {"samples": samples}), default=str)

    @classmethod
    def from_value(cls, value):
        """The inverse of `to_json`, from the parsed text.

        Raises:
            ValueError: if it is not a valid state.
        """
        try:
            names = [field.name for field in dataclasses.fields(cls)]
            values = {name: value[name] for name in names}
            state = cls(
                **values
                | {
                    "batches": int(values["batches"]),
                    "sums": tuple(map(float, values["sums"])),
                    "best": float(values["best"]),
                    "best_step": None if values["best_step"] is None else int(values["best_step"]),
                    "first_loss": None if values["first_loss"] is None else float(values["first_loss"]),
                    "seconds": float(values["seconds"]),
                    "rows": [_row(row) for row in values["rows"]],
                    "samples": [(int(step), str(text)) for step, text in values["samples"]],
                }
            )
            record = run_record.parse(state.record)
            state = dataclasses.replace(state, record=record.values)  # with current names
            good = (
                0 <= state.batches <= state.plan.steps * state.plan.gradient_accumulation_steps and len(state.sums) == 2
            )
            good &= None not in (record.recipe, record.plan, record.sha256)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ValueError(f"contains a training state that cannot be read ({error})") from None
        if not good:
            raise ValueError("contains an inconsistent training state")
        return state


def write(model, text, path, older=None):
    """Save a model with a text in its config, atomically.

    Args:
        model: `LanguageModel`.
        text: str. JSON.
        path: `pathlib.Path`.
        older: `pathlib.Path` or None. New name for the file that `path` holds now.

    Raises:
        OSError: if the file cannot be written; the old file is then unchanged.
    """
    model.training_state = text
    try:
        with _files.atomic_path(path, older) as temporary:
            keras.Model.save(model, temporary)  # the model's own `save` would repeat the atomic write
    finally:
        model.training_state = None


def read(path):
    """Return the model and the `State` in a checkpoint.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, is not a checkpoint, or its weights are not finite; the message names the file.
    """
    with archive.hold(path) as held:
        value = held.training()
        if value is None:
            raise ValueError(f"{held.path} is a model without a training state")
        try:
            state = State.from_value(value)
        except ValueError as error:
            raise ValueError(f"{held.path} {error}") from None
        model = saving.load_held(held)
    if getattr(model, "optimizer", None) is None or model.tokenizer is None:  # it may not be compiled
        raise ValueError(f"{path} is a model without its optimizer or its tokenizer")
    if int(model.optimizer._iterations) != state.batches:
        raise ValueError(f"{path} contains a training state that does not match its optimizer")
    return model, state


def choose(folder):
    """Return the newest intact checkpoint in a folder, or None if there is no checkpoint.

    Args:
        folder: `pathlib.Path`.

    Returns:
        None, or (model, `State`, lines about damaged files).

    Raises:
        ValueError: if all checkpoints are damaged; the message has the reasons.
    """
    problems = []
    for name in (LAST, PREVIOUS):
        if not (folder / name).exists():
            continue
        try:
            model, state = read(folder / name)
        except (ValueError, OSError) as error:
            problems.append(str(error).rstrip("."))
            continue
        lines = [f"{problem}. Using {name} of step {state.step:,} instead" for problem in problems]
        if name == PREVIOUS and not problems:
            lines = [f"{LAST} is missing. Using {name} of step {state.step:,} instead"]
        return model, state, lines
    if problems:
        raise ValueError(f"No checkpoint in {folder} can be used: {'; '.join(problems)}.")
    return None


def best_text(monitor, score, step):
    """Return the text for the file of the best model, as JSON."""
    return json.dumps({"monitor": monitor, "score": score if math.isfinite(score) else None, "step": step})


def read_best(path, monitor, rows=()):
    """Return (score, step) of the best model in a file; None if the file has none.

    Args:
        path: `pathlib.Path`.
        monitor: str. The name of the score.
        rows: list of dict. The history, which has the score if the model was chosen by another one: a mixture that
            several processes continue is no mixture any more.
    """
    try:
        value = archive.training(path)
        score, step = value["score"], int(value["step"])
        if value["monitor"] != monitor:
            score = next((row[monitor] for row in rows if row["step"] == step), None)
        return float(score), step
    except (OSError, ValueError, TypeError, KeyError):
        return None


def is_finite(model):
    """Whether all weights and all variables of the optimizer are finite numbers."""
    variables = [*model.variables, *model.optimizer.variables]
    arrays = (keras.ops.convert_to_numpy(one) for one in variables)
    return all(np.isfinite(array.astype("float32")).all() for array in arrays if array.dtype.kind not in "iub")


def _finite(value):
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _row(row):
    if not all(_COLUMN.fullmatch(name) for name in row):  # the names become the header of a table
        raise ValueError("its history has an unknown column")
    return {name: int(cell) if name == "step" else None if cell is None else float(cell) for name, cell in row.items()}
