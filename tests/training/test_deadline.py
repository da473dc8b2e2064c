"""A run of so many minutes follows the clock: its number of updates changes with its pace, and its schedule with it."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinylm_keras import saving
from tinylm_keras.training import deadline, time_budget
from tinylm_keras.training.deadline import Deadline, updates_left
from tinylm_keras.training.time_budget import Costs
from tinylm_keras.training.train import train

LINES = [f"the {animal} {deed} {where}." for animal in ("cat", "dog") for deed in ("sat", "ran") for where in "abcde"]
SIZES = {"context_length": 8, "embed_dim": 8, "num_heads": 2, "feed_forward_dim": 8, "num_blocks": 1, "batch_size": 4}
SETTINGS = {**SIZES, "prompt": None, "jit_compile": False, "preset": "stories", "progress": None}

seconds = st.floats(1e-3, 1e2)


@given(st.floats(0.0, 1e4), seconds, seconds, st.integers(1, 500), st.integers(0, 499), st.integers(1, 10))
def test_what_is_left_fits_into_the_time_and_nearly_fills_it(left, update, evaluation, every, since, per_call):
    since %= every
    steps = updates_left(left, update, evaluation, since, every, per_call)
    evaluations = -(-(since + steps) // every)
    assert steps >= 0
    if steps:
        assert steps * update + evaluations * evaluation <= left * (1 + 1e-6)
    assume(left > 30 * (every * update + evaluation + per_call * update))
    assert steps * update + evaluations * evaluation >= 0.9 * left


def ended(pace, minutes=100.0, planned=0.1, ending=5.0, change=0.0):
    """Play a run by a clock: `pace` gives the seconds of an update by the time. Returns when the run was over.

    A change of the length takes `change` seconds.
    """
    now = [0.0]
    costs, every = Costs(planned, 2.0), 100
    follows = Deadline(0.0, minutes, ending, costs, per_call=1, clock=lambda: now[0], change=change)
    steps, _ = time_budget.divide(minutes - ending, costs, 1, every)
    step = 0
    while step < steps:
        step += 1
        now[0] += pace(now[0])
        changed = follows.steps(step, steps, every)
        if changed is not None:
            steps = changed
            now[0] += change
        if step % every == 0 or step == steps:
            now[0] += 2.0 * pace(now[0]) / planned
            follows.evaluated(2.0 * pace(now[0]) / planned)
    return now[0]


@pytest.mark.parametrize(
    "pace",
    [lambda _: 0.1, lambda _: 0.2, lambda _: 0.05, lambda now: 0.1 if now < 50 else 0.17, lambda now: 0.1 + now / 1000],
    ids=["as planned", "half as fast", "twice as fast", "slower from the middle", "ever slower"],
)
def test_a_run_ends_in_time_whatever_its_pace(pace):
    assert 85 <= ended(pace) <= 100
    assert 85 <= ended(pace, change=4.0) <= 104


def scripted(monkeypatch, change_at, to):
    """Let the clock of a run say at an update that there are to be so many in all."""

    class Scripted(deadline.Deadline):
        def steps(self, step, steps, every):
            return to if step >= change_at and steps != to else None

    monkeypatch.setattr(time_budget, "Deadline", Scripted)
    monkeypatch.setattr(time_budget, "_measure", lambda *_: Costs(update=0.25, evaluation=0.5))


@pytest.mark.parametrize("to", [30, 150])
def test_a_run_that_changes_its_length_records_it_and_its_rate_ends_as_planned(tmp_path, monkeypatch, to):
    scripted(monkeypatch, change_at=10, to=to)
    train(LINES, out=tmp_path / "run", minutes=0.4, evaluate_every=20, learning_rate=0.01, **SETTINGS)
    record = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert record["plan"]["steps"] == record["recipe"]["steps"] == record["result"]["steps"] == to
    history = (tmp_path / "run" / "history.csv").read_text().split()
    names, last = history[0].split(","), history[-1].split(",")
    assert int(last[names.index("step")]) == to
    assert float(last[names.index("learning_rate")]) == pytest.approx(0.0, abs=1e-9)
    assert saving.read_model(tmp_path / "run" / "last.keras").optimizer._learning_rate.steps == to
    assert train(resume=tmp_path / "run", progress=None) is not None  # it is finished: nothing is trained


def test_a_run_that_stops_after_its_length_changed_is_resumed_with_the_new_length(tmp_path, monkeypatch):
    scripted(monkeypatch, change_at=10, to=50)

    class Stopping:
        def start(self, lines, steps):
            pass

        def step(self, *_):
            pass

        def evaluation(self, row, sample, best):
            if row["step"] == 40:
                raise KeyboardInterrupt

        def finish(self, lines):
            pass

    settings = SETTINGS | {"progress": Stopping()}
    with pytest.raises(KeyboardInterrupt):
        train(LINES, out=tmp_path / "run", minutes=0.4, evaluate_every=20, **settings)
    train(LINES, resume=tmp_path / "run", progress=None)
    record = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert record["result"]["steps"] == record["plan"]["steps"] == 50


def test_the_time_of_a_run_may_begin_before_the_call():
    before = deadline.time.monotonic() - 100
    with deadline.counted_from(before):
        assert deadline.began() == before
    assert deadline.began() > before + 99
