"""A language model that sees only the last token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from tinylm_keras import _checks
from tinylm_keras.layers.token_embedding import Embedding
from tinylm_keras.models.language_model import LanguageModel

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import LanguageModelArguments, Tensor
    from tinylm_keras.tokenizers import Tokenizer

MAXIMUM_VOCABULARY = 20_000  # 1.6 GB for the table, four times that to train it


@keras.saving.register_keras_serializable(package="tinylm_keras")
class BigramLM(LanguageModel):
    """One table: row i has the logits of the token after token i.

    The table starts at zero, where every token is equally likely, so the loss starts at ln `vocabulary_size`. On the
    training text it falls to that of bigram counts, but not lower: other models gain from earlier tokens. The table has
    `vocabulary_size` squared weights: 4,225 for 65 characters, 1.6 GB for 20,000 words. More tokens are refused.

    Args:
        vocabulary_size: int up to 20,000, or None. Number of ids; None: the tokenizer's.
        context_length: int. Longest text that is trained on at once, in tokens; the model sees the last one.
        pad_id: int or None. Id that is no token; None: the tokenizer's.
        tokenizer: `Tokenizer` or None. Needed for text in and out, and kept in the file.

    Raises:
        ValueError: if a size is outside its range, or neither `vocabulary_size` nor `tokenizer` is given.

    Example:

    >>> import numpy as np
    >>> model = BigramLM(vocabulary_size=65)
    >>> model(np.array([[1, 2, 3]])).shape
    TensorShape([1, 3, 65])

    References:
        Shannon, "A Mathematical Theory of Communication", 1948 (text from the frequencies of pairs).
    """

    sliding_window_cache = True  # nothing is cached, so text past the context is no different

    def __init__(
        self,
        vocabulary_size: int | None = None,
        context_length: int = 20,
        pad_id: int | None = None,
        tokenizer: Tokenizer | None = None,
        **kwargs: Unpack[LanguageModelArguments],
    ) -> None:
        super().__init__(vocabulary_size, context_length, pad_id, tokenizer, **kwargs)
        if self.vocabulary_size > MAXIMUM_VOCABULARY:
            rule = f"must be at most {MAXIMUM_VOCABULARY:,}, because the table has a row and a column for each id"
            advice = "Use a smaller vocabulary or another model."
            raise _checks.refuse("vocabulary_size", rule, self.vocabulary_size, advice)
        # Both in float32 for every policy: the table holds the logits, and there is no matrix product to speed up.
        self.table = Embedding(self.vocabulary_size, self.vocabulary_size, "zeros", name="table", dtype="float32")
        self.head = keras.layers.Identity(name="head", dtype="float32")
        self.build((None, None))

    @property
    def receptive_field(self) -> int:
        return 1

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.table.build(input_shape)
        self.head.build((*input_shape, self.vocabulary_size))

    def hidden_states(self, token_ids: Tensor, training: bool | None = None) -> Tensor:
        """The logits `[B, T, vocabulary_size]`; the head is the identity."""
        return self.table(token_ids)

    def decode_step(self, token_ids: Tensor, cache: Any, start: Any) -> tuple[Tensor, Any]:
        return self.hidden_states(token_ids), cache

    def empty_cache(self, batch_size: int) -> Any:
        return ()
