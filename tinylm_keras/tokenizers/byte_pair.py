"""Byte-pair encoding: GPT-2's, or trained on the user's text."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tinylm_keras import _checks
from tinylm_keras.id_rules import byte_pair_engine, strings
from tinylm_keras.id_rules.byte_pair import BytePairRules
from tinylm_keras.tokenizers import byte_pair_files
from tinylm_keras.tokenizers.base import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self, Unpack

    from tinylm_keras._types import KerasArguments, Path, Tensor, Texts, TokenizerArguments

DEFAULT_MAX_TOKENS = 4096


@keras.saving.register_keras_serializable(package="tinylm_keras")
class BytePairTokenizer(BytePairRules, Tokenizer):
    """Byte-level byte-pair encoding: frequent letters in a row become one token, and any text can be written.

    A text is split with GPT-2's own pattern, its bytes are joined by `merges` in their order, and what results is
    looked up in `vocabulary`. With GPT-2's files the ids are GPT-2's (those of `tiktoken`). Nothing is lost:
    `detokenize(tokenize(text)) == text` for every text, and nothing is unknown. The text `"<|endoftext|>"` is text like
    any other; it never becomes the id of that control token.

    Padding has the one id after the last, and `vocabulary_size` counts it: GPT-2's 50,257 ids are followed by 50257.
    Both lists live in the config (JSON), so a model's file needs nothing beside it.

    Args:
        max_tokens: int or None. Largest vocabulary, the special tokens included; `adapt` takes None for 4096.
        sequence_length: int or None. Length that a call pads and cuts to; None: as long as the longest text.
        end_token: str or None. Control token that closes each text in training and stops generation. It has the id
            that the vocabulary gives it, else one after the last; it cannot be a token that text becomes.
        vocabulary: list of str in the order of their ids, dict of ids by str, or None. Tokens in GPT-2's byte letters
            ("Ġ" for the blank), instead of `adapt`.
        merges: list of str or None. "left right", the first merged first; goes with `vocabulary`.

    Raises:
        ValueError: if a size is below its minimum, or the two lists are not whole; the message says what is missing.

    Example:

    >>> tokenizer = BytePairTokenizer(max_tokens=262).adapt("the cat, the hat, the mat")
    >>> tokenizer.token_strings("the rat")
    ['the', ' ', 'r', 'at']
    >>> tokenizer.detokenize(tokenizer.tokenize("Any text: ß 🙂"))
    'Any text: ß 🙂'

    References:
        - Sennrich et al., [Neural machine translation of rare words with subword units](https://arxiv.org/abs/1508.07909)
        - Radford et al., Language models are unsupervised multitask learners (2019), for the byte level
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        sequence_length: int | None = None,
        end_token: str | None = None,
        vocabulary: Sequence[str] | Mapping[str, int] | None = None,
        merges: Sequence[str] | None = None,
        **kwargs: Unpack[KerasArguments],
    ) -> None:
        super().__init__(max_tokens, sequence_length, end_token, **kwargs)
        self._take_vocabulary(vocabulary, merges)

    @classmethod
    def from_files(cls, vocabulary_file: Path, merges_file: Path, **kwargs: Unpack[TokenizerArguments]) -> Self:
        """Read GPT-2's two files.

        Args:
            vocabulary_file: str or path of the JSON file with the ids by token (vocab.json).
            merges_file: str or path of the file with one merge a line (merges.txt).
            **kwargs: Further arguments of the class.

        Returns:
            A `BytePairTokenizer`.

        Raises:
            FileNotFoundError, ValueError: if a file is not there or not of its format; the message names it.
        """
        vocabulary, merges = byte_pair_files.read_files(vocabulary_file, merges_file)
        return cls(vocabulary=vocabulary, merges=merges, **kwargs)

    @classmethod
    def from_preset(cls, preset: str, **kwargs: Unpack[TokenizerArguments]) -> Self:
        """Fetch a byte-level tokenizer of the Hugging Face hub over the network, such as "gpt2".

        Args:
            preset: str. Its name on the hub.
            **kwargs: Further arguments of the class.

        Returns:
            A `BytePairTokenizer`.

        Raises:
            ValueError: if it cannot be fetched, or splits text in another way than GPT-2.
        """
        vocabulary, merges = byte_pair_files.fetch(preset)
        return cls(vocabulary=vocabulary, merges=merges, **kwargs)

    # The vocabulary

    def adapt(self, texts: Texts) -> Self:
        """Learn the merges of the most frequent pairs, until there are `max_tokens` ids or no pair comes twice.

        Args:
            texts: str, list of str, any iterable of str, or a `tf.data.Dataset` of strings (batched or not).

        Returns:
            The tokenizer itself. The same texts give the same vocabulary.

        Raises:
            ValueError: if the texts are empty, or the end token is a token that they become.
        """
        parts = (part for batch in strings.batches(texts) for part in batch if part)
        first = next(parts, None)
        if first is None:
            raise ValueError("`texts` must hold at least one token to adapt to. Received: only empty text.")
        size = (self.max_tokens or DEFAULT_MAX_TOKENS) - 1 - (self.end_token is not None)
        self._set_tokens(*byte_pair_engine.learn(itertools.chain([first], parts), size))
        return self

    def call(self, inputs: Any) -> Tensor:
        """Ids padded on the right: int32 `[batch, sequence_length]`, or as long as the longest text without one.

        Longer texts are cut to `sequence_length`. Strings and string tensors are accepted; one str gives `[length]`.
        Inside `tf.data.Dataset.map` the text leaves TensorFlow for a Python function (`tf.numpy_function`): it runs in
        this process alone and cannot be exported.
        """
        tf = sys.modules.get("tensorflow")  # a symbolic tensor can only come from a TensorFlow that is imported
        if tf is None or not tf.is_tensor(inputs) or tf.executing_eagerly():
            return keras.ops.convert_to_tensor(self._padded(inputs))
        ids = tf.numpy_function(self._padded, [inputs], tf.int32, stateful=False)
        ids.set_shape([*inputs.shape, self.sequence_length])
        return ids

    def _padded(self, inputs):
        """int32 numpy array `[batch, length]` of strings in an array, a tensor or a list; `[length]` of one string."""
        inputs = np.asarray(inputs, dtype=object)
        if inputs.ndim > 1:
            raise _checks.refuse("inputs", "must be one string or a row of strings", f"shape {inputs.shape}")
        texts = [text.decode("utf-8") if isinstance(text, bytes) else text for text in inputs.reshape(-1)]
        rows = self.tokenize(texts)
        length = max(map(len, rows), default=0) if self.sequence_length is None else self.sequence_length
        padded = np.full((len(rows), length), self.pad_id, "int32")
        for index, row in enumerate(rows):
            padded[index, : len(row)] = row[:length]
        return padded if inputs.ndim else padded[0]

    def get_config(self) -> dict[str, Any]:
        tokens, merges = self.__dict__["_tokens"], self.__dict__["_merges"]
        return {
            **super().get_config(),
            "vocabulary": None if tokens is None else list(tokens),
            "merges": None if merges is None else list(merges),
        }
