"""Laws of a run that continues for longer than it was begun with."""

import csv
import json
import re
import shutil

import pytest

from tests.training.test_resume import Stopper, same
from tests.training.test_train import TEXTS, TINY, Listener
from tinylm_keras import load_model
from tinylm_keras.training.train import train

SETTINGS = {**TINY, "min_learning_rate_ratio": 0.0, "warmup_steps": 2}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "run"
    train(TEXTS, out=folder, **SETTINGS)
    return folder


@pytest.fixture
def run(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def history(folder):
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def best(folder):
    return min(float(row["val_loss"]) for row in history(folder))


def test_a_finished_run_goes_on_to_more_steps(run):
    before, shown = history(run), Listener()
    model = train(TEXTS, resume=run, steps=11, progress=shown)
    assert history(run)[: len(before)] == before
    assert [int(row["step"]) for row in history(run)] == [2, 4, 6, 8, 10, 11]
    record = json.loads((run / "recipe.json").read_text())
    assert (record["recipe"]["steps"], record["plan"]["steps"]) == (11, 11)
    assert record["extended"] == [{"step": 6, "steps": 6}]
    assert record["result"]["best_val_loss"] == pytest.approx(best(run))
    assert int(load_model(run / "last.keras").optimizer.iterations) == 11
    line = next(line for line in shown.lines if "stretched over all of them" in line)
    assert re.match(r"The run is extended from 6 to 11 steps, and its cosine schedule .* continues at 0\.0\d+\.$", line)
    assert model is not None and float(history(run)[3]["learning_rate"]) > 0


def test_the_longer_run_is_finished_and_can_be_extended_again(run):
    train(TEXTS, resume=run, steps=7, progress=None)
    shown = Listener()
    train(TEXTS, resume=run, progress=shown)
    assert "is finished: all 7 steps are done" in shown.lines[-1]
    train(TEXTS, resume=run, epochs=3, progress=None)
    assert [step["steps"] for step in json.loads((run / "recipe.json").read_text())["extended"]] == [6, 7]


def test_the_moments_of_the_optimizer_are_kept_and_a_constant_rate_goes_on_exactly(tmp_path):
    """Without a schedule, a run of 3 steps and 3 more is the run of 6 steps."""
    settings = {**TINY, "min_learning_rate_ratio": 1.0, "evaluate_every": 3, "warmup_steps": 0}
    whole = train(TEXTS, out=tmp_path / "whole", **settings)
    train(TEXTS, out=tmp_path / "run", **{**settings, "steps": 3})
    shown = Listener()
    assert same(train(TEXTS, resume=tmp_path / "run", steps=6, progress=shown), whole)
    assert any("the learning rate stays" in line for line in shown.lines)
    losses = [[row["loss"] for row in history(tmp_path / name)] for name in ("run", "whole")]
    assert losses[0] == losses[1]


def test_an_unfinished_run_goes_on_to_more_steps_from_the_middle_of_a_period(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, out=tmp_path / "run", **{**SETTINGS, "evaluate_every": 5, "progress": Stopper(3)})
    train(TEXTS, resume=tmp_path / "run", steps=12, progress=None)
    assert [int(row["step"]) for row in history(tmp_path / "run")] == [5, 10, 12]


def test_a_run_without_a_checkpoint_begins_again_with_more_steps(run):
    for name in ("last.keras", "previous.keras", "model.keras", "history.csv"):
        (run / name).unlink(missing_ok=True)
    train(TEXTS, resume=run, steps=8, progress=None)
    assert int(history(run)[-1]["step"]) == 8


def test_fewer_steps_than_were_made_are_refused_with_both_numbers(run):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    for settings, words in (
        ({"steps": 4}, "`steps` must give more than the 6 steps that the run has made. Received: steps=4."),
        (
            {"epochs": 1},
            "`epochs` must give more than the 6 steps that the run has made, and gives 3. Received",
        ),
        ({"minutes": 1e-6}, "`minutes` must give more than the 6 steps that the run has made, which took"),
        ({"steps": 9, "epochs": 3}, "`steps` or `epochs` or `minutes` must be given, and only one of them"),
    ):
        with pytest.raises(ValueError, match=re.escape(words)):
            train(TEXTS, resume=run, progress=None, **settings)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_minutes_count_from_the_beginning_at_the_pace_of_the_run(run):
    state = json.loads((run / "recipe.json").read_text())
    minutes = 2.5 * state["result"]["seconds"] / 60
    train(TEXTS, resume=run, minutes=minutes, progress=None)
    assert int(history(run)[-1]["step"]) > 6


def test_a_finished_run_names_both_ways_to_go_on(run):
    shown = Listener()
    train(TEXTS, resume=run, progress=shown)
    assert f"tinylm train --resume {run} --steps 12" in shown.lines[-1]
    assert f"tinylm train TEXT --init {run}" in shown.lines[-1]
