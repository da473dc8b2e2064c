"""Dropout with random numbers that are cheap under XLA on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import KerasArguments, Tensor


@keras.saving.register_keras_serializable(package="tinylm_keras")
class Dropout(keras.layers.Dropout):
    """As `keras.layers.Dropout`, at a fraction of its cost under XLA on a CPU.

    There each of Keras's random numbers can take 0.3 microseconds, depending on what XLA fuses them with: a step of the
    default `MLPLM` takes 20 times as long with them as without. Here the number of each element is a hash of its index
    and of the layer's seed state, in a few multiplications that XLA vectorizes. As in Keras, two calls draw different
    numbers, and only the seed state decides which. The numbers are the same with and without XLA.

    Args:
        rate: float in [0, 1). Share of the inputs that training sets to zero; the others grow by 1 / (1 - rate).
        seed: int or None. None: drawn from Python's `random`, as in Keras.

    Call arguments:
        inputs: float tensor of any shape.
        training: bool. Whether dropout is on.

    Returns:
        A tensor of the same shape.

    Example:

    >>> import numpy as np
    >>> x = Dropout(0.5, seed=1)(np.ones((4, 100), "float32"), training=True)
    >>> sorted(set(np.array(x).ravel().tolist()))
    [0.0, 2.0]

    References:
        Srivastava et al., "Dropout", JMLR 15, 2014; Wellons, "Prospecting for Hash Functions", 2018,
        nullprogram.com/blog/2018/07/31 (the constants of the hash).
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Unpack[KerasArguments]) -> None:
        super().__init__(rate, seed=seed, **kwargs)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return inputs
        numbers = self._numbers(ops.shape(inputs))
        scaled = inputs * ops.cast(1 / (1 - self.rate), inputs.dtype)
        kept = numbers >= _uint32(int(self.rate * 2**32))
        return ops.where(kept, scaled, ops.zeros_like(inputs))

    def _numbers(self, shape):
        """Return uniformly distributed uint32 numbers of this shape."""
        seed, count = ops.unstack(ops.cast(self.seed_generator.next(), "uint32"), 2)
        first_key = _mixed(_mixed(seed) + count)
        second_key = _mixed(first_key + count)
        size = 1
        for length in shape:
            size = size * length
        places = ops.reshape(ops.cast(ops.arange(size), "uint32"), shape)
        return _mixed(_mixed(places + first_key) ^ second_key)

    def save_own_variables(self, store):
        """Save the seed state, which Keras does not: resumed training then draws the next numbers."""
        super().save_own_variables(store)
        if self.rate > 0:
            store["seed_state"] = self.seed_generator.state

    def load_own_variables(self, store):
        if self.rate > 0 and "seed_state" in store.keys():  # not in files of format 1  # noqa: SIM118
            self.seed_generator.state.assign(store["seed_state"])

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("noise_shape", None)
        return config


def _uint32(number):
    return ops.convert_to_tensor(number, "uint32")


def _mixed(x):
    """Hash uint32 numbers one to one: each bit of the result depends on every bit of `x`."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ ops.right_shift(x, _uint32(shift))) * _uint32(factor)
    return x ^ ops.right_shift(x, _uint32(16))
