"""Each character is a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.id_rules.words import WordRules

if TYPE_CHECKING:
    from collections.abc import Sequence


class CharacterRules(WordRules):
    """The ids of `tokenizers.CharacterTokenizer`."""

    unknown_text = "\ufffd"

    def token_strings(self, text: str) -> list[str]:
        return list(text)

    def continuation(self, text: str, ids: Sequence[int]) -> str:
        return "".join(self._written(ids))

    def _may_stand(self, before, gap, word):
        return not gap

    def _ordered(self, words):
        return sorted(self._single(words, "counts"))

    def _encode(self, texts):
        table = self._table()
        return [table[np.frombuffer(text.encode("utf-32-le"), "<u4")] for text in texts]

    def _table(self):
        """Return the ids by code point, for all of Unicode, so that numpy can look up a whole text at once."""
        if self.__dict__["_ids_by_code"] is None:
            table = np.full(0x110000, self.unk_id, "int32")
            for character, index in self._word_ids().items():
                table[ord(character)] = index
            self.__dict__["_ids_by_code"] = table
        return self.__dict__["_ids_by_code"]

    def _set_words(self, words):
        super()._set_words(words)
        self.__dict__["_ids_by_code"] = None

    def _checked_words(self, vocabulary):
        return self._single(super()._checked_words(vocabulary), "vocabulary")

    def _single(self, words, argument):
        for word in words:
            if len(word) != 1:
                raise _checks.refuse(argument, "must hold single characters", word)
        return words
