"""Laws of `Embedding`."""

import keras
import numpy as np
import pytest
from keras import ops
from keras.src.testing import TestCase

from tinylm_keras.layers.token_embedding import Embedding


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_keras_own_layer_suite_passes(policy):
    TestCase().run_layer_test(
        Embedding,
        init_kwargs={"input_dim": 6, "output_dim": 3, "dtype": policy},
        input_data=np.array([[1, 2], [4, 5]], "int32"),
        expected_output_shape=(2, 2, 3),
        expected_num_trainable_weights=1,
        run_mixed_precision_check=policy == "float32",
    )


def test_an_optimizer_squares_the_sum_of_the_gradients_of_a_token():
    model = keras.Sequential([Embedding(5, 2)])
    optimizer = keras.optimizers.Adam(beta_2=0.5)
    model.compile(optimizer, loss=lambda y, prediction: ops.sum(prediction, axis=(1, 2)), jit_compile=False)
    model.fit(np.array([[1, 1, 1, 2]]), np.zeros((1, 4, 2)), verbose=0)
    second_moment = ops.convert_to_numpy(optimizer._velocities[0]) / 0.5
    assert second_moment[:, 0].tolist() == [0, 9, 1, 0, 0]  # three times 1, squared: 9, not 3
