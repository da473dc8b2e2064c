"""The dense layer of all models: Keras's layer, with a kernel that generation may quantize."""

from __future__ import annotations

import contextlib
import contextvars
from typing import TYPE_CHECKING

import keras
from keras import ops

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor

# Functions that replace `x @ kernel`, by the `id()` of the layer. A context variable, because another thread may use
# the same layer. It is read while a function is traced.
_products = contextvars.ContextVar("products", default=None)


@keras.saving.register_keras_serializable(package="tinylm_keras")
class Dense(keras.layers.Dense):
    """`keras.layers.Dense`, whose product with the kernel can be replaced temporarily (see `replaced_products`).

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
    """A context in which layers use `products`, a dict from `id(layer)` to a function `x -> x @ kernel`."""
    token = _products.set(products)
    try:
        yield
    finally:
        _products.reset(token)
