"""Laws of a run that lasts so many minutes. Time is that of a clock which each call moves on, but for one real run."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylm_keras import load_model, saving
from tinylm_keras.recipe import presets
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training import optimizers, plan, start, time_budget
from tinylm_keras.training.train import train

LINES = [f"the {animal} {deed} {where}." for animal in ("cat", "dog") for deed in ("sat", "ran") for where in "abcde"]


def recipe(**overrides):
    sizes = {"context_length": 8, "embed_dim": 8, "num_heads": 2, "feed_forward_dim": 8, "num_blocks": 1}
    changes = {**sizes, "batch_size": 4, "prompt": None, "jit_compile": False, "layout": "packed"}
    return presets.override(presets.get("stories"), **changes | overrides)


class Clock:
    """A clock that each look moves on by a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def laid_out(**overrides):
    asked = recipe(**overrides)
    corpus = corpora.make(LINES, asked)
    model = start.new_model(asked, corpus.tokenizer)
    before = [np.array(variable) for variable in model.variables]
    final, made, _ = time_budget.lay_out(asked, corpus, model, 0.0, clock=Clock())
    return model, before, final, made


class First:
    """Process 1 of several, whose process 0 has another clock."""

    several = True

    def of_first(self, value):
        return [40, 10] if isinstance(value, tuple) else value


def test_process_0_decides_how_long_a_run_of_several_processes_is():
    asked = recipe(minutes=10)
    corpus = corpora.make(LINES, asked)
    model = start.new_model(asked, corpus.tokenizer)
    final, made, deadline = time_budget.lay_out(asked, corpus, model, 0.0, clock=Clock(), workers=First())
    assert (made.steps, made.evaluate_every, final.steps, deadline) == (40, 10, 40, None)


seconds = st.floats(1e-3, 1e3)


@given(st.floats(1.0, 1e5), seconds, seconds, st.integers(1, 64), st.none() | st.integers(1, 5_000))
def test_updates_and_evaluations_fit_into_the_time_that_is_left(left, update, evaluation, per_call, asked):
    costs = time_budget.Costs(update, evaluation)
    steps, every = time_budget.divide(left, costs, per_call, asked)
    assert steps % per_call == every % per_call == 0
    if steps < 1:
        return
    used = steps * update + -(-steps // every) * evaluation
    assert used <= left * (1 + 1e-6)
    if asked is None and left > 100 * (per_call * update + evaluation):
        assert used > 0.9 * left


@pytest.mark.parametrize("settings", [{}, {"schedule": "linear"}, {"gradient_accumulation_steps": 3}])
def test_the_model_is_as_it_was_and_its_rate_falls_over_the_measured_steps(settings):
    model, before, final, made = laid_out(minutes=10, **settings)
    for variable, value in zip(model.variables, before, strict=True):
        assert np.array_equal(np.array(variable), value)
    assert int(model.optimizer.iterations) == 0
    assert (final.minutes, final.steps) == (None, made.steps) and made.steps > 1
    last = made.steps * final.gradient_accumulation_steps
    rate = model.optimizer._learning_rate
    for update in (0, made.warmup_steps, made.steps // 2, made.steps - 1):
        batch = update * final.gradient_accumulation_steps + final.gradient_accumulation_steps - 1
        assert float(rate(batch)) == pytest.approx(optimizers.rate(final, made, update), rel=1e-4, abs=1e-9)
    assert float(rate(last)) == 0.0


def test_a_rate_that_knows_no_length_stays_that_of_keras():
    model, *_ = laid_out(minutes=10, schedule="exponential", decay_every=7)
    assert type(model.optimizer._learning_rate).__name__ == "ExponentialDecay"


def test_minutes_that_leave_no_time_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"^`minutes` must leave time to train: compiling .* Received: minutes=0.0001"):
        changes = {field: getattr(recipe(), field) for field in ("context_length", "embed_dim", "num_heads")}
        train(LINES, out=tmp_path / "run", progress=None, minutes=1e-4, jit_compile=False, **changes)
    assert not list(tmp_path.iterdir())


def test_batches_per_call_are_whole_updates_or_divide_one():
    for accumulate in (1, 3, 7, 200):
        made = plan.for_minutes(
            recipe(gradient_accumulation_steps=accumulate), 1, tokens_per_batch=32, parameters=1_000
        )
        call = made.steps_per_execution
        assert call % accumulate == 0 or accumulate % call == 0


def test_a_short_run_keeps_its_steps_in_its_recipe_and_its_model_goes_on(tmp_path):
    names = [field.name for field in dataclasses.fields(presets.Recipe)]
    changes = {name: value for name in names if (value := getattr(recipe(), name)) != getattr(presets.Recipe(), name)}
    train(LINES, out=tmp_path / "run", progress=None, minutes=0.25, **changes)
    record = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert record["minutes"] == 0.25 and record["recipe"]["minutes"] is None
    assert record["recipe"]["steps"] == record["plan"]["steps"] == record["result"]["steps"] > 0
    in_the_run = saving.read_model(tmp_path / "run" / "last.keras")
    assert in_the_run.optimizer._learning_rate.steps == record["plan"]["steps"]
    loaded = load_model(tmp_path / "run" / "last.keras")
    assert float(loaded.optimizer.learning_rate) == pytest.approx(record["recipe"]["learning_rate"] / 10)
