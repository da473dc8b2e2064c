"""Law 10: stop at any step, continue, and the end is the same to the last bit."""

import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

from tests.archive import hostile
from tests.training.test_train import TEXTS, TINY, Listener
from tinylm_keras import archive, load_model
from tinylm_keras.recipe.recipe import Recipe
from tinylm_keras.training import run_folder
from tinylm_keras.training.plan import Plan
from tinylm_keras.training.progress import Silent
from tinylm_keras.training.train import train

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures"

SETTINGS = {**TINY, "dropout": 0.3, "steps": 7, "evaluate_every": 4}

# Other presets, made small; a new preset is one line.
RUN = {name: SETTINGS[name] for name in ("steps", "evaluate_every", "validation", "prompt", "progress", "dropout")}
WIDTHS = {"context_length": 6, "embed_dim": 8, "batch_size": 4}
HEADS = {"num_heads": 1, "num_blocks": 1, "feed_forward_dim": 8}
PRESETS = {
    "attention-average": {"hidden_dim": 8},
    "shakespeare-char-small": {**HEADS, "evaluation_batches": 2},
    "fast": HEADS,
}

# Updates are one by one, so that a run can stop anywhere; the process kills itself.
CHILD = """
import os, signal, sys
from tests.training.test_resume import Killer
from tests.training.test_train import TEXTS
from tinylm_keras.training.train import train
import tinylm_keras.training.checkpoint_manager as checkpoints
checkpoints.SAVE_INTERVAL, checkpoints.SAVE_COST = 0.0, 0
train(TEXTS, out=sys.argv[1], **{**eval(sys.argv[2]), "progress": Killer(int(sys.argv[3]))})
"""


class Killer(Silent):
    def __init__(self, step):
        self.at = step

    def step(self, step, *others):
        if step >= self.at:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGKILL)


class Stopper(Silent):
    """Ctrl-C at a step."""

    def __init__(self, step):
        self.at = step

    def step(self, step, *others):
        if step >= self.at:
            raise KeyboardInterrupt


def numbers(model):
    return [np.array(variable.numpy()) for variable in (*model.variables, *model.optimizer.variables)]


def same(one, other):
    return all(np.array_equal(left, right) for left, right in zip(numbers(one), numbers(other), strict=True))


def stop(folder, step):
    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, out=folder, **{**SETTINGS, "progress": Stopper(step)})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    return folder, train(TEXTS, out=folder, **SETTINGS)


def assert_equal_runs(folder, model, whole):
    assert same(load_model(folder / "last.keras"), load_model(whole[0] / "last.keras"))
    assert same(model, whole[1])
    # With equal weights, ids and settings the texts are equal too; one test generates some.
    assert model.tokenizer.fingerprint() == whole[1].tokenizer.fingerprint()
    assert model.generation_defaults == whole[1].generation_defaults
    for name in ("history.csv", "samples.txt"):
        rows = [[line.rpartition(",")[0] for line in (one / name).open()] for one in (folder, whole[0])]
        assert rows[0] == rows[1]
    for name in ("step", "loss", "val_loss"):  # of all processes together
        assert model.history.history[name] == whole[1].history.history[name]


@pytest.mark.parametrize("step", [1, 4, 5])
def test_ctrl_c_and_resume_end_as_without_it(whole, tmp_path, step):
    stop(tmp_path / "run", step)
    model = train(TEXTS, resume=tmp_path / "run", progress=None)
    assert_equal_runs(tmp_path / "run", model, whole)


@pytest.mark.parametrize("step", [1, 4, 6])
def test_a_kill_and_resume_end_as_without_it(whole, tmp_path, step):
    command = [sys.executable, "-c", CHILD, str(tmp_path / "run"), repr(SETTINGS), str(step)]
    assert subprocess.run(command, check=False).returncode == -9
    model = train(TEXTS, resume=tmp_path / "run", progress=None)
    assert_equal_runs(tmp_path / "run", model, whole)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_kill_in_other_presets_and_resume_end_as_without_it(tmp_path, preset):
    settings = {**RUN, **WIDTHS, "preset": preset, **PRESETS[preset]}
    command = [sys.executable, "-c", CHILD, str(tmp_path / "run"), repr(settings), "3"]
    assert subprocess.run(command, check=False).returncode == -9
    whole = train(TEXTS, out=tmp_path / "whole", **settings)
    model = train(TEXTS, resume=tmp_path / "run", progress=None)
    assert_equal_runs(tmp_path / "run", model, (tmp_path / "whole", whole))


