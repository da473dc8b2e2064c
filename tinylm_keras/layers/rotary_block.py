"""The block of `RotaryLM`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.layers.dense import Dense
from tinylm_keras.layers.dropout import Dropout
from tinylm_keras.layers.rotary_attention import RotaryAttention

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import KerasArguments, Tensor


@keras.saving.register_keras_serializable(package="tinylm_keras")
class RotaryBlock(keras.layers.Layer):
    """Rotary attention, then a feed-forward network with squared ReLU, both pre-norm with a residual connection.

    There are no biases. The two kernels that write into the residual stream start at zero, so that a new block begins
    as the identity.

    Args:
        embed_dim: int. Width of the input and the output.
        num_heads: int. Number of attention heads; must divide `embed_dim` into heads of an even width.
        feed_forward_dim: int. Width of the hidden layer of the feed-forward network.
        context_length: int. How many positions each position sees, itself included.
        dropout: float in [0, 1). Share of the outputs of each half that training sets to zero.

    Call arguments:
        x: float tensor `[B, T, embed_dim]`.
        cache: None, or the pair (keys, values) of `RotaryAttention`.
        start: int or scalar int tensor. Position of the first of the T inputs in the text.
        training: bool. Whether dropout is on.

    Returns:
        A tensor `[B, T, embed_dim]`; with a cache, that tensor and the new cache.

    Raises:
        ValueError: if a size is outside its range.

    Example:

    >>> import numpy as np
    >>> block = RotaryBlock(embed_dim=8, num_heads=2, feed_forward_dim=16, context_length=4)
    >>> block(np.ones((1, 5, 8), "float32")).shape
    TensorShape([1, 5, 8])

    References:
        Zhang and Sennrich (RMSNorm), arXiv:1910.07467; So et al. (squared ReLU), arXiv:2109.08668; Xiong et al.
        (pre-norm), arXiv:2002.04745.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        feed_forward_dim: int,
        context_length: int,
        dropout: float = 0.0,
        **kwargs: Unpack[KerasArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.embed_dim = embed_dim = _checks.whole_number("embed_dim", embed_dim, 1)
        self.num_heads = _checks.whole_number("num_heads", num_heads, 1)
        self.context_length = _checks.whole_number("context_length", context_length, 1)
        self.feed_forward_dim = feed_forward_dim = _checks.whole_number("feed_forward_dim", feed_forward_dim, 1)
        self.dropout = _checks.real_number("dropout", dropout, 0, 1, include_high=False)
        dtype = self.dtype_policy
        bare = {"use_bias": False, "dtype": dtype}
        self.attention = RotaryAttention(embed_dim, num_heads, context_length, name="attention", dtype=dtype)
        self.attention_norm = keras.layers.RMSNormalization(name="attention_norm", dtype=dtype)
        self.attention_dropout = Dropout(dropout, name="attention_dropout", dtype=dtype)
        self.expand = Dense(feed_forward_dim, name="expand", **bare)
        self.contract = Dense(embed_dim, kernel_initializer="zeros", name="contract", **bare)
        self.feed_forward_norm = keras.layers.RMSNormalization(name="feed_forward_norm", dtype=dtype)
        self.feed_forward_dropout = Dropout(dropout, name="feed_forward_dropout", dtype=dtype)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        for layer in (self.attention, self.attention_norm, self.expand, self.feed_forward_norm):
            layer.build(input_shape)
        self.contract.build((*input_shape[:-1], self.feed_forward_dim))

    def call(self, x: Tensor, cache: Any = None, start: Any = 0, training: bool | None = None) -> Any:
        y = self.attention(self.attention_input(x), cache=cache, start=start)
        if cache is not None:
            y, cache = y
        x = x + self.attention_dropout(y, training=training)
        y = self.contract(ops.square(ops.relu(self.expand(self.feed_forward_norm(x)))))
        x = x + self.feed_forward_dropout(y, training=training)
        return x if cache is None else (x, cache)

    def attention_input(self, x: Tensor) -> Tensor:
        """Input of the attention layer when the input of the block is `x`."""
        return self.attention_norm(x)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        names = ("embed_dim", "num_heads", "feed_forward_dim", "context_length", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
