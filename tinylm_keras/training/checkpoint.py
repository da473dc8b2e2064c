"""A checkpoint: one file with a model, its optimizer, and where the training of it stands.

The file is a model's file as any other (`tlm.load_model` takes it), whose config also holds the state below, as text.
Weights, optimizer and the seed states of dropout are where Keras keeps weights.
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

# Of more text than this in the samples so far, a checkpoint keeps the newest half.
MOST_SAMPLED = 4 << 20

_COLUMN = re.compile("[a-z_]{1,40}")


@dataclasses.dataclass(frozen=True)
class State:
    """Where a run stands.

    Attributes:
        batches: int. How many were trained on; several may make one update.
        sums: (nats, tokens). The training loss of the evaluation period so far.
        best: float. Lowest score so far; inf before the first evaluation.
        best_step: int or None.
        first_loss: float or None. Training loss after the first call of the step.
        seconds: float. How long the run has taken.
        rows: list of dict. The history.
        samples: list of (step, text).
        record: dict. What recipe.json holds.
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
        """The `Plan` of the run, as it was made when the run began."""
        return plan.Plan(**self.record["plan"])

    @property
    def step(self):
        """Updates that were made."""
        return self.batches // self.plan.gradient_accumulation_steps

    @property
    def finished(self):
        """Whether nothing is left to do: all updates and the last evaluation were made, or none was better for long."""
        if patience.is_over(self.rows, self.recipe.patience, patience.since(self.record)):
            return True
        return self.step >= self.plan.steps and bool(self.rows) and self.rows[-1]["step"] >= self.plan.steps

    def to_json(self):
        """Return the state as text. Numbers that are not finite, which JSON lacks, are written as strings."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        samples = list(self.samples)
        while sum(len(text) for _, text in samples) > MOST_SAMPLED and len(samples) > 1:
            samples = samples[len(samples) // 2 :]
        return json.dumps(_finite(values | {"samples": samples}), default=str)

    @classmethod
    def from_value(cls, value):
        """The inverse of `to_json`, from the parsed text.

        Raises:
            ValueError: if it is no such state.
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
            state = dataclasses.replace(state, record=record.values)  # with the names of today
            good = (
                0 <= state.batches <= state.plan.steps * state.plan.gradient_accumulation_steps and len(state.sums) == 2
            )
            good &= None not in (record.recipe, record.plan, record.sha256)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ValueError(f"holds a state of training that cannot be read ({error})") from None
        if not good:
            raise ValueError("holds a state of training that cannot be true")
        return state


def write(model, text, path, older=None):
    """Save a model with a text beside its config, whole or not at all.

    Args:
        model: `LanguageModel`.
        text: str. JSON.
        path: `pathlib.Path`.
        older: `pathlib.Path` or None. What `path` holds now is kept under this name.

    Raises:
        OSError: if it cannot be written; what was there is still there.
    """
    model.training_state = text
    try:
        with _files.atomic_path(path, older) as temporary:
            keras.Model.save(model, temporary)  # not the model's own, which makes its file whole in the same way
    finally:
        model.training_state = None


def read(path):
    """Return the model and the `State` in a checkpoint.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, is no checkpoint, or its weights are not finite; in one line that names it.
    """
    with archive.hold(path) as held:
        value = held.training()
        if value is None:
            raise ValueError(f"{held.path} is a model without a state of training")
        try:
            state = State.from_value(value)
        except ValueError as error:
            raise ValueError(f"{held.path} {error}") from None
        model = saving.load_held(held)
    if getattr(model, "optimizer", None) is None or model.tokenizer is None:  # it may not be compiled
        raise ValueError(f"{path} is a model without its optimizer or its tokenizer")
    if int(model.optimizer._iterations) != state.batches:
        raise ValueError(f"{path} holds a state of training that is not that of its optimizer")
    return model, state


def choose(folder):
    """Return the newest checkpoint in a folder that is good, or None where there is none at all.

    Args:
        folder: `pathlib.Path`.

    Returns:
        None, or (model, `State`, the lines to say about files that were not good).

    Raises:
        ValueError: if there are checkpoints and none is good; says why of each.
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
        lines = [f"{problem}: {name} is used, of step {state.step:,}" for problem in problems]
        if name == PREVIOUS and not problems:
            lines = [f"{LAST} is missing: {name} is used, of step {state.step:,}"]
        return model, state, lines
    if problems:
        raise ValueError(f"No checkpoint in {folder} is good: {'; '.join(problems)}.")
    return None


def best_text(monitor, score, step):
    """Return what the file of the best model holds about itself, as JSON."""
    return json.dumps({"monitor": monitor, "score": score if math.isfinite(score) else None, "step": step})


def read_best(path, monitor):
    """Return (score, step) of the best model in a file; None where there is none or it cannot be told."""
    try:
        value = archive.training(path)
        if value["monitor"] == monitor:
            return float(value["score"]), int(value["step"])
    except (OSError, ValueError, TypeError, KeyError):
        pass
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
    if not all(_COLUMN.fullmatch(name) for name in row):  # they become the header of a table
        raise ValueError("its history has a column that no run writes")
    return {name: int(cell) if name == "step" else None if cell is None else float(cell) for name, cell in row.items()}