def test_what_differs_from_the_run_is_refused_with_both_values(whole, tmp_path):
    stop(tmp_path / "run", 2)
    for settings, message in (
        ({"seed": 5}, "`seed` must be the value of the run, 0. Received: seed=5."),
        ({"context_length": 9}, "`context_length` must be the value of the run, 6. Received: context_length=9."),
        ({"preset": "bigram"}, "`preset` must be the value of the run, 'tinylm'. Received: preset='bigram'."),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            train(TEXTS, resume=tmp_path / "run", **settings)
    with pytest.raises(ValueError, match=r"must be the text of the run, with the fingerprint \w{12}, but this one has"):
        train(TEXTS[:-1], resume=tmp_path / "run")


def test_a_run_in_mixed_precision_learns_as_well_and_goes_on_to_the_same_bits(tmp_path, whole):
    settings = {**SETTINGS, "precision": "mixed_bfloat16"}
    model = train(TEXTS, out=tmp_path / "whole", **settings)
    assert model.compute_dtype == "bfloat16" and model.variable_dtype == "float32"
    loss = [train_loss(folder) for folder in (tmp_path / "whole", whole[0])]
    assert loss[0] == pytest.approx(loss[1], rel=0.05)
    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, out=tmp_path / "stopped", **{**settings, "progress": Stopper(5)})
    resumed = train(TEXTS, resume=tmp_path / "stopped", progress=None)
    assert_equal_runs(tmp_path / "stopped", resumed, (tmp_path / "whole", model))
    further = train(TEXTS, init=tmp_path / "whole" / "model.keras", preset="tinylm", steps=1, progress=None)
    assert further.compute_dtype == "bfloat16"
    with pytest.raises(ValueError, match="`precision` cannot be changed together with `init`"):
        train(TEXTS, init=tmp_path / "whole" / "model.keras", precision="float32", progress=None)


def test_without_a_precision_keras_own_policy_holds():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert train(TEXTS, **{**SETTINGS, "steps": 1}).compute_dtype == "bfloat16"
        assert train(TEXTS, **{**SETTINGS, "steps": 1, "precision": "float32"}).compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy(before)


def train_loss(folder):
    return run_folder.read(folder)[0][-1]["loss"]


def test_a_damaged_checkpoint_gives_way_to_the_older_one(whole, tmp_path):
    folder = tmp_path / "run"
    stop(folder, 5)
    good = (folder / "last.keras").read_bytes()
    assert (folder / "previous.keras").exists()
    (folder / "last.keras").write_bytes(good[: len(good) // 2])
    shown = Listener()
    model = train(TEXTS, resume=folder, progress=shown)
    assert model.generate("the", seed=3) == whole[1].generate("the", seed=3)
    assert re.search(r"last\.keras is not a \.keras file.*\. Using previous\.keras of step \d", shown.lines[0])
    assert_equal_runs(folder, model, whole)
    for name in ("last.keras", "previous.keras"):
        (folder / name).write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"No checkpoint in .* can be used: .*last\.keras is empty.*previous\.keras is em"
    ):
        train(TEXTS, resume=folder)


@pytest.mark.parametrize("version", [2, 3])
def test_a_checkpoint_of_each_format_goes_on_and_is_written_with_the_names_of_today(tmp_path, version):
    (tmp_path / "run").mkdir()
    shutil.copy(FIXTURES / f"checkpoint_{version}.keras", tmp_path / "run" / "last.keras")
    state = archive.training(tmp_path / "run" / "last.keras")
    assert state["batches"] == 1
    train(TEXTS, resume=tmp_path / "run", progress=None)
    after = archive.training(tmp_path / "run" / "last.keras")
    assert after["batches"] == SETTINGS["steps"]
    for record in (after["record"], json.loads((tmp_path / "run" / "recipe.json").read_text())):
        assert {*record["recipe"]} <= {field.name for field in dataclasses.fields(Recipe)}
        assert {*record["plan"]} <= {field.name for field in dataclasses.fields(Plan)}
        assert record["corpus"]["layout"] in ("padded", "packed")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("record", "model"), {}),  # what the first lines say
        (("record", "versions"), 7),
        (("record", "plan", "jit_compile"), 1.0),
        (("record", "plan", "estimated_seconds"), 10**400),
        (("record", "recipe", "learning_rate"), 10**400),
        (("record", "corpus", "layout"), None),
        (("record", "plan", "steps"), 7.5),
        (("record", "plan", "steps_per_execution"), "2"),
        (("rows",), [{"step": "x"}]),
        (("sums",), [1.0]),
    ],
)
def test_a_state_that_cannot_be_true_is_refused_in_one_line(tmp_path, place, value):
    path = tmp_path / "last.keras"
    shutil.copy(FIXTURES / "checkpoint_2.keras", path)

    def change(state):
        holder = state
        for name in place[:-1]:
            holder = holder[name]
        if value is None:
            del holder[place[-1]]
        else:
            holder[place[-1]] = value
        return state

    hostile.change_state(path, change)
    with pytest.raises(ValueError, match=r"^(`resume` must be a run whose|No checkpoint in .* can be used: )") as error:
        train(TEXTS, resume=tmp_path, progress=None)
    assert "\n" not in str(error.value)


def test_a_finished_run_says_so_and_is_left_as_it_is(tmp_path):
    folder = tmp_path / "run"
    train(TEXTS, out=folder, **SETTINGS)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    class Ending(Listener):
        def finish(self, lines):
            self.lines += lines

    shown = Ending()
    train(resume=folder, progress=shown)
    assert "is finished: all 7 steps are done" in shown.lines[-1]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_check_4_two_epochs_differ_and_each_is_a_permutation_that_a_resume_goes_on_with(tmp_path):
    """A run of epochs that stops exactly at the end of the first, before its evaluation was written."""
    settings = {**SETTINGS, "steps": None, "epochs": 3, "evaluate_every": None}
    model = train(TEXTS, out=tmp_path / "whole", **settings)
    end = json.loads((tmp_path / "whole" / "recipe.json").read_text())["plan"]["steps"] // 3
    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, out=tmp_path / "run", **{**settings, "progress": Stopper(end)})
    again = train(TEXTS, resume=tmp_path / "run", progress=None)
    assert_equal_runs(tmp_path / "run", again, (tmp_path / "whole", model))
