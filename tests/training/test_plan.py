"""Laws of the division of a run, and of the learning rate and the optimizer built from it."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylm_keras.models import MiniLM
from tinylm_keras.training import optimizers, plan, presets


def make(preset="stories", steps_per_epoch=10, tokens_per_batch=640, parameters=800_000, device="cpu", **overrides):
    recipe = presets.override(presets.get(preset), **overrides)
    made = plan.make(
        recipe,
        steps_per_epoch=steps_per_epoch,
        tokens_per_batch=tokens_per_batch,
        parameters=parameters,
        device=device,
    )
    return recipe, made


@given(st.integers(1, 5_000), st.none() | st.integers(1, 700), st.integers(1, 5_000))
def test_updates_per_call_divide_the_period_and_the_run(steps, every, tokens):
    _, made = make(steps=steps, evaluate_every=every, tokens_per_batch=tokens)
    assert made.steps == steps
    assert made.evaluate_every == min(every or made.evaluate_every, steps)
    assert made.evaluate_every % made.steps_per_execution == 0
    assert steps % made.steps_per_execution == 0
    assert (made.evaluations - 1) * made.evaluate_every < steps <= made.evaluations * made.evaluate_every


@given(st.integers(1, 20_000))
def test_a_run_has_about_ten_evaluations(steps):
    _, made = make(steps=steps)
    assert min(steps, 7) <= made.evaluations <= 13


def test_epochs_are_counted_in_passes_over_the_text():
    assert make("tinylm", steps_per_epoch=3)[1].steps == 210


def test_xla_is_used_where_the_run_is_long_enough():
    assert not make("tinylm", steps_per_epoch=1, tokens_per_batch=140)[1].jit_compile
    assert make(steps=2_000, tokens_per_batch=6_000)[1].jit_compile
    assert not make(steps=2_000, tokens_per_batch=6_000, device="gpu")[1].jit_compile
    assert make(steps=1, jit_compile=True)[1].jit_compile
    assert not make(steps=10**6, jit_compile=False)[1].jit_compile


def test_long_steps_are_called_one_by_one_and_short_ones_together():
    assert make(parameters=10**8, tokens_per_batch=16_000)[1].steps_per_execution == 1
    assert make(steps=640, evaluate_every=64, parameters=1_000)[1].steps_per_execution == 64


def test_the_learning_rate_rises_then_falls_to_its_minimum():
    recipe, made = make(steps=100, warm_up=10, learning_rate=0.01, minimum_rate=0.1)
    rate = optimizers.schedule(recipe, made)
    rates = [float(rate(step)) for step in range(101)]
    assert rates[0] == pytest.approx(0.001)
    assert rates[10] == pytest.approx(0.01) == max(rates)
    assert rates[100] == pytest.approx(0.001)
    assert np.all(np.diff(rates[:11]) > 0) and np.all(np.diff(rates[10:]) < 0)


def test_the_warm_up_is_at_most_half_of_the_run():
    assert make(steps=10, warm_up=50)[1].warm_up == 5


def test_a_constant_rate_is_a_number():
    assert optimizers.schedule(*make("tinylm")) == 0.001


def test_no_warm_up_begins_at_the_highest_rate():
    recipe, made = make(steps=100, warm_up=0, learning_rate=0.01)
    assert float(optimizers.schedule(recipe, made)(0)) == pytest.approx(0.01)


def model_with(**overrides):
    recipe, made = make(**overrides)
    model = MiniLM(vocabulary_size=9, context_length=4, embed_dim=8, num_heads=2, num_blocks=1, norm="pre", pad_id=0)
    model.compile(optimizer=optimizers.build(recipe, made), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def test_muon_takes_the_hidden_matrices_and_adam_the_rest():
    model = model_with(optimizer="muon", weight_decay=0.3, clip_norm=0.5)
    optimizer = model.optimizer
    muon = {
        variable.path.split("/", 1)[1]
        for variable in model.trainable_variables
        if not optimizer._should_use_adamw(variable)
    }
    kernels = {path for path in muon if path.endswith("kernel")}
    assert kernels == muon and len(muon) == 4
    assert not any("head" in path.split("/")[0] or "embedding" in path for path in muon)
    assert (optimizer.weight_decay, optimizer.adam_weight_decay, optimizer.global_clipnorm) == (0.3, 0.3, 0.5)


@pytest.mark.parametrize("name", ["adamw", "muon", "adam"])
def test_weight_decay_leaves_out_biases_norms_and_embeddings(name):
    model = model_with(optimizer=name, weight_decay=0.1)
    decayed = {variable.path for variable in model.trainable_variables if model.optimizer._use_weight_decay(variable)}
    assert decayed and all(path.endswith("kernel") for path in decayed)


def test_the_original_uses_plain_adam():
    optimizer = optimizers.build(*make("tinylm"))
    assert type(optimizer) is keras.optimizers.Adam
    assert not optimizer.weight_decay and optimizer.global_clipnorm is None
