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
    """Byte-level byte-pair encoding: frequent letter sequences become one token, and any text can be encoded.

    A text is split with the pattern of GPT-2, its bytes are joined by `merges` in their order, and the results are
    looked up in `vocabulary`. With the files of GPT-2 the ids are those of GPT-2 (and `tiktoken`). The encoding is
    lossless and has no unknown token: `detokenize(tokenize(text)) == text` for every text. The text `"<|endoftext|>"`
    is encoded like any other text; it never becomes the id of that control token.

    The padding id follows the last id and counts in `vocabulary_size`: with the 50,257 ids of GPT-2 it is 50257.
    Both lists are part of the config (JSON), so a model file needs no other file.

    Args:
        max_tokens: int or None. Maximum size of the vocabulary, including special tokens; None: 4096 in `adapt`.
        sequence_length: int or None. A call pads or truncates to this length; None: to the longest text.
        end_token: str or None. Control token at the end of each text in training; stops generation. Its id is the
            one in the vocabulary, or a new last one. It must not be a token of ordinary text.
        vocabulary: list of str in the order of their ids, dict from str to id, or None. The tokens, with GPT-2's
            letters for bytes ("Ġ" for a space), as an alternative to `adapt`.
        merges: list of str or None. Pairs "left right" in the order of merging; required with `vocabulary`.

    Raises:
        ValueError: if a size is below its minimum, or a list is incomplete.

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
        """Read a vocabulary from two files in the format of GPT-2.

        Args:
            vocabulary_file: str or path. JSON object from token to id (vocab.json).
            merges_file: str or path. One merge on each line (merges.txt).
            **kwargs: Further arguments of the class.

        Returns:
            A `BytePairTokenizer`.

        Raises:
            FileNotFoundError: if a file does not exist.
            ValueError: if a file has the wrong format.
        """
        vocabulary, merges = byte_pair_files.read_files(vocabulary_file, merges_file)
        return cls(vocabulary=vocabulary, merges=merges, **kwargs)

    @classmethod
    def from_preset(cls, preset: str, **kwargs: Unpack[TokenizerArguments]) -> Self:
        """Download a byte-level tokenizer from the Hugging Face hub, such as "gpt2".

        Args:
            preset: str. Its name on the hub.
            **kwargs: Further arguments of the class.

        Returns:
            A `BytePairTokenizer`.

        Raises:
            ValueError: if it cannot be downloaded, or splits text differently from GPT-2.
        """
        vocabulary, merges = byte_pair_files.fetch(preset)
        return cls(vocabulary=vocabulary, merges=merges, **kwargs)

    # Vocabulary

    def adapt(self, texts: Texts) -> Self:
        """Learn merges of the most frequent pairs, until there are `max_tokens` ids or no pair occurs twice.

        Args:
            texts: str, list of str, any iterable of str, or a `tf.data.Dataset` of strings (batched or not).

        Returns:
            The tokenizer itself. The same texts give the same vocabulary.

        Raises:
            ValueError: if the texts are empty, or the end token is a token of ordinary text.
        """
        parts = (part for batch in strings.batches(texts) for part in batch if part)
        first = next(parts, None)
        if first is None:
            raise ValueError("`texts` must hold at least one token to adapt to. Received: only empty text.")
        size = (self.max_tokens or DEFAULT_MAX_TOKENS) - 1 - (self.end_token is not None)
        self._set_tokens(*byte_pair_engine.learn(itertools.chain([first], parts), size))
        return self

    def call(self, inputs: Any) -> Tensor:
        """Return ids padded on the right, int32 `[batch, sequence_length]`; without that setting, to the longest text.

        Longer texts are truncated. The input is a string (result `[length]`), a list of strings or a string tensor.
        Inside `tf.data.Dataset.map` a Python function is called (`tf.numpy_function`), so the dataset runs only in
        this process and cannot be exported.
        """
        tf = sys.modules.get("tensorflow")  # a symbolic tensor exists only if TensorFlow is imported
        if tf is None or not tf.is_tensor(inputs) or tf.executing_eagerly():
            return keras.ops.convert_to_tensor(self._padded(inputs))
        ids = tf.numpy_function(self._padded, [inputs], tf.int32, stateful=False)
        ids.set_shape([*inputs.shape, self.sequence_length])
        return ids

    def _padded(self, inputs):
        """Return int32 `[batch, length]` for an array, tensor or list of strings, `[length]` for one string."""
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
