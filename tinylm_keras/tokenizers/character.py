"""Each character is a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

from tinylm_keras import _checks
from tinylm_keras.tokenizers.vectorized import VectorizedTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="tinylm_keras")
class CharacterTokenizer(VectorizedTokenizer):
    r"""Each character, that is each Unicode code point, is a token: letters, blanks, line breaks, accents on their own.

    The ids follow the code points, so the vocabulary is sorted; `max_tokens` keeps the most frequent characters and
    then sorts them. Text of known characters is given back exactly. An unknown character, and NUL, which Keras's
    vocabulary cannot hold, becomes "\ufffd".

    Args:
        max_tokens: int or None. Largest vocabulary, the special tokens included.
        sequence_length: int or None. Length that a call pads and cuts to; None: as long as the longest text.
        end_token: str or None. Control token that closes each text in training and stops generation.
        vocabulary: list of str or None. Characters in the order of their ids, instead of `adapt`.

    Raises:
        ValueError: if a size is below its minimum, or `vocabulary` is no list of different characters that fits.

    Example:

    >>> tokenizer = CharacterTokenizer(vocabulary=["\n", " ", "a", "c", "t"])
    >>> tokenizer.tokenize("a cat")
    array([4, 3, 5, 4, 6], dtype=int32)
    >>> tokenizer.detokenize([5, 4, 6, 2, 1])
    'cat\n�'
    """

    unknown_text = "\ufffd"

    _split = "character"

    def token_strings(self, text: str) -> list[str]:
        return list(text)

    def continuation(self, text: str, ids: Sequence[int]) -> str:
        return "".join(self._written(ids))

    def _may_stand(self, before, gap, word):
        return not gap

    def _encode(self, texts):
        table = self._table()
        return [table[np.frombuffer(text.encode("utf-32-le"), "<u4")] for text in texts]

    def _table(self):
        """Id by code point, for all of Unicode: one look-up in numpy for a whole text."""
        if self.__dict__["_ids_by_code"] is None:
            table = np.full(0x110000, self.unk_id, "int32")
            for character, index in self._word_ids().items():
                table[ord(character)] = index
            self.__dict__["_ids_by_code"] = table
        return self.__dict__["_ids_by_code"]

    def _set_words(self, words):
        super()._set_words(words)
        self.__dict__["_ids_by_code"] = None

    def _ordered(self, words):
        return sorted(words)

    def _checked_words(self, vocabulary):
        words = super()._checked_words(vocabulary)
        for word in words:
            if len(word) != 1:
                raise _checks.refuse("vocabulary", "must hold single characters", word)
        return words
