"""Quantized matrices for generation: each new token reads all of them, and reading takes most of the time.

The weights of the model stay unchanged. The quantized copies are stored with the model, not tracked by Keras, and are
created again when the weights have changed.
"""

import contextlib

import keras
import numpy as np
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.generation.compile import compiled
from tinylm_keras.layers.dense import Dense, replaced_products

KINDS = ("bfloat16", "int8")
# Rows of a matrix that one pass sums. Measured on a CPU with XLA: with 8, int8 is a sixth slower; with 16, XLA does not
# fuse them.
TERMS = 12


def prepare(model, kind):
    """Return the `LowerPrecision` of the model's present weights, stored with the model; None if `kind` is None.

    Raises:
        ValueError: if `kind` is not in `KINDS`, or the model has no dense layer.
    """
    if kind is None:
        return None
    layers = dense_layers(model, kind)
    kept = model.__dict__.setdefault("_lower_precision", {})
    if kind not in kept:
        kept[kind] = LowerPrecision(layers, kind)
    kept[kind].refresh()
    return kept[kind]


@contextlib.contextmanager
def rounded(model, kind):
    """A context in which the model's weights have the values that `generate(…, quantize=kind)` uses."""
    layers = dense_layers(model, kind)
    before = [ops.convert_to_numpy(layer.kernel) for layer in layers]
    try:
        for layer in layers:
            layer.kernel.assign(_widen(*_narrow(layer.kernel, kind)))
        yield
    finally:
        for layer, kernel in zip(layers, before, strict=True):
            layer.kernel.assign(kernel)


def dense_layers(model, kind):
    """Return the layers whose kernels are quantized; raise if `kind` is unknown or there is no such layer."""
    if kind not in KINDS:
        raise _checks.refuse("quantize", f"must be one of {', '.join(map(repr, KINDS))}, or None", kind)
    layers = [layer for layer in model._flatten_layers(include_self=False) if isinstance(layer, Dense)]
    if not layers:
        name = type(model).__name__
        raise _checks.refuse("quantize", f"must be None, because a {name} has no dense layer", kind)
    return layers


class LowerPrecision:
    """Quantized kernels of some layers: bfloat16, or int8 with a scale for each output.

    The product with one token reads the quantized kernel directly, because its time is that of reading. Longer inputs
    first dequantize the kernel, and compute with the same values.

    Args:
        layers: list of built `Dense` layers.
        kind: one of `KINDS`.
    """

    def __init__(self, layers, kind):
        self.layers, self.kind = layers, kind
        self.seen = self.stored = None
        self.fingerprint = compiled(self._fingerprint, [layer.kernel for layer in layers])

    @property
    def variables(self):
        """list of `keras.Variable`. Variables that a compiled program of `use` reads in addition to the model's."""
        return [variable for pair in self.stored for variable in pair]

    def refresh(self):
        """Quantize the weights again if any of them has changed."""
        seen = ops.convert_to_numpy(self.fingerprint()).tolist()
        if seen == self.seen:
            return
        values = [_narrow(layer.kernel, self.kind) for layer in self.layers]
        if self.stored is None:
            self.stored = [tuple(_variable(value) for value in pair) for pair in values]
        else:
            for variables, pair in zip(self.stored, values, strict=True):
                for variable, value in zip(variables, pair, strict=True):
                    variable.assign(value)
        self.seen = seen

    def use(self, function):
        """Return `function` with the quantized kernels in place of those of the layers."""

        def product(pair):
            return lambda x: _product(x, *pair)

        products = {id(layer): product(pair) for layer, pair in zip(self.layers, self.stored, strict=True)}

        def run(*arguments):
            with replaced_products(products):
                return function(*arguments)

        return run

    def _fingerprint(self):
        """Return an int32 checksum of each kernel. Takes 1 ms where quantizing all of them takes 100 ms."""

        def of(kernel):
            bits = ops.reshape(ops.view(ops.cast(kernel, "float32"), "int32"), (-1,))
            return ops.sum(bits * (2 * ops.arange(bits.shape[0], dtype="int32") + 1))

        return ops.stack([of(layer.kernel) for layer in self.layers])


def _variable(value):
    value = ops.convert_to_numpy(value)
    return keras.Variable(value, dtype=str(value.dtype), trainable=False)


def _narrow(kernel, kind):
    """Quantize a kernel `[n, m]`: return numbers `[terms, n / terms, m]` and the scale `[m]` of each output."""
    kernel = ops.cast(kernel, "float32")
    if kind == "bfloat16":
        scale = ops.ones(kernel.shape[1])
        numbers = ops.view(ops.cast(kernel, "bfloat16"), "uint16")
    else:
        scale = ops.maximum(ops.max(ops.abs(kernel), axis=0), 1e-30) / 127.0
        numbers = ops.cast(ops.round(kernel / scale), "int8")
    terms = max(size for size in range(1, TERMS + 1) if kernel.shape[0] % size == 0)
    return ops.reshape(numbers, (terms, -1, kernel.shape[1])), scale


def _as_float(numbers):
    if keras.backend.standardize_dtype(numbers.dtype) == "int8":
        return ops.cast(numbers, "float32")
    return ops.view(ops.left_shift(ops.cast(numbers, "uint32"), ops.convert_to_tensor(16, "uint32")), "float32")


def _widen(numbers, scale):
    """Return the float32 kernel `[n, m]` of quantized `numbers` and `scale`."""
    return ops.reshape(_as_float(numbers), (-1, numbers.shape[-1])) * scale


def _product(x, numbers, scale):
    """Return `x @ kernel`, float32 `[..., m]`."""
    x, numbers, scale = ops.cast(x, "float32"), ops.convert_to_tensor(numbers), ops.convert_to_tensor(scale)
    if any(size != 1 for size in x.shape[:-1]):
        return ops.matmul(x, _widen(numbers, scale))
    x_parts = ops.reshape(x, (numbers.shape[0], numbers.shape[1], 1))
    # XLA would dequantize the kernel once before the loop and read float32 in it. These bits are all 0, since no number
    # is above infinity; XLA cannot infer that, so `numbers` seem to change in each step.
    none = ops.cast(x_parts[0, 0, 0] > np.inf, numbers.dtype)
    numbers = ops.bitwise_xor(numbers, none)
    # XLA turns this sum into one vectorized loop over the outputs that dequantizes as it reads; not so `ops.sum`.
    total = sum(_as_float(numbers[term]) * x_parts[term] for term in range(numbers.shape[0]))
    # Two rows of ones, because XLA fuses a product with one row into the loop above, which is then 10 times slower.
    y = ops.matmul(ops.ones((2, total.shape[0])), total)[0] * scale
    return ops.reshape(y, (*x.shape[:-1], scale.shape[0]))
