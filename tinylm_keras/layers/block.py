"""The transformer block: attention and a feed-forward network, each with a residual connection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.layers.attention import CausalSelfAttention
from tinylm_keras.layers.dense import Dense
from tinylm_keras.layers.dropout import Dropout

if TYPE_CHECKING:
    from typing import Literal, Unpack

    from tinylm_keras._types import KerasArguments, Tensor

# GPT code uses 1e-5; Keras's own default is 1e-3, which changes the logits of a small model visibly.
EPSILON = 1e-5


def _gelu(x):
    # Keras's own is written with erfc, for which no ONNX runtime has an operation. In half precision, 1 + erf(x) would
    # lose the digits of the negative side.
    dtype = keras.backend.standardize_dtype(x.dtype)
    x = ops.cast(x, keras.backend.result_type(dtype, "float32"))
    return ops.cast(0.5 * x * (1 + ops.erf(x / math.sqrt(2))), dtype)


def _gelu_tanh(x):
    return keras.activations.gelu(x, approximate=True)


ACTIVATIONS = {"relu": keras.activations.relu, "gelu": _gelu, "gelu_tanh": _gelu_tanh, "silu": keras.activations.silu}


@keras.saving.register_keras_serializable(package="tinylm_keras")
class TransformerBlock(keras.layers.Layer):
    """Causal attention, then a two-layer feed-forward network at each position.

    `norm="post"` (the original transformer): each half is *sublayer, dropout, add, norm*. `norm="pre"` (GPT-2): each
    half is *norm, sublayer, dropout, add*, so the residual stream runs through the whole model without a norm. The two
    kernels that write into the residual stream start at zero, so that a new block begins as the identity.

    Args:
        embed_dim: int. Width of the input and the output.
        num_heads: int. Number of attention heads; must divide `embed_dim`.
        feed_forward_dim: int. Width of the hidden layer of the feed-forward network.
        dropout: float in [0, 1). Share of the outputs of each half that training sets to zero.
        norm: "post" or "pre".
        activation: "relu", "gelu" (exact), "gelu_tanh" (GPT-2's approximation) or "silu".
        kernel_initializer: Keras initializer of all kernels. None: Glorot uniform, and zeros for the two kernels that
            write into the residual stream of a pre-norm block.

    Call arguments:
        x: float tensor `[B, T, embed_dim]`.
        cache: None, or the pair (keys, values) of `CausalSelfAttention`.
        start: int or scalar int tensor. Position of the first of the T inputs in the cache.
        training: bool. Whether dropout is on.

    Returns:
        A tensor `[B, T, embed_dim]`; with a cache, that tensor and the new cache.

    Raises:
        ValueError: if a size, `norm` or `activation` is outside its range.

    Example:

    >>> import numpy as np
    >>> block = TransformerBlock(embed_dim=8, num_heads=2, feed_forward_dim=16)
    >>> block(np.ones((1, 5, 8), "float32")).shape
    TensorShape([1, 5, 8])

    References:
        Vaswani et al., arXiv:1706.03762 (post-norm); Xiong et al., arXiv:2002.04745 (why pre-norm trains more
        easily); Bachlechner et al., arXiv:2003.04887 (blocks that begin as the identity).
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        feed_forward_dim: int,
        dropout: float = 0.1,
        norm: Literal["post", "pre"] = "post",
        activation: Literal["relu", "gelu", "gelu_tanh", "silu"] = "relu",
        kernel_initializer: Any = None,
        **kwargs: Unpack[KerasArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.embed_dim = embed_dim = _checks.whole_number("embed_dim", embed_dim, 1)
        self.num_heads = _checks.whole_number("num_heads", num_heads, 1)
        self.feed_forward_dim = feed_forward_dim = _checks.whole_number("feed_forward_dim", feed_forward_dim, 1)
        self.dropout = _checks.real_number("dropout", dropout, 0, 1, include_high=False)
        self.norm = _checks.one_of("norm", norm, ("post", "pre"))
        self.activation = _checks.one_of("activation", activation, tuple(ACTIVATIONS))
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        dtype = self.dtype_policy
        into_residual = "zeros" if norm == "pre" else "glorot_uniform"
        self.attention = CausalSelfAttention(
            embed_dim, num_heads, self._start(into_residual), self._start(), name="attention", dtype=dtype
        )
        self.attention_norm = keras.layers.LayerNormalization(epsilon=EPSILON, name="attention_norm", dtype=dtype)
        self.attention_dropout = Dropout(dropout, name="attention_dropout", dtype=dtype)
        self.expand = Dense(feed_forward_dim, name="expand", kernel_initializer=self._start(), dtype=dtype)
        self.contract = Dense(embed_dim, name="contract", kernel_initializer=self._start(into_residual), dtype=dtype)
        self.feed_forward_norm = keras.layers.LayerNormalization(epsilon=EPSILON, name="feed_forward_norm", dtype=dtype)
        self.feed_forward_dropout = Dropout(dropout, name="feed_forward_dropout", dtype=dtype)

    def _start(self, default="glorot_uniform"):
        """Return the initializer of one kernel: a clone, because the same object would repeat its numbers."""
        return default if self.kernel_initializer is None else self.kernel_initializer.clone()

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        for layer in (self.attention, self.attention_norm, self.expand, self.feed_forward_norm):
            layer.build(input_shape)
        self.contract.build((*input_shape[:-1], self.feed_forward_dim))

    def call(self, x: Tensor, cache: Any = None, start: Any = 0, training: bool | None = None) -> Any:
        y = self.attention(self.attention_input(x), cache=cache, start=start)
        if cache is not None:
            y, cache = y
        x = x + self.attention_dropout(y, training=training)
        if self.norm == "post":
            x = self.attention_norm(x)
        y = x if self.norm == "post" else self.feed_forward_norm(x)
        y = self.contract(ACTIVATIONS[self.activation](self.expand(y)))
        x = x + self.feed_forward_dropout(y, training=training)
        if self.norm == "post":
            x = self.feed_forward_norm(x)
        return x if cache is None else (x, cache)

    def attention_input(self, x: Tensor) -> Tensor:
        """Input of the attention layer when the input of the block is `x`."""
        return self.attention_norm(x) if self.norm == "pre" else ops.convert_to_tensor(x)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        names = ("embed_dim", "num_heads", "feed_forward_dim", "dropout", "norm", "activation")
        initializer = keras.saving.serialize_keras_object(self.kernel_initializer)
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, "kernel_initializer": initializer}
