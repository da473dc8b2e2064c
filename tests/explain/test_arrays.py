"""Weights as text: what each precision keeps of them."""

import base64

import numpy as np
import pytest

from tinylm_keras.explain import arrays

WEIGHTS = np.random.default_rng(1).normal(0, 0.3, (40, 50)).astype("float32")


def error(array, precision):
    return float(np.sqrt(np.square(arrays.rounded(array, precision) - array).mean()))


def test_float32_is_exact_and_each_other_precision_is_closer_than_the_next():
    assert error(WEIGHTS, "float32") == 0
    assert 0 < error(WEIGHTS, "float16") < error(WEIGHTS, "int8") / 20


def test_sixteen_bits_are_closer_than_float16_and_never_further():
    plain = float(np.sqrt(np.square(WEIGHTS.astype("float16").astype("float32") - WEIGHTS).mean()))
    assert error(WEIGHTS, "float16") < plain / 3
    uneven = WEIGHTS * np.float32(10.0) ** np.linspace(-6, 3, 40, dtype="float32")[:, np.newaxis]
    assert arrays.stored("x", uneven, "float16")["x"]["type"] == "float16"
    assert arrays.stored("x", WEIGHTS, "float16")["x"]["type"] == "int16"


@pytest.mark.parametrize(
    "array", [np.zeros((3, 4), "float32"), np.zeros(5, "float32"), np.full((2, 2), 1e-38, "float32")]
)
@pytest.mark.parametrize("precision", arrays.PRECISIONS)
def test_nothing_and_next_to_nothing_stay_what_they_are(array, precision):
    assert np.abs(arrays.rounded(array, precision) - array).max() <= 1e-30
    assert np.isfinite(arrays.rounded(array, precision)).all()


def test_text_is_the_little_endian_numbers():
    found = arrays.encoded(np.array([[1, 2, 256]], ">u2"))
    assert (found["shape"], found["type"]) == ([1, 3], "uint16")
    assert base64.b64decode(found["data"]) == bytes([1, 0, 2, 0, 0, 1])


def test_a_weight_too_large_for_float16_is_refused():
    with pytest.raises(ValueError, match="`weights` must be 'float32' for this model: it has weights up to 1e"):
        arrays.stored("x", np.full((2, 2), 1e5), "float16")
