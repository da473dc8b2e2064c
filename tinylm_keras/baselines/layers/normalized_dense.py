"""A dense layer with batch normalization."""

import keras

from tinylm_keras import _checks
from tinylm_keras.layers.block import ACTIVATIONS as BLOCK_ACTIVATIONS
from tinylm_keras.layers.block import EPSILON
from tinylm_keras.layers.dense import Dense
from tinylm_keras.layers.dropout import Dropout

ACTIVATIONS = {"sigmoid": keras.activations.sigmoid, **{name: BLOCK_ACTIVATIONS[name] for name in ("relu", "silu")}}

# With Keras's 0.99, the running statistics for evaluation need about 500 updates to forget their initial values.
MOMENTUM = 0.9


@keras.saving.register_keras_serializable(package="tinylm_keras")
class NormalizedDense(keras.layers.Layer):
    """Dense layer, batch normalization, activation, dropout, in this order.

    The normalization is before the activation, as in the paper, so the dense layer needs no bias. Dropout is last,
    because it would change the variance. In training the statistics are those of all `real` positions of the batch,
    including later ones; otherwise they are running averages, and positions do not influence each other.

    Args:
        units: int. Width of the output.
        activation: "sigmoid", "relu" or "silu".
        dropout: float in [0, 1). Share of the outputs that training sets to zero.

    Call arguments:
        x: float tensor `[B, T, D]`.
        real: None, or a bool tensor `[B, T]`, False for padding, which the statistics ignore. (It is not called `mask`,
            because Keras would attach a mask to the outputs and use it again in a loss.)
        training: bool. Whether dropout is on and the statistics are those of the batch.

    Returns:
        A tensor `[B, T, units]`.

    Raises:
        ValueError: if an argument is outside its range.

    Example:

    >>> import numpy as np
    >>> NormalizedDense(units=3)(np.ones((1, 5, 8), "float32")).shape
    TensorShape([1, 5, 3])

    References:
        Ioffe and Szegedy, "Batch Normalization", arXiv:1502.03167; Li et al., arXiv:1801.05134 (why dropout should not
        come before it).
    """

    def __init__(self, units, activation="relu", dropout=0.1, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.units = _checks.whole_number("units", units, 1)
        self.activation = _checks.one_of("activation", activation, tuple(ACTIVATIONS))
        self.dropout = _checks.real_number("dropout", dropout, 0, 1, include_high=False)
        dtype = self.dtype_policy
        self.dense = Dense(self.units, use_bias=False, name="dense", dtype=dtype)
        self.batch_norm = keras.layers.BatchNormalization(
            momentum=MOMENTUM, epsilon=EPSILON, name="batch_norm", dtype=dtype
        )
        self.drop = Dropout(dropout, name="drop", dtype=dtype)

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.batch_norm.build((*input_shape[:-1], self.units))

    def call(self, x, real=None, training=None):
        x = self.batch_norm(self.dense(x), mask=real, training=training)  # (B, T, units)
        return self.drop(ACTIVATIONS[self.activation](x), training=training)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        names = ("units", "activation", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
