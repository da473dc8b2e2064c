"""Concatenates the last few vectors."""

import keras
from keras import ops

from tinylm_keras import _checks


@keras.saving.register_keras_serializable(package="tinylm_keras")
class TrailingWindow(keras.layers.Layer):
    """At each position, the concatenated vectors of the last `window` positions, in order.

    Positions before the first one are zeros. The layer has no weights. Its cache is a sliding window: it holds the
    last L positions of a text of any length, position p in column `p % L`.

    Args:
        window: int. Number of positions, including the current one.

    Call arguments:
        x: float tensor `[B, T, D]`.
        cache: None, or the cache of `empty_cache`: `[B, L, D]` with L at least `window - 1`.
        start: int or scalar int tensor. Position of the first of the T inputs, which follows the last one cached.

    Returns:
        A tensor `[B, T, window * D]`; with a cache, that tensor and the new cache.

    Raises:
        ValueError: if `window` is below 1.

    Example:

    >>> import numpy as np
    >>> TrailingWindow(2)(np.array([[[1.0], [2.0], [3.0]]])).numpy()[0].tolist()
    [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]

    References:
        Bengio et al., "A Neural Probabilistic Language Model", JMLR 3, 2003 (the input of its network).
    """

    def __init__(self, window, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.window = _checks.whole_number("window", window, 1)

    def call(self, x, cache=None, start=0):
        length, before = ops.shape(x)[1], self.window - 1
        if cache is None:
            x = ops.pad(x, ((0, 0), (before, 0), (0, 0)))  # (B, before + T, D)
        else:
            x, cache = self._roll(cache, x, start)
        rows = ops.concatenate([x[:, first : first + length] for first in range(self.window)], axis=-1)
        return rows if cache is None else (rows, cache)

    def _roll(self, cache, x, start):
        """Return the needed vectors `[B, window - 1 + T, D]`, and the new cache."""
        size, length, before = cache.shape[1], x.shape[1], self.window - 1
        both = ops.concatenate([cache, ops.cast(x, cache.dtype)], axis=1)  # (B, L + T, D): the new ones after the cache
        seen = ops.arange(before + length) + start - before
        x = ops.take(both, ops.where(seen < start, ops.mod(seen, size), seen - start + size), axis=1)
        x = ops.where(ops.expand_dims(seen >= 0, 1), x, ops.zeros((), x.dtype))
        columns, last = ops.arange(size), start + length - 1
        newest = last - ops.mod(last - columns, size)  # the position that each column then holds
        return x, ops.take(both, ops.where(newest >= start, newest - start + size, columns), axis=1)

    def empty_cache(self, batch_size, length, width):
        """Return a cache for `length` positions of vectors of this width."""
        return ops.zeros((batch_size, length, width), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        width = input_shape[-1]
        return (*input_shape[:-1], None if width is None else self.window * width)

    def get_config(self):
        return {**super().get_config(), "window": self.window}
