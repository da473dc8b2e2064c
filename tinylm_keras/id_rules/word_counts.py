"""Counts of words and characters, which can be merged, and from which a vocabulary is learned."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

# From so many characters on, numpy counts them faster than a Counter does, a million of them ten times as fast. In a
# shorter text, the table of all code points up to that of an emoji costs more than it saves.
LONG = 10_000


@dataclasses.dataclass(repr=False)
class WordCounts:
    """Counts of the words and characters of some texts, from which a vocabulary is learned.

    Parts of a text collection can be counted apart, also in several processes, and merged in any order: what is learned
    is the same. `count` of a tokenizer makes such counts, and `learn` takes them.

    Attributes:
        words: `collections.Counter` of the words as the tokenizer splits them.
        characters: `collections.Counter` of all characters, white space too.

    Example:

    >>> counts = WordCounts().add(["to be or", "not to be"], str.split)
    >>> counts.merge(WordCounts().add(["be"], str.split)).most_frequent()
    ['be', 'to', 'or', 'not']
    """

    words: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    characters: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def add(self, texts: str | Iterable[str], token_strings: Callable[[str], list[str]]) -> Self:
        """Count some texts too.

        Args:
            texts: str or iterable of str. They are joined in memory; `count` of a tokenizer divides what is larger.
            token_strings: Function from a text to a list of its words: the method of the tokenizer.

        Returns:
            self.

        Raises:
            ValueError: if a text is not valid Unicode.
        """
        texts = [texts] if isinstance(texts, str) else list(texts)
        self.characters.update(_characters(_checks.text("texts", "".join(texts))))
        for text in texts:
            self.words.update(token_strings(text))
        return self

    def merge(self, other: Self) -> Self:
        """Add the counts of other texts; the order of merging has no effect on what is learned.

        Args:
            other: `WordCounts`, counted with the same tokenizer. It does not change.

        Returns:
            self.
        """
        self.words.update(other.words)
        self.characters.update(other.characters)
        return self

    def most_frequent(self) -> list[str]:
        """All words, the most frequent first; of equally frequent words, the one with the larger code points first.

        This is the order in which Keras's `TextVectorization` learns words.
        """
        # Keras sorts by UTF-8 bytes, which have the order of the code points.
        words = sorted(self.words, reverse=True)
        words.sort(key=self.words.__getitem__, reverse=True)  # keeps the order of equals
        return words

    def __repr__(self) -> str:
        return f"<WordCounts: {len(self.words)} different words, {len(self.characters)} different characters>"


def _characters(text):
    """Return the text or, if it is long, a dict of how often it has each character."""
    if len(text) < LONG:
        return text
    counts = np.bincount(np.frombuffer(text.encode("utf-32-le"), "<u4"))
    return {chr(code): int(counts[code]) for code in np.flatnonzero(counts)}
