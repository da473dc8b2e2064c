"""An Embedding layer whose gradient is dense on every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor


@keras.saving.register_keras_serializable(package="tinylm_keras")
class Embedding(keras.layers.Embedding):
    """`keras.layers.Embedding` with a gradient that is one matrix on every backend.

    On TensorFlow the gradient of an `Embedding` is a list of rows, one for each place of the batch. Keras's optimizers
    square these before they add up the rows of the same token, so Adam divides by a far too small number where tokens
    come often, and clipping measures a wrong length; accumulated gradients, and other backends, have it right.

    Example:

    >>> import numpy as np
    >>> Embedding(10, 4)(np.array([[1, 2, 3]])).shape
    TensorShape([1, 3, 4])
    """

    def call(self, token_ids: Tensor) -> Tensor:
        # The gradient of a reshape is a whole matrix; forwards it costs nothing.
        table = ops.reshape(self.embeddings, (self.input_dim, self.output_dim))
        return ops.cast(ops.take(table, ops.cast(token_ids, "int32"), axis=0), self.compute_dtype)
