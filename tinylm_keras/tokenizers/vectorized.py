"""What the tokenizers on `keras.layers.TextVectorization` share: a vocabulary of strings."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import keras

from tinylm_keras.id_rules import strings
from tinylm_keras.id_rules.words import PAD, UNKNOWN, WordRules
from tinylm_keras.tokenizers.base import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self, Unpack

    from tinylm_keras._types import KerasArguments, Tensor, Texts


class VectorizedTokenizer(WordRules, Tokenizer):
    """A vocabulary of strings that a `TextVectorization` layer learns and looks up.

    A subclass says how a text is split, twice: `_split` for the layer, in TensorFlow, and in Python, as a class of
    `id_rules` that it also inherits. The layer learns the vocabulary and answers calls, also inside `tf.data`;
    `tokenize` looks the tokens up in Python, which is as fast and needs no TensorFlow. A test holds the two to the same
    ids for any text.

    Id 0 pads, id 1 is every unknown word, then come the words, from the most to the least frequent unless the subclass
    orders them; the end token, when there is one, has the last id. The vocabulary lives in the config (JSON) and
    nowhere else: Keras's own asset file has one token a line and loses or shifts tokens that hold a line break of any
    alphabet.
    """

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
        self._check_end_token()
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
        super()._set_words(words)
        self.__dict__["_vectorization"] = None

    def _ordered(self, words):
        """The learned words in the order of their ids."""
        return words

    def get_config(self) -> dict[str, Any]:
        state = {"character_counts": self.character_counts} if self.character_counts else {}
        words = self.__dict__["_words"]
        return {
            **super().get_config(),
            "vocabulary": None if words is None else list(words),
            **state,
        }
