"""NormalizedDense against plain numpy: its order, and statistics of real positions alone."""

import keras
import numpy as np
import pytest

from tinylm_keras.baselines.layers import NormalizedDense
from tinylm_keras.generation.compile import compiled

REAL = np.array([[True, True, True, False], [True, False, False, False]])


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(1, 2, (2, 4, 5)).astype("float32")


def layer_and_weights(dtype="float32"):
    keras.utils.set_random_seed(0)
    layer = NormalizedDense(3, "silu", dropout=0.0, dtype=dtype)
    layer.build((None, None, 5))
    generator = np.random.default_rng(1)
    for weight in (layer.batch_norm.gamma, layer.batch_norm.beta, layer.batch_norm.moving_mean):
        weight.assign(generator.normal(1, 0.5, 3))
    return layer, {weight.name: np.array(weight) for weight in layer.weights}


def expected(x, weights, mean, variance):
    """Dense without a bias, normalization, activation."""
    y = (x @ weights["kernel"] - mean) / np.sqrt(variance + 1e-5) * weights["gamma"] + weights["beta"]
    return y / (1 + np.exp(-y))


def test_outside_training_the_running_statistics_count(x):
    layer, weights = layer_and_weights()
    y = expected(x, weights, weights["moving_mean"], weights["moving_variance"])
    assert np.allclose(layer(x, real=REAL), y, atol=1e-5)
    assert np.array_equal(layer.batch_norm.moving_mean, weights["moving_mean"])


@pytest.mark.parametrize(
    ("policy", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 0.06), ("mixed_float16", 0.01)]
)
def test_in_training_the_statistics_are_those_of_the_real_positions_alone(x, policy, tolerance):
    x[~REAL] = 1e4  # padding that is counted would show
    layer, weights = layer_and_weights(policy)
    sums = (x @ weights["kernel"])[REAL]
    mean, variance = sums.mean(axis=0), sums.var(axis=0)
    program = compiled(lambda x, real: layer(x, real=real, training=True), layer.variables)
    y = np.array(keras.ops.cast(program(x, REAL), "float32"))
    assert np.abs(y[REAL] - expected(x[REAL], weights, mean, variance)).max() < tolerance
    assert np.allclose(layer.batch_norm.moving_mean, 0.9 * weights["moving_mean"] + 0.1 * mean, atol=tolerance)
    assert np.allclose(layer.batch_norm.moving_variance, 0.9 + 0.1 * variance, atol=10 * tolerance)


def test_without_padding_all_positions_count(x):
    everything = np.ones((2, 4), bool)
    masked, plain = (layer_and_weights()[0](x, real=real, training=True) for real in (everything, None))
    assert np.allclose(masked, plain, atol=1e-5)


def test_the_outputs_carry_no_mask_that_a_loss_could_use_again(x):
    layer, _ = layer_and_weights()
    assert getattr(layer(x, real=REAL, training=True), "_keras_mask", None) is None
