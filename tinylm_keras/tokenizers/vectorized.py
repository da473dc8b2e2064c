"""What the tokenizers on `keras.layers.TextVectorization` share: a vocabulary of strings."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tinylm_keras import _checks
from tinylm_keras.tokenizers import printing, strings
from tinylm_keras.tokenizers.base import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self, Unpack

    from tinylm_keras._types import KerasArguments, Tensor, Texts

PAD, UNKNOWN = "", "[UNK]"


class VectorizedTokenizer(Tokenizer):
    """A vocabulary of strings that a `TextVectorization` layer learns and looks up.

    A subclass says how a text is split, twice: `_split` for the layer, in TensorFlow, and `token_strings` in Python;
    and how words are printed in a row, `continuation`, and which gaps that leaves, `_may_stand`. The layer
    learns the vocabulary and answers calls, also inside `tf.data`; `tokenize` looks the tokens up in Python, which is
    as fast and needs no TensorFlow. A test holds the two to the same ids for any text.

    Id 0 pads, id 1 is every unknown word, then come the words, from the most to the least frequent unless the subclass
    orders them; the end token, when there is one, has the last id. The vocabulary lives in the config (JSON) and
    nowhere else: Keras's own asset file has one token a line and loses or shifts tokens that hold a line break of any
    alphabet.
    """

    pad_id = 0
    unk_id = 1
    unknown_text = UNKNOWN  # what an unknown word is printed as

    least_tokens = 3  # padding, [UNK] and a word

    def __init__(
        self,
        max_tokens: int | None = None,
        sequence_length: int | None = None,
        end_token: str | None = None,
        vocabulary: Sequence[str] | None = None,
        **kwargs: Unpack[KerasArguments],
    ) -> None:
        character_counts = kwargs.pop("character_counts", None)
        super().__init__(max_tokens, sequence_length, end_token, **kwargs)
        if end_token in (PAD, UNKNOWN):
            raise _checks.refuse("end_token", f"must differ from {UNKNOWN!r}", end_token)
        self._set_words(None if vocabulary is None else self._checked_words(vocabulary))
        if character_counts:
            self.__dict__["character_counts"] = dict(character_counts)

    # The vocabulary

    def adapt(self, texts: Texts) -> Self:
        """Learn the vocabulary: the most frequent tokens, up to `max_tokens` with the special ones.

        Args:
            texts: str, list of str, any iterable of str, or a `tf.data.Dataset` of strings (batched or not).

        Returns:
            The tokenizer itself.

        Raises:
            ValueError: if the texts hold no token at all.
            ImportError: if TensorFlow is not installed.
        """
        scratch = self._layer(max_tokens=self.max_tokens and self.max_tokens + 2)
        characters = collections.Counter()
        for batch in strings.batches(texts):
            for text in batch:
                characters.update(text)
            scratch.update_state(batch)
        scratch.finalize_state()
        # The strings of the control tokens are ordinary unknown words when a text holds them.
        # Keras drops NUL at the end of a token, which can make two tokens equal: the second is an unknown word.
        words = dict.fromkeys(str(word) for word in scratch.get_vocabulary()[2:])
        words = [word for word in words if word not in (PAD, UNKNOWN, self.end_token)]
        if not words:
            raise ValueError("`texts` must hold at least one token to adapt to. Received: only blank text.")
        most = None if self.max_tokens is None else self.max_tokens - 2 - (self.end_token is not None)
        self._set_words(self._ordered(words[:most]))
        self.__dict__["character_counts"] = dict(sorted(characters.items()))
        return self

    def get_vocabulary(self) -> list[str]:
        """All tokens in the order of their ids, as a list of str: "" (padding), "[UNK]", the words, the end token."""
        end = [] if self.end_token is None else [self.end_token]
        return [PAD, UNKNOWN, *self._known_words(), *end]

    def vocabulary_size(self) -> int:
        """Number of ids, the special ones included."""
        return 2 + len(self._known_words()) + (self.end_token is not None)

    @property
    def end_id(self) -> int | None:
        """Id of the end token, the last of the vocabulary; None without one."""
        return None if self.end_token is None else self.vocabulary_size() - 1

    def token_to_id(self, token: str) -> int | None:
        """The id of this token; `unk_id` for one that the vocabulary lacks."""
        if _checks.text("token", token) == self.end_token:
            return self.end_id
        return self.pad_id if token == PAD else self._word_ids().get(token, self.unk_id)

    # Text to ids

    def call(self, inputs: Any) -> Tensor:
        """Ids padded on the right: int32 `[batch, sequence_length]`, or as long as the longest text without one.

        Longer texts are cut to `sequence_length`. Strings and string tensors are accepted; one str gives `[length]`.
        """
        tf = self._tensorflow()
        ids = self.vectorization(inputs)  # int64; a TensorFlow tensor inside tf.data on every backend
        return tf.cast(ids, "int32") if tf.is_tensor(ids) else keras.ops.cast(ids, "int32")

    @property
    def vectorization(self) -> keras.layers.TextVectorization:
        """The `TextVectorization` layer behind a call: it splits, looks up, pads and cuts."""
        if self.__dict__["_vectorization"] is None:
            words = list(self._known_words())
            self.__dict__["_vectorization"] = self._layer(vocabulary=words, output_sequence_length=self.sequence_length)
        return self.__dict__["_vectorization"]

    def _encode(self, texts):
        look_up, unknown = self._word_ids().get, self.unk_id
        return [np.array([look_up(token, unknown) for token in self.token_strings(text)], "int32") for text in texts]

    def _layer(self, **arguments):
        # Built on first use: TensorFlow is not needed to load a model, to tokenize and to generate. The first use may
        # be inside tf.data.Dataset.map, whose graph must not own the table.
        tf = self._tensorflow()
        with tf.init_scope(), tf.device("cpu"):
            return keras.layers.TextVectorization(standardize=None, split=self._split, **arguments)

    def _tensorflow(self):
        try:
            import tensorflow
        except ImportError as error:
            raise ImportError(
                f"{type(self).__name__} needs TensorFlow for `adapt` and to be called; `tokenize` and `detokenize` do "
                "not. Run: pip install tensorflow"
            ) from error
        return tensorflow

    # State: held outside Keras's tracking, so that no sublayer and no asset file comes of it

    def _set_words(self, words):
        words = None if words is None else tuple(words)
        self.__dict__.update(_words=words, _ids=None, _vectorization=None)

    def _known_words(self):
        words = self.__dict__["_words"]
        if words is None:
            raise ValueError(
                f"This {type(self).__name__} has no vocabulary yet. Call adapt(texts) first, or pass `vocabulary`."
            )
        return words

    def _word_ids(self):
        """dict of id by word, without the control tokens: their characters in a text are unknown words."""
        if self.__dict__["_ids"] is None:
            self.__dict__["_ids"] = {word: index for index, word in enumerate(self._known_words(), 2)}
        return self.__dict__["_ids"]

    def can_write(self, text: str, allow_unknown: bool = False) -> bool:
        words = self._known_words()
        return printing.can_print(text, [*words, self.unknown_text] if allow_unknown else words, self._may_stand)

    def _may_stand(self, before, gap, word):
        """Whether `word` may be printed after `before` with this gap between; see `printing.can_print`."""
        raise NotImplementedError

    def _written(self, ids):
        """The tokens of `ids` as they are printed; padding and the end token are not."""
        words, silent = self._known_words(), (self.pad_id, self.end_id)
        return [self.unknown_text if i == self.unk_id else words[i - 2] for i in ids if i not in silent]

    def _ordered(self, words):
        """The learned words in the order of their ids."""
        return words

    def _checked_words(self, vocabulary):
        """The words of a `vocabulary` argument: a list of strings, with or without the special tokens."""
        if isinstance(vocabulary, str) or not isinstance(vocabulary, (list, tuple)):
            advice = "A path is not read: read the file and pass its words."
            raise _checks.refuse("vocabulary", "must be a list of strings", vocabulary, advice)
        words = list(vocabulary)
        if words[:2] == [PAD, UNKNOWN]:
            words = words[2:]
        if self.end_token is not None and words and words[-1] == self.end_token:
            words = words[:-1]
        if not words:
            raise _checks.refuse("vocabulary", "must hold at least one word", vocabulary)
        for word in words:
            if not isinstance(word, str) or word in (PAD, UNKNOWN, self.end_token) or word.endswith("\0"):
                rule = "must hold non-empty strings that are not special tokens and do not end in NUL"
                raise _checks.refuse("vocabulary", rule, word)
        if len(set(words)) < len(words):
            raise _checks.refuse("vocabulary", "must not hold a word twice", _checks.first_repeated(words))
        self._check_size(len(words) + 2 + (self.end_token is not None))
        return words

    def get_config(self) -> dict[str, Any]:
        state = {"character_counts": self.character_counts} if self.character_counts else {}
        words = self.__dict__["_words"]
        return {
            **super().get_config(),
            "vocabulary": None if words is None else list(words),
            **state,
        }
