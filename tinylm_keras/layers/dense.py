"""The dense layer of all models: Keras's, whose kernel generation may keep in fewer bits."""

from __future__ import annotations

import contextlib
import contextvars
from typing import TYPE_CHECKING

import keras
from keras import ops

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor

# What takes the place of `x @ kernel`, by the id of the layer; a context variable, so that threads do not disturb each
# other. It is read while a program is traced.
_products = contextvars.ContextVar("products", default=None)


@keras.saving.register_keras_serializable(package="tinylm_keras")
class Dense(keras.layers.Dense):
    """`keras.layers.Dense`, whose product with the kernel can be replaced for a while (`replaced_products`).

    Example:

    >>> import numpy as np
    >>> Dense(3)(np.ones((1, 5, 4), "float32")).shape
    TensorShape([1, 5, 3])
    """

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        product = (_products.get() or {}).get(id(self))
        if product is None:
            return super().call(inputs, training=training)
        y = ops.cast(product(inputs), self.compute_dtype)
        if self.bias is not None:
            y = ops.add(y, self.bias)
        return y if self.activation is None else self.activation(y)


@contextlib.contextmanager
def replaced_products(products):
    """Within this context layers use `products`, a dict from `id(layer)` to a function `x -> x @ kernel`."""
    token = _products.set(products)
    try:
        yield
    finally:
        _products.reset(token)
