"""Probabilities of the next token after every counted context, in flat arrays."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras.counting.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinylm_keras._types import AnyIds


@dataclasses.dataclass(frozen=True)
class Counts:
    """A tree of contexts, oldest token first: each successor of a context also points to the longer context.

    The probability of token t after the context c is `backoff[c] · p(t after c without its oldest token)`, plus the
    `value` of t among the successors of c, if it is one. The successors of context c are the entries from `first[c]` to
    `first[c + 1]`, sorted by token. Contexts 0 to V - 1 are the single tokens, and the entry e leads to the context
    V + e, unless it has the full length. The last context stands for all unknown ones and has no successors.

    Attributes:
        order: int. Length of the longest n-grams; a context has at most `order - 1` tokens.
        unigram: float32 array `[V]`. The distribution without a context.
        first: int64 array `[contexts + 2]`.
        backoff: float32 array `[contexts + 1]`.
        token: int64 array `[entries]`.
        value: float32 array `[entries]`.
    """

    order: int
    unigram: np.ndarray
    first: np.ndarray
    backoff: np.ndarray
    token: np.ndarray
    value: np.ndarray

    @property
    def vocabulary_size(self) -> int:
        """V, the number of ids."""
        return len(self.unigram)

    @property
    def unknown(self) -> int:
        """The context that stands for all contexts that were not counted."""
        return len(self.backoff) - 1

    @property
    def widest(self) -> int:
        """The largest number of successors of a context."""
        return int(np.diff(self.first).max())

    @property
    def numbers(self) -> int:
        """The number of values in all tables."""
        return sum(len(table) for table in (self.unigram, self.first, self.backoff, self.token, self.value))

    def probabilities(self, rows: Iterable[AnyIds]) -> tuple[np.ndarray, np.ndarray]:
        """Return the probability of each id, given the earlier ids of its row.

        Args:
            rows: list of int arrays `[n_i]` of ids in the vocabulary.

        Returns:
            A float64 array with a probability for each id except the first of each row, and an int64 array of the same
            length: the number of tokens in the longest known context.
        """
        rows = Rows.of(rows)
        total = self.unigram[rows.ids].astype("float64")
        known = np.zeros(len(rows.ids), "int64")
        context = np.where(rows.predicted, np.roll(rows.ids, 1), self.unknown)
        value = np.append(self.value, np.float32(0))  # for unknown n-grams, at the index -1
        for length in range(1, self.order):
            entry = self.find(context, rows.ids)
            total = self.backoff[context] * total + value[entry]
            known[self.first[context + 1] > self.first[context]] = length
            longer = entry + self.vocabulary_size
            longer = np.where((entry < 0) | (longer >= self.unknown), self.unknown, longer)
            context = np.where(rows.places > length, np.roll(longer, 1), self.unknown)
        return total[rows.predicted], known[rows.predicted]

    def bits(self, rows: Iterable[AnyIds]) -> np.ndarray:
        """Return -log2 of the probability of each id except the first of each row: float64 `[n]`.

        Example:

        >>> from tinylm_keras.counting import count
        >>> counts = count([[0, 1, 2] * 50], vocabulary_size=3, order=2)
        >>> counts.bits([[0, 1, 2], [2, 0]]).round(2).tolist()
        [0.03, 0.03, 0.03]
        """
        return -np.log2(self.probabilities(rows)[0])

    def advance(self, contexts: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """The contexts after one more token.

        Args:
            contexts: int64 array `[n, k]`: those that end at the token before, of 1 to k tokens, each by its number.
            tokens: int array `[n]`.

        Returns:
            int64 array `[n, k]`.
        """
        tokens = tokens[:, np.newaxis]
        longer = self.find(contexts[:, :-1], tokens) + self.vocabulary_size
        longer[(longer < self.vocabulary_size) | (longer >= self.unknown)] = self.unknown
        return np.concatenate([tokens, longer], axis=1)

    def distribution(self, contexts: np.ndarray) -> np.ndarray:
        """How likely each token is after `contexts` `[n, k]`, from `advance`: float32 array `[n, V]`."""
        # The unigram distribution comes through all back-off weights, the successors of a context through those of the
        # longer ones.
        through = np.cumprod(self.backoff[contexts][:, ::-1], axis=1)[:, ::-1]
        found = self.unigram * through[:, :1]
        begins, ends = self.first[contexts], self.first[contexts + 1]
        for row, length in np.argwhere(ends > begins):
            weight = through[row, length + 1] if length + 1 < contexts.shape[1] else np.float32(1)
            entries = slice(begins[row, length], ends[row, length])
            found[row, self.token[entries]] += weight * self.value[entries]
        return found

    def known(self, contexts: np.ndarray) -> np.ndarray:
        """How many tokens the longest of the contexts has that something is known to follow: int64 array `[n]`."""
        follows = self.first[contexts + 1] > self.first[contexts]
        return np.where(follows, np.arange(1, contexts.shape[1] + 1), 0).max(axis=1)

    def find(self, contexts, tokens):
        """Return the entry of each token among the successors of its context, or -1."""
        if not len(self.token):
            return np.full(np.broadcast_shapes(np.shape(contexts), np.shape(tokens)), -1)
        codes = contexts * self.vocabulary_size + tokens
        entries = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        return np.where(self._codes[entries] == codes, entries, -1)

    @property
    def _codes(self):
        """Context and token of every entry as one number, in ascending order."""
        kept = self.__dict__.get("_kept")
        if kept is None:
            contexts = np.repeat(np.arange(len(self.backoff)), np.diff(self.first))
            kept = self.__dict__["_kept"] = contexts * self.vocabulary_size + self.token
        return kept
