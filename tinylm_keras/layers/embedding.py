"""Token embedding plus learned position embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.layers.token_embedding import Embedding

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import KerasArguments, Tensor


@keras.saving.register_keras_serializable(package="tinylm_keras")
class TokenAndPositionEmbedding(keras.layers.Layer):
    """The vector of each token plus the vector of its position; both are learned.

    Args:
        vocabulary_size: int. Number of different token ids.
        context_length: int. Number of positions that have a vector.
        embed_dim: int. Width of the vectors.
        embeddings_initializer: Keras initializer of both tables.

    Call arguments:
        token_ids: int tensor `[B, T]`.
        start: int or scalar int tensor. Position of the first column; above 0 when generating with a cache.

    Returns:
        A float tensor `[B, T, embed_dim]`.

    Raises:
        ValueError: if a size is below 1, or T is larger than `context_length`.

    Example:

    >>> import numpy as np
    >>> embedding = TokenAndPositionEmbedding(vocabulary_size=100, context_length=20, embed_dim=8)
    >>> embedding(np.array([[5, 6, 7]])).shape
    TensorShape([1, 3, 8])

    References:
        Radford et al., "Language Models are Unsupervised Multitask Learners" (GPT-2), 2019.
    """

    def __init__(
        self,
        vocabulary_size: int,
        context_length: int,
        embed_dim: int,
        embeddings_initializer: Any = "uniform",
        **kwargs: Unpack[KerasArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = _checks.whole_number("vocabulary_size", vocabulary_size, 1)
        self.context_length = _checks.whole_number("context_length", context_length, 1)
        self.embed_dim = _checks.whole_number("embed_dim", embed_dim, 1)
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        tables = {"token_embedding": self.vocabulary_size, "position_embedding": self.context_length}
        for name, rows in tables.items():
            # A clone, because the same initializer would give both tables the same numbers.
            start = self.embeddings_initializer.clone()
            table = Embedding(rows, self.embed_dim, start, name=name, dtype=self.dtype_policy)
            setattr(self, name, table)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.token_embedding.build(input_shape)
        self.position_embedding.build((None,))

    def call(self, token_ids: Tensor, start: Any = 0) -> Tensor:
        _checks.within_context(tuple(token_ids.shape), self.context_length)
        positions = ops.arange(ops.shape(token_ids)[1], dtype="int32") + start
        return self.token_embedding(token_ids) + self.position_embedding(positions)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape, self.embed_dim)

    def get_config(self) -> dict[str, Any]:
        sizes = ("vocabulary_size", "context_length", "embed_dim")
        initializer = keras.initializers.serialize(self.embeddings_initializer)
        config = {name: getattr(self, name) for name in sizes}
        return {**super().get_config(), **config, "embeddings_initializer": initializer}
