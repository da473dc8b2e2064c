"""Causal attention with rotary positions, over a sliding window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.layers.attention import CausalSelfAttention
from tinylm_keras.layers.rotary import RotaryEmbedding

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import KerasArguments


@keras.saving.register_keras_serializable(package="tinylm_keras")
class RotaryAttention(CausalSelfAttention):
    """Multi-head attention in which a position sees itself and the `context_length - 1` positions before it.

    Queries and keys are normalized, then rotated by their positions, so that scores are bounded and depend only on
    distances. There are no biases.

    The cache is a sliding window: it holds the last `context_length` positions of a text of any length, position p in
    column `p % context_length`.

    Args:
        embed_dim: int. Width of the input and the output; `num_heads` must divide it into heads of an even width.
        num_heads: int. Number of heads.
        context_length: int. How many positions each position sees, itself included.
        projection_initializer: Keras initializer of the kernel that joins the heads.

    Call arguments:
        x: float tensor `[B, T, embed_dim]`.
        cache: None, or a pair (keys, values) of tensors `[B * num_heads, context_length, head_dim]`.
        start: int or scalar int tensor. Position of the first of the T inputs, which follows the last one cached.

    Returns:
        A tensor `[B, T, embed_dim]`; with a cache, that tensor and the new cache.

    Raises:
        ValueError: if `num_heads` does not divide `embed_dim`, or the width of a head is odd.

    Example:

    >>> import numpy as np
    >>> attention = RotaryAttention(embed_dim=8, num_heads=2, context_length=3)
    >>> attention(np.ones((1, 5, 8), "float32")).shape
    TensorShape([1, 5, 8])

    References:
        Su et al. (rotary positions), arXiv:2104.09864; Henry et al. (normalized queries and keys), arXiv:2010.04245;
        Zhang and Sennrich (RMSNorm), arXiv:1910.07467; Beltagy et al. (a window of keys), arXiv:2004.05150.
    """

    use_bias = False

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        context_length: int,
        projection_initializer: Any = "zeros",
        **kwargs: Unpack[KerasArguments],
    ) -> None:
        super().__init__(embed_dim, num_heads, projection_initializer, **kwargs)
        self.context_length = _checks.whole_number("context_length", context_length, 1)
        if self.head_dim % 2:
            rule = f"must give heads of an even width, because features rotate in pairs (embed_dim={embed_dim})"
            raise _checks.refuse("num_heads", rule, num_heads)
        dtype = self.dtype_policy
        self.query_norm = keras.layers.RMSNormalization(name="query_norm", dtype=dtype)
        self.key_norm = keras.layers.RMSNormalization(name="key_norm", dtype=dtype)
        self.rotary = RotaryEmbedding(name="rotary", dtype=dtype)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        for layer in (self.query_norm, self.key_norm, self.rotary):
            layer.build((None, None, self.head_dim))

    def _prepare(self, queries, keys, start):
        return self.rotary(self.query_norm(queries), start=start), self.rotary(self.key_norm(keys), start=start)

    def _extend(self, cache, keys, values, start):
        new = ops.cast(keys, cache[0].dtype), ops.cast(values, cache[1].dtype)
        length = keys.shape[1]
        if length == 1:  # it replaces the one position that is no longer visible
            column = (0, ops.mod(start, self.context_length), 0)
            cache = tuple(ops.slice_update(old, column, one) for old, one in zip(cache, new, strict=True))
            return *cache, self._held(start), cache
        # The last of several new positions would overwrite keys that the first still sees, so they are appended.
        keys, values = (ops.concatenate(pair, axis=1) for pair in zip(cache, new, strict=True))  # (B * H, L + T, hd)
        positions = ops.concatenate([self._held(start - 1), ops.arange(length) + start])
        newest = self._held(start + length - 1)
        columns = ops.arange(self.context_length)
        source = ops.where(newest >= start, newest - start + self.context_length, columns)
        return keys, values, positions, tuple(ops.take(every, source, axis=1) for every in (keys, values))

    def _held(self, last):
        """Return the position that each column holds after position `last` is written; negative for an empty column."""
        return last - ops.mod(last - ops.arange(self.context_length), self.context_length)

    def _visible(self, positions, key_positions):
        near = key_positions > ops.expand_dims(positions - self.context_length, 1)
        return super()._visible(positions, key_positions) & near & (key_positions >= 0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "context_length": self.context_length}
