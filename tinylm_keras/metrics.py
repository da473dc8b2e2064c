"""Perplexity and bits per character, both from the mean nats per real token."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor

__all__ = ["BitsPerCharacter", "Perplexity"]


def weigh(token_ids: Any, pad_id: int | None = None, sample_weight: Any = None) -> tuple[Tensor, Tensor]:
    """Return the targets, with an id of the vocabulary instead of padding, and their weights.

    Args:
        token_ids, pad_id, sample_weight: see `token_nats`.

    Returns:
        An int32 and a float32 tensor `[B, T]`.
    """
    token_ids = ops.cast(token_ids, "int32")
    weights = ops.ones_like(token_ids, "float32")
    if pad_id is not None:
        weights = ops.cast(ops.not_equal(token_ids, pad_id), "float32")
        # The pad id may lie outside the logits (byte-pair tokenizers put it after the last token).
        token_ids = ops.where(ops.equal(token_ids, pad_id), 0, token_ids)
    if sample_weight is not None:
        sample_weight = ops.cast(sample_weight, "float32")
        if getattr(sample_weight.shape, "rank", 0) is None:  # TensorFlow, after calls with two different ranks
            raise _checks.refuse("sample_weight", "must keep its rank", "another one", "Call compile() again before.")
        rank = len(sample_weight.shape)
        if rank == 1:
            # Otherwise [B] would silently broadcast along T if B == T.
            sample_weight = ops.expand_dims(sample_weight, 1)
        elif rank != 2:
            raise _checks.refuse(
                "sample_weight", "must have the shape (B,), (B, 1) or (B, T)", tuple(sample_weight.shape)
            )
        weights = weights * sample_weight
    return token_ids, weights


def token_nats(
    token_ids: Any, logits: Any, pad_id: int | None = None, sample_weight: Any = None
) -> tuple[Tensor, Tensor]:
    """Return the cross-entropy and the weight of each token; padding has weight 0.

    Args:
        token_ids: int tensor `[B, T]`. The targets.
        logits: float tensor `[B, T, V]`. Unnormalized log-probabilities.
        pad_id: int or None. Id that is no token.
        sample_weight: None, or a tensor `[B]`, `[B, 1]` or `[B, T]`.

    Returns:
        Two float32 tensors `[B, T]`: nats and weights.

    Raises:
        ValueError: if `sample_weight` has another rank.
    """
    token_ids, weights = weigh(token_ids, pad_id, sample_weight)
    nats = ops.sparse_categorical_crossentropy(token_ids, ops.cast(logits, "float32"), from_logits=True)
    return nats, weights


class _TokenMean(keras.metrics.Metric):
    """Total nats over total weight of all tokens since the last reset."""

    _direction = "down"  # tells callbacks of Keras that lower is better

    def __init__(self, pad_id: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.pad_id = pad_id
        self.total = self.add_variable(shape=(), initializer="zeros", name="total_nats")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the tokens `y_true` `[B, T]`, predicted by the logits `y_pred` `[B, T, V]`."""
        nats, weights = token_nats(y_true, y_pred, self.pad_id, sample_weight)
        self.add(ops.sum(nats * weights), ops.sum(weights))

    def add(self, total_nats: Any, count: Any) -> None:
        """Add sums that the loss has already computed, to avoid a second softmax."""
        self.total.assign_add(ops.cast(total_nats, self.total.dtype))
        self.count.assign_add(ops.cast(count, self.count.dtype))

    def mean_nats(self) -> Tensor:
        """Mean nats per token; 0 without tokens."""
        return ops.divide_no_nan(self.total, self.count)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "pad_id": self.pad_id}


@keras.saving.register_keras_serializable(package="tinylm_keras")
class Perplexity(_TokenMean):
    """exp of the mean nats per real token: the number of equally likely tokens with the same uncertainty.

    The mean is over all tokens since the last reset, not over batches, so short batches and short lines have the right
    weight.

    Args:
        pad_id: int or None. Id to ignore.
        name: str.

    Example:

    >>> import numpy as np
    >>> metric = Perplexity(pad_id=0)
    >>> metric.update_state(np.array([[3, 1, 0]]), np.zeros((1, 3, 8)))
    >>> round(float(metric.result()), 3)
    8.0

    References:
        Jelinek et al., "Perplexity: a measure of the difficulty of speech recognition tasks", 1977.
    """

    def __init__(self, pad_id: int | None = None, name: str = "perplexity", dtype: Any = None) -> None:
        super().__init__(pad_id, name, dtype)

    def result(self) -> Tensor:
        return ops.exp(self.mean_nats())


@keras.saving.register_keras_serializable(package="tinylm_keras")
class BitsPerCharacter(_TokenMean):
    """Bits per character of the original text, which are comparable between models with different tokenizers.

    They are nats / ln 2 times tokens per character, plus the bits to spell the unknown words. `data.lines` and
    `data.windows` return the two rates of a text: `BitsPerCharacter(**batches.character_rates())`.

    Args:
        tokens_per_character: float above 0. Predicted tokens over predicted characters of the text.
        unknown_bits_per_character: float. Bits to spell the unknown words, over the same characters.
        pad_id: int or None. Id to ignore.
        name: str.

    Example:

    >>> import numpy as np
    >>> metric = BitsPerCharacter(tokens_per_character=0.25, pad_id=0)
    >>> metric.update_state(np.array([[3, 1, 0]]), np.zeros((1, 3, 8)))  # 3 bits a token
    >>> round(float(metric.result()), 3)
    0.75
    """

    def __init__(
        self,
        tokens_per_character: float = 1.0,
        unknown_bits_per_character: float = 0.0,
        pad_id: int | None = None,
        name: str = "bits_per_character",
        dtype: Any = None,
    ) -> None:
        super().__init__(pad_id, name, dtype)
        self.tokens_per_character = _checks.real_number(
            "tokens_per_character", tokens_per_character, 0, include_low=False
        )
        self.unknown_bits_per_character = _checks.real_number(
            "unknown_bits_per_character", unknown_bits_per_character, 0
        )

    def result(self) -> Tensor:
        return self.mean_nats() / math.log(2) * self.tokens_per_character + self.unknown_bits_per_character

    def get_config(self) -> dict[str, Any]:
        rates = {name: getattr(self, name) for name in ("tokens_per_character", "unknown_bits_per_character")}
        return {**super().get_config(), **rates}
