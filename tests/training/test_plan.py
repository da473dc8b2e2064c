"""Laws of the division of a run, and of the learning rate and the optimizer built from it."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylm_keras import load_model
from tinylm_keras.models import MiniLM
from tinylm_keras.recipe import presets, registry
from tinylm_keras.training import optimizers, plan


def make(
    preset="stories",
    batches_per_epoch=10,
    tokens_per_batch=640,
    parameters=800_000,
    device="cpu",
    validation_batches=0,
    **overrides,
):
    recipe = presets.override(presets.get(preset), **overrides)
    made = plan.make(
        recipe,
        batches_per_epoch=batches_per_epoch,
        tokens_per_batch=tokens_per_batch,
        parameters=parameters,
        device=device,
        validation_batches=validation_batches,
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


@pytest.mark.parametrize("preset", [name for name in presets.names() if name != "attention-average"])
@pytest.mark.parametrize("changes", [{}, {"steps": 100}, {"steps": 700}])
def test_every_preset_has_about_ten_evaluations_in_a_tenth_of_its_time(preset, changes):
    recipe, made = make(preset, batches_per_epoch=40, validation_batches=145, **changes)
    assert 8 <= made.evaluations <= 13
    assert made.evaluate_every * made.gradient_accumulation_steps % made.steps_per_execution == 0
    if not changes:
        batches = made.evaluation_batches or 2 * (recipe.evaluation_batches or 0) or 145
        forward_passes = made.evaluations * batches * (1 if recipe.validation else 0)
        assert forward_passes / 3 <= 0.15 * made.steps * made.gradient_accumulation_steps


@given(st.integers(1, 5_000), st.integers(0, 400))
def test_evaluations_that_would_take_too_long_use_a_part(steps, validation_batches):
    _, made = make(steps=steps, validation_batches=validation_batches)
    if made.evaluation_batches is None:
        evaluated = validation_batches
    else:
        evaluated = made.evaluation_batches
        assert 8 <= evaluated < validation_batches
    assert evaluated <= 8 or made.evaluations * evaluated / 3 <= 0.1 * steps
    for said in ({"evaluate_every": 10}, {"evaluation_batches": 300}):
        assert make(steps=steps, validation_batches=400, **said)[1].evaluation_batches is None


def test_epochs_are_counted_in_passes_over_the_text():
    assert make("tinylm", batches_per_epoch=3)[1].steps == 210


def test_xla_is_used_where_the_run_is_long_enough():
    assert not make("tinylm", batches_per_epoch=1, tokens_per_batch=140)[1].jit_compile
    assert make(steps=2_000, tokens_per_batch=6_000)[1].jit_compile
    assert not make(steps=2_000, tokens_per_batch=6_000, device="gpu")[1].jit_compile
    assert make(steps=1, jit_compile=True)[1].jit_compile
    half = {"steps": 2_000, "tokens_per_batch": 6_000, "precision": "mixed_bfloat16"}
    assert not make(**half)[1].jit_compile  # on a CPU XLA's products are slower
    assert make(**half | {"steps": 10**6}, device="gpu")[1].jit_compile
    assert not make(steps=10**6, jit_compile=False)[1].jit_compile


def test_long_steps_are_called_one_by_one_and_short_ones_together():
    assert make(parameters=10**8, tokens_per_batch=16_000)[1].steps_per_execution == 1
    assert make(steps=640, evaluate_every=64, parameters=1_000)[1].steps_per_execution == 64


@given(st.integers(1, 500), st.none() | st.integers(1, 70), st.integers(1, 9), st.integers(1, 5_000))
def test_with_accumulation_batches_per_call_divide_the_batches_between_evaluations(steps, every, accumulate, tokens):
    _, made = make(steps=steps, evaluate_every=every, gradient_accumulation_steps=accumulate, tokens_per_batch=tokens)
    assert (made.steps, made.gradient_accumulation_steps) == (steps, accumulate)
    assert made.evaluate_every * accumulate % made.steps_per_execution == 0
    assert steps * accumulate % made.steps_per_execution == 0


def test_epochs_count_the_text_and_not_the_updates_under_accumulation():
    _, made = make("tinylm", batches_per_epoch=3, gradient_accumulation_steps=4)
    assert made.steps == 53  # 210 batches, the last update cut short


def rates(optimizer, updates, accumulate):
    """By how much an optimizer moves a matrix at each update while the gradient stays the same."""
    matrix = keras.Variable(np.zeros((2, 2), "float32"))
    optimizer.build([matrix])
    moves, before = [], keras.ops.convert_to_numpy(matrix)
    for batch in range(updates * accumulate):
        optimizer.apply([keras.ops.convert_to_tensor(np.eye(2, dtype="float32"))], [matrix])
        after = keras.ops.convert_to_numpy(matrix)
        if (batch + 1) % accumulate:
            assert np.array_equal(before, after)
        else:
            moves.append(float(before[0, 0] - after[0, 0]))
        before = after
    return np.array(moves)


def as_the_recipe_says(recipe, update):
    """The learning rate of an update, counted from 0, written out from the meaning of the settings."""
    if recipe.schedule == "exponential":
        return recipe.learning_rate * recipe.decay_rate ** (update // recipe.decay_every)
    if update < recipe.warmup_steps:
        first = 1 / recipe.warmup_steps
        return recipe.learning_rate * (first + (1 - first) * update / recipe.warmup_steps)
    progress = (update - recipe.warmup_steps) / (recipe.steps - recipe.warmup_steps)
    left = 1 - progress if recipe.schedule == "linear" else (1 + np.cos(np.pi * progress)) / 2
    return recipe.learning_rate * (recipe.min_learning_rate_ratio + (1 - recipe.min_learning_rate_ratio) * left)


@pytest.mark.parametrize("accumulate", [1, 4])
@pytest.mark.parametrize("optimizer", registry.OPTIMIZERS)
@pytest.mark.parametrize(
    "settings",
    [
        {"warmup_steps": 4, "min_learning_rate_ratio": 0.1},
        {"warmup_steps": 0, "min_learning_rate_ratio": 0.0},
        {"warmup_steps": 0, "min_learning_rate_ratio": 1.0},
        {"schedule": "linear", "warmup_steps": 0, "min_learning_rate_ratio": 0.0},
        {"schedule": "linear", "warmup_steps": 4, "min_learning_rate_ratio": 0.1},
        {"schedule": "exponential", "decay_every": 3, "decay_rate": 0.5},
    ],
    ids=["warmup_steps", "cosine", "constant", "linear", "linear_warm_up", "exponential"],
)
def test_update_u_moves_by_the_rate_that_the_recipe_says_for_u(settings, optimizer, accumulate):
    settings |= {"optimizer": optimizer, "gradient_accumulation_steps": accumulate, "steps": 12, "learning_rate": 0.01}
    recipe, made = make(**settings, weight_decay=0.0)
    wanted = np.array([as_the_recipe_says(recipe, update) for update in range(12)])
    moves = rates(optimizers.build(recipe, made), 12, accumulate)
    # Adam's and Muon's moves are the rate times a constant, but for the rounding of their own steps.
    np.testing.assert_allclose(moves / moves[0], wanted / wanted[0], rtol=0.02 if optimizer == "muon" else 1e-3)
    np.testing.assert_allclose([optimizers.rate(recipe, made, update) for update in range(12)], wanted, rtol=1e-5)


def test_the_warm_up_is_at_most_half_of_the_run():
    assert make(steps=10, warmup_steps=50)[1].warmup_steps == 5


def test_a_constant_rate_is_a_number():
    assert optimizers.schedule(*make("tinylm")) == 0.001


@pytest.mark.parametrize("shape", ["linear", "cosine"])
@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_decay_that_is_resized_is_the_schedule_of_the_new_length(shape, accumulate):
    settings = {
        "schedule": shape,
        "gradient_accumulation_steps": accumulate,
        "warmup_steps": 3,
        "min_learning_rate_ratio": 0.2,
    }
    resized = optimizers.schedule(*make(steps=40, **settings))
    resized.resize(12, 3)
    recipe, made = make(steps=12, **settings)
    wanted = [as_the_recipe_says(recipe, batch // accumulate) for batch in range(12 * accumulate)]
    np.testing.assert_allclose([float(resized(batch)) for batch in range(12 * accumulate)], wanted, rtol=1e-5)
    assert resized.get_config() == optimizers.schedule(recipe, made).get_config()


@pytest.mark.parametrize("shape", ["linear", "cosine"])
@pytest.mark.parametrize("warmup_steps", [0, 3])
def test_a_model_with_a_schedule_is_loaded_with_it(warmup_steps, shape, tmp_path):
    model = model_with(schedule=shape, warmup_steps=warmup_steps, steps=12)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras").optimizer._learning_rate
    assert type(loaded).__name__ == "Decay"
    assert loaded.get_config() == model.optimizer._learning_rate.get_config()


def model_with(**overrides):
    recipe, made = make(**overrides)
    model = MiniLM(vocabulary_size=9, context_length=4, embed_dim=8, num_heads=2, num_blocks=1, norm="pre", pad_id=0)
    model.compile(optimizer=optimizers.build(recipe, made), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def test_muon_takes_the_hidden_matrices_and_adam_the_rest():
    model = model_with(optimizer="muon", weight_decay=0.3, global_clipnorm=0.5)
    optimizer = model.optimizer
    muon = {
        variable.path.split("/", 1)[1]
        for variable in model.trainable_variables
        if not optimizer._should_use_adamw(variable)
    }
    kernels = {path for path in muon if path.endswith("kernel")}
    assert kernels == muon and len(muon) == 4
    assert not any("head" in path.split("/")[0] or "embedding" in path for path in muon)
    assert optimizer.momentum == 0.95 and model_with(optimizer="muon", momentum=0.9).optimizer.momentum == 0.9
    assert (optimizer.weight_decay, optimizer.adam_weight_decay, optimizer.global_clipnorm) == (0.3, 0.3, 0.5)


def decayed(model):
    return {variable.path for variable in model.trainable_variables if model.optimizer._use_weight_decay(variable)}


@pytest.mark.parametrize("name", registry.OPTIMIZERS)
def test_weight_decay_leaves_out_biases_norms_and_embeddings_also_in_a_loaded_model(name, tmp_path):
    model = model_with(optimizer=name, weight_decay=0.1)
    kernels = {variable.path for variable in model.trainable_variables if variable.path.endswith("kernel")}
    assert decayed(model) == kernels != set()
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    assert decayed(loaded) == {path.replace(model.name, loaded.name, 1) for path in kernels}
    assert loaded.optimizer.weight_decay == 0.1


def test_a_billion_steps_are_divided_at_once():
    _, planned = make(steps=10**9)
    assert 8 <= planned.evaluations <= 13 and planned.evaluate_every % planned.steps_per_execution == 0


def test_the_original_uses_plain_adam():
    optimizer = optimizers.build(*make("tinylm"))
    assert type(optimizer) is keras.optimizers.Adam
    assert not optimizer.weight_decay and optimizer.global_clipnorm is None
