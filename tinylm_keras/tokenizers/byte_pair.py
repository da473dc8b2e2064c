"""Byte-pair encoding: GPT-2's, or trained on the user's text."""

from __future__ import annotations

import codecs
import itertools
import sys
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tinylm_keras import _checks
from tinylm_keras.tokenizers import byte_level, byte_pair_engine, byte_pair_files, strings
from tinylm_keras.tokenizers.base import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self, Unpack

    from tinylm_keras._types import Ids, KerasArguments, Path, Tensor, Texts, TokenizerArguments

DEFAULT_MAX_TOKENS = 4096
PAD = ""
NO_SPACE = "\x1c\x1d\x1e\x1f"  # for Python they are white space, for Unicode and GPT-2's pattern they are not


@keras.saving.register_keras_serializable(package="tinylm_keras")
class BytePairTokenizer(Tokenizer):
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

    least_tokens = 257  # the bytes and padding

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
        if (vocabulary is None) != (merges is None):
            missing = "merges" if merges is None else "vocabulary"
            raise _checks.refuse(missing, "must be given when the other of `vocabulary` and `merges` is", None)
        self._set_tokens(None, None)
        if vocabulary is not None:
            tokens = byte_level.check_vocabulary(vocabulary)
            self._set_tokens(tokens, byte_level.check_merges(merges, tokens))
            self._check_size(self.vocabulary_size())

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

    def get_vocabulary(self) -> list[str]:
        """All tokens in the order of their ids, as a list of str in GPT-2's byte letters; "" is padding, the last."""
        return [*self._known_tokens(), PAD]

    def vocabulary_size(self) -> int:
        """Number of ids, padding included."""
        return len(self._known_tokens()) + 1

    @property
    def pad_id(self) -> int | None:
        """Id of padding, one after the last token; None before there is a vocabulary."""
        return None if self.__dict__["_tokens"] is None else len(self.__dict__["_tokens"])

    @property
    def end_id(self) -> int | None:
        """Id of the end token; None without one."""
        if self.end_token is None or self.__dict__["_tokens"] is None:
            return None
        return self._token_ids()[self.end_token]

    def id_to_token(self, id: int) -> str:
        """The token with this id."""
        size = self.vocabulary_size()
        id = _checks.whole_number("id", id, 0, size - 1)
        return PAD if id == size - 1 else self._known_tokens()[id]

    def token_to_id(self, token: str) -> int | None:
        """The id of this token, written in GPT-2's byte letters; None for one that the vocabulary lacks."""
        return self.pad_id if _checks.text("token", token) == PAD else self._token_ids().get(token)

    # Text to ids and back

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

    def continuation(self, text: str, ids: Sequence[int]) -> str:
        silent = (self.pad_id, self.end_id)
        table = self._table()
        return b"".join([table[i] for i in ids if i not in silent]).decode("utf-8", "replace")

    def unfinished(self, ids: Sequence[int]) -> int:
        table, silent = self._table(), (self.pad_id, self.end_id)
        last = [b"" if i in silent else table[i] for i in ids]
        open_bytes = byte_level.unfinished_bytes(b"".join(last))
        count = 0
        while open_bytes > 0:
            count += 1
            open_bytes -= len(last[-count])
        return count

    def tokenize_prompt(self, text: str) -> tuple[Ids, int, np.ndarray | None]:
        last = text[-1:]
        if not last.isspace() or last in NO_SPACE:
            return super().tokenize_prompt(text)
        # Before a word, GPT-2's pattern parts white space from its last character, and joins a blank to the word.
        known = self.tokenize(text[:-1])
        if last != " ":
            return np.concatenate([known, self.tokenize(last)]), 0, None
        silent = (self.pad_id, self.end_id)
        first = [index not in silent and token.startswith(b" ") for index, token in enumerate(self._table())]
        return known, 1, np.array([*first, False])  # padding has no bytes

    def token_strings(self, text: str) -> list[str]:
        """As in every tokenizer; a character of several tokens belongs to the last of them, the others have ""."""
        table, decoder = self._table(), codecs.getincrementaldecoder("utf-8")()
        return [decoder.decode(table[i]) for i in self.tokenize(text)]

    def _encode(self, texts):
        if self.__dict__["_engine"] is None:
            self.__dict__["_engine"] = byte_pair_engine.build(self._token_ids(), self.__dict__["_merges"])
        return byte_pair_engine.encode(self.__dict__["_engine"], texts)

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

    # State: held outside Keras's tracking, and built when it is first used

    def _set_tokens(self, tokens, merges):
        if tokens is not None and self.end_token is not None:
            made = {merge.replace(" ", "") for merge in merges} | byte_level.alphabet().keys()
            if self.end_token in made:
                advice = 'Choose one that no text becomes, such as "<|endoftext|>".'
                raise _checks.refuse("end_token", "must not be a token of text", self.end_token, advice)
            if self.end_token not in tokens:
                tokens = [*tokens, self.end_token]
        state = (None, None) if tokens is None else (tuple(tokens), tuple(merges))
        self.__dict__.update(_tokens=state[0], _merges=state[1], _ids=None, _bytes=None, _engine=None)

    def _known_tokens(self):
        tokens = self.__dict__["_tokens"]
        if tokens is None:
            raise ValueError(
                f"This {type(self).__name__} has no vocabulary yet. Call adapt(texts) first, or use from_files."
            )
        return tokens

    def _token_ids(self):
        if self.__dict__["_ids"] is None:
            self.__dict__["_ids"] = {token: index for index, token in enumerate(self._known_tokens())}
        return self.__dict__["_ids"]

    def _table(self):
        if self.__dict__["_bytes"] is None:
            self.__dict__["_bytes"] = byte_level.token_bytes(self._known_tokens())
        return self.__dict__["_bytes"]

    def get_config(self) -> dict[str, Any]:
        tokens, merges = self.__dict__["_tokens"], self.__dict__["_merges"]
        return {
            **super().get_config(),
            "vocabulary": None if tokens is None else list(tokens),
            "merges": None if merges is None else list(merges),
        }
