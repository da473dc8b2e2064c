"""Words are separated by white space."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinylm_keras.id_rules.words import WordRules

if TYPE_CHECKING:
    from collections.abc import Sequence

BLANKS = " \t\n\v\f\r"
WORD = re.compile(f"[^{BLANKS}]+")  # like TensorFlow; other Unicode spaces are part of a word


class WhitespaceRules(WordRules):
    """The ids of `tokenizers.WhitespaceTokenizer`."""

    def token_strings(self, text: str) -> list[str]:
        return WORD.findall(text)

    def continuation(self, text: str, ids: Sequence[int]) -> str:
        words = " ".join(self._written(ids))
        return f" {words}" if words and text and text[-1] not in BLANKS else words

    def _may_stand(self, before, gap, word):
        return gap == " " or not before
