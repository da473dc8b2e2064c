"""A language model that averages the vectors of all earlier tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from tinylm_keras import _checks
from tinylm_keras.baselines.layers import PrefixMean
from tinylm_keras.layers import Dropout
from tinylm_keras.layers.dense import Dense
from tinylm_keras.layers.token_embedding import Embedding
from tinylm_keras.models.language_model import LanguageModel

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import LanguageModelArguments, Tensor
    from tinylm_keras.tokenizers import Tokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class AverageLM(LanguageModel):
    """The mean of the vectors of all tokens so far, dense layers, and a dense layer to the vocabulary.

    It knows which tokens came before, but not their order, so it shows what attention adds. The last token has no more
    weight than any other, so the model is worse than `BigramLM`.

    Args:
        vocabulary_size: int or None. Number of ids; None: the tokenizer's.
        context_length: int. Longest text that the model sees at once, in tokens.
        embed_dim: int. Width of the token vectors.
        hidden_dim: int. Width of the hidden layers, each followed by a leaky ReLU (slope 0.2 below zero) and dropout.
        num_hidden_layers: int.
        dropout: float in [0, 1).
        pad_id: int or None. Id that is no token; None: the tokenizer's.
        tokenizer: `Tokenizer` or None. Needed for text in and out, and kept in the file.

    Raises:
        ValueError: if a size is outside its range, or neither `vocabulary_size` nor `tokenizer` is given.

    Example:

    >>> import numpy as np
    >>> model = AverageLM(vocabulary_size=65, context_length=16)
    >>> model(np.array([[1, 2, 3]])).shape
    TensorShape([1, 3, 65])

    References:
        Iyyer et al., "Deep Unordered Composition Rivals Syntactic Methods for Text Classification", ACL 2015.
    """

    def __init__(
        self,
        vocabulary_size: int | None = None,
        context_length: int = 20,
        embed_dim: int = 64,
        hidden_dim: int = 128,
        num_hidden_layers: int = 2,
        dropout: float = 0.1,
        pad_id: int | None = None,
        tokenizer: Tokenizer | None = None,
        **kwargs: Unpack[LanguageModelArguments],
    ) -> None:
        super().__init__(vocabulary_size, context_length, pad_id, tokenizer, **kwargs)
        self.embed_dim = _checks.whole_number("embed_dim", embed_dim, 1)
        self.hidden_dim = _checks.whole_number("hidden_dim", hidden_dim, 1)
        self.num_hidden_layers = _checks.whole_number("num_hidden_layers", num_hidden_layers, 1)
        self.dropout = _checks.real_number("dropout", dropout, 0, 1, include_high=False)
        dtype = self.dtype_policy
        self.embedding = Embedding(self.vocabulary_size, self.embed_dim, name="embedding", dtype=dtype)
        self.prefix_mean = PrefixMean(name="prefix_mean", dtype=dtype)
        self.dense_layers = [
            Dense(self.hidden_dim, "leaky_relu", name=f"dense_{i}", dtype=dtype) for i in range(num_hidden_layers)
        ]
        self.dropouts = [Dropout(dropout, name=f"dropout_{i}", dtype=dtype) for i in range(num_hidden_layers)]
        # Logits stay in float32: the loss takes their exponentials.
        self.head = Dense(self.vocabulary_size, name="head", dtype="float32")
        self.build((None, None))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.embedding.build(input_shape)
        self.prefix_mean.build((*input_shape, self.embed_dim))
        width = self.embed_dim
        for dense in self.dense_layers:
            dense.build((*input_shape, width))
            width = self.hidden_dim
        self.head.build((*input_shape, width))

    def hidden_states(self, token_ids: Tensor, cache: Any = None, start: Any = 0, training: bool | None = None) -> Any:
        """Input of the head, `[B, T, hidden_dim]`; with a cache, a pair of it and the new cache."""
        x = self.embedding(token_ids)  # (B, T, embed_dim)
        x = self.prefix_mean(x, cache=cache, start=start)
        if cache is not None:
            x, cache = x
        for dense, dropout in zip(self.dense_layers, self.dropouts, strict=True):
            x = dropout(dense(x), training=training)  # (B, T, hidden_dim)
        return x if cache is None else (x, cache)

    def decode_step(self, token_ids: Tensor, cache: Any, start: Any) -> tuple[Tensor, Any]:
        return self.hidden_states(token_ids, cache=cache, start=start, training=False)

    def empty_cache(self, batch_size: int) -> Any:
        return self.prefix_mean.empty_cache(batch_size, self.context_length, self.embed_dim)

    def get_config(self) -> dict[str, Any]:
        names = ("embed_dim", "hidden_dim", "num_hidden_layers", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
