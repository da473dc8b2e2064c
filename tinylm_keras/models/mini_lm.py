"""The transformer language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from tinylm_keras import _checks
from tinylm_keras.layers import TokenAndPositionEmbedding, TransformerBlock
from tinylm_keras.layers.block import EPSILON
from tinylm_keras.layers.dense import Dense
from tinylm_keras.models.transformer import Transformer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, Self, Unpack

    from tinylm_keras._types import LanguageModelArguments, Tensor
    from tinylm_keras.tokenizers import Tokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class MiniLM(Transformer):
    """Token and position embedding, transformer blocks, and a dense layer to the vocabulary.

    Args:
        vocabulary_size: int or None. Number of ids; None: that of the tokenizer.
        context_length: int. Maximum length of the input, in tokens.
        embed_dim: int. Width of the model.
        num_heads: int. Attention heads of each block; must divide `embed_dim`.
        feed_forward_dim: int. Hidden width of each block's feed-forward network.
        num_blocks: int. Number of transformer blocks.
        dropout: float in [0, 1).
        norm: "post", or "pre" (which adds a last LayerNormalization before the head).
        activation: "relu", "gelu", "gelu_tanh" or "silu".
        embeddings_stddev: float above 0, or None. Standard deviation of the initial token and position vectors.
            None: `kernel_stddev`, or if that is None too, the uniform initializer of Keras (±0.05).
        kernel_stddev: float above 0, or None. Standard deviation of the normal distribution of the initial kernels;
            biases start at 0. None: the initializers of Keras, with zeros where they make a pre-norm block the
            identity at the start.
        pad_id: int or None. Id of padding; None: that of the tokenizer.
        tokenizer: `Tokenizer` or None. Required for text as input and output; saved with the model.
        head_bias: bool or None. Whether the head adds a bias to the logits. None: yes with `norm="post"`, as in the
            code of the original transformer; no with `norm="pre"`, as in GPT-2.

    Raises:
        ValueError: if a size is outside its range, or neither `vocabulary_size` nor `tokenizer` is given.

    Example:

    >>> import numpy as np
    >>> model = MiniLM(vocabulary_size=65, context_length=16, embed_dim=32, num_heads=4, norm="pre")
    >>> model(np.array([[1, 2, 3]])).shape
    TensorShape([1, 3, 65])

    References:
        Vaswani et al., arXiv:1706.03762; Radford et al. (GPT-2), 2019.
    """

    def __init__(
        self,
        vocabulary_size: int | None = None,
        context_length: int = 20,
        embed_dim: int = 64,
        num_heads: int = 2,
        feed_forward_dim: int = 128,
        num_blocks: int = 2,
        dropout: float = 0.1,
        norm: Literal["post", "pre"] = "post",
        activation: Literal["relu", "gelu", "gelu_tanh", "silu"] = "relu",
        pad_id: int | None = None,
        tokenizer: Tokenizer | None = None,
        *,
        embeddings_stddev: float | None = None,
        kernel_stddev: float | None = None,
        head_bias: bool | None = None,
        **kwargs: Unpack[LanguageModelArguments],
    ) -> None:
        super().__init__(vocabulary_size, context_length, pad_id, tokenizer, **kwargs)
        self.num_blocks = _checks.whole_number("num_blocks", num_blocks, 1)
        self.block_config = {
            "embed_dim": embed_dim,
            "num_heads": num_heads,
            "feed_forward_dim": feed_forward_dim,
            "dropout": dropout,
            "norm": norm,
            "activation": activation,
        }
        self.embeddings_stddev = _deviation("embeddings_stddev", embeddings_stddev)
        self.kernel_stddev = _deviation("kernel_stddev", kernel_stddev)
        if head_bias is not None and not isinstance(head_bias, bool):
            raise _checks.refuse("head_bias", "must be True, False or None", head_bias)
        self.head_bias = norm == "post" if head_bias is None else head_bias
        start = _normal(kernel_stddev if embeddings_stddev is None else embeddings_stddev, "uniform")
        self.embedding = TokenAndPositionEmbedding(
            self.vocabulary_size, context_length, embed_dim, start, name="embedding", dtype=self.dtype_policy
        )
        self.blocks = [
            TransformerBlock(
                **self.block_config,
                kernel_initializer=_normal(kernel_stddev),
                name=f"block_{i}",
                dtype=self.dtype_policy,
            )
            for i in range(num_blocks)
        ]
        self.final_norm = None
        if norm == "pre":
            self.final_norm = keras.layers.LayerNormalization(
                epsilon=EPSILON, name="final_norm", dtype=self.dtype_policy
            )
        # Logits stay in float32: the loss takes their exponentials.
        start = _normal(kernel_stddev, "glorot_uniform")
        self.head = Dense(
            self.vocabulary_size, name="head", use_bias=self.head_bias, kernel_initializer=start, dtype="float32"
        )
        self.build((None, None))

    def embed(self, token_ids: Tensor, start: Any) -> Tensor:
        return self.embedding(token_ids, start=start)

    def get_config(self) -> dict[str, Any]:
        names = ("num_blocks", "embeddings_stddev", "kernel_stddev", "head_bias")
        return {**super().get_config(), **self.block_config, **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return super().from_config({"head_bias": True, **config})  # every head had a bias before format 4


def _deviation(name, value):
    return None if value is None else _checks.real_number(name, value, 0, include_low=False)


def _normal(deviation, otherwise=None):
    return otherwise if deviation is None else keras.initializers.RandomNormal(stddev=deviation)
