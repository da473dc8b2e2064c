"""The base class of tokenizers with a `keras.layers.TextVectorization` layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from tinylm_keras.id_rules.words import WordRules
from tinylm_keras.tokenizers.base import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from tinylm_keras._types import KerasArguments, Tensor


class VectorizedTokenizer(WordRules, Tokenizer):
    """A tokenizer with a vocabulary of strings, whose calls are those of a `TextVectorization` layer.

    A subclass splits text in two ways: in TensorFlow with `_split`, for the layer, and in Python with a class of
    `id_rules`, its other base class. The layer serves calls, also inside `tf.data`; `adapt` and `tokenize` use Python,
    which is as fast and needs no TensorFlow. Tests compare the vocabularies and the ids of both.

    Id 0 is padding, id 1 the unknown word. The words follow, the most frequent first unless the subclass sorts them
    differently. The end token, if any, has the last id. The vocabulary is stored only in the config (JSON): the asset
    file of Keras has one token on each line, and fails with tokens that contain a line break.
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

    # Text to ids

    def call(self, inputs: Any) -> Tensor:
        """Return ids padded on the right, int32 `[batch, sequence_length]`; without that setting, to the longest text.

        Longer texts are truncated. The input is a string (result `[length]`), a list of strings or a string tensor.
        """
        tf = self._tensorflow()
        ids = self.vectorization(inputs)  # int64; a TensorFlow tensor inside tf.data on every backend
        return tf.cast(ids, "int32") if tf.is_tensor(ids) else keras.ops.cast(ids, "int32")

    @property
    def vectorization(self) -> keras.layers.TextVectorization:
        """The `TextVectorization` layer that a call uses: it splits, looks up, pads and truncates."""
        if self.__dict__["_vectorization"] is None:
            words = list(self._known_words())
            self.__dict__["_vectorization"] = self._layer(vocabulary=words, output_sequence_length=self.sequence_length)
        return self.__dict__["_vectorization"]

    def _layer(self, **arguments):
        # Built at the first use, because learning, loading, tokenizing and generating do not need TensorFlow. The first
        # use may be inside tf.data.Dataset.map, and its graph must not own the table.
        tf = self._tensorflow()
        with tf.init_scope(), tf.device("cpu"):
            return keras.layers.TextVectorization(standardize=None, split=self._split, **arguments)

    def _tensorflow(self):
        try:
            import tensorflow
        except ImportError as error:
            raise ImportError(
                f"{type(self).__name__} needs TensorFlow to be called; `adapt`, `tokenize` and `detokenize` do not. "
                "Run: pip install tensorflow"
            ) from error
        return tensorflow

    # State: not tracked by Keras, which would add a sublayer and an asset file

    def _set_words(self, words):
        super()._set_words(words)
        self.__dict__["_vectorization"] = None

    def get_config(self) -> dict[str, Any]:
        state = {"character_counts": self.character_counts} if self.character_counts else {}
        words = self.__dict__["_words"]
        return {
            **super().get_config(),
            "vocabulary": None if words is None else list(words),
            **state,
        }
