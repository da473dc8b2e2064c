"""An Embedding layer whose gradient is dense on every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor


@keras.saving.register_keras_serializable(package="tinylm_keras")
class Embedding(keras.layers.Embedding):
    """`keras.layers.Embedding` with a dense gradient on every backend.

    On TensorFlow the gradient of an `Embedding` is a list of rows, one for each position of the batch. Keras's
    optimizers square these rows before they add those of the same token. So for frequent tokens Adam divides by far too
    small a number, and clipping computes a wrong norm. Accumulated gradients and other backends are correct.

    Example:

    >>> import numpy as np
    >>> Embedding(10, 4)(np.array([[1, 2, 3]])).shape
    TensorShape([1, 3, 4])
    """

    def call(self, token_ids: Tensor) -> Tensor:
        # The gradient of a reshape is dense; in the forward pass it costs nothing.
        table = ops.reshape(self.embeddings, (self.input_dim, self.output_dim))
        return ops.cast(ops.take(table, ops.cast(token_ids, "int32"), axis=0), self.compute_dtype)
