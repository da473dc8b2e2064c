"""Words are separated by white space."""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING

from tinylm_keras.id_rules.words import PAD, UNKNOWN, WordRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def learn_words(texts: Iterable[str]) -> WhitespaceRules:
    """Return the rules of `WhitespaceTokenizer().adapt(texts)`: all words, the most frequent first.

    Args:
        texts: iterable of str.

    Raises:
        ValueError: if the texts contain no word.

    Example:

    >>> learn_words(["the cat sat", "the dog"]).tokenize("the cat ran")
    array([2, 5, 1], dtype=int32)
    """
    counts = collections.Counter(word for text in texts for word in WORD.findall(text))
    words = sorted(counts, key=lambda word: (counts[word], word), reverse=True)
    words = dict.fromkeys(word.rstrip("\0") for word in words)  # like Keras, which drops NUL at the end of a word
    words = [word for word in words if word not in (PAD, UNKNOWN)]
    if not words:
        raise ValueError("`texts` must hold at least one token to adapt to. Received: only blank text.")
    return WhitespaceRules().restored({"vocabulary": words})
