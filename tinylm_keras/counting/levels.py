"""Counts the n-grams of a text, one length after the other."""

import dataclasses

import numpy as np


@dataclasses.dataclass
class Level:
    """All n-grams of one length, sorted: first by the context (all tokens but the last), then by the last token.

    Attributes:
        contexts: int64 array `[n]`. Index of each n-gram's context in the previous level.
        tokens: int64 array `[n]`. Its last token.
        times: int64 array `[n]`. Its count.
        neighbours: int64 array `[n]` or None. Number of different tokens before it; known once the next level exists.
            Each occurrence at the beginning of a text counts as another token.
    """

    contexts: np.ndarray
    tokens: np.ndarray
    times: np.ndarray
    neighbours: np.ndarray = None

    def __len__(self):
        return len(self.tokens)


class Levels:
    """The levels of some rows: level 1 has every id of the vocabulary, and `grow` adds the next level.

    Args:
        rows: `Rows`.
        vocabulary_size: int. V.

    Example:

    >>> from tinylm_keras.counting.rows import Rows
    >>> levels = Levels(Rows.of([[0, 1, 0, 1, 1]]), vocabulary_size=2)
    >>> levels.grow()
    >>> levels.levels[1].contexts, levels.levels[1].tokens, levels.levels[1].times
    (array([0, 1, 1]), array([1, 0, 1]), array([2, 1, 1]))
    """

    def __init__(self, rows, vocabulary_size):
        self.rows, self.size = rows, vocabulary_size
        ids = np.arange(vocabulary_size)
        times = np.bincount(rows.ids[rows.predicted], minlength=vocabulary_size)
        self.levels = [Level(np.zeros_like(ids), ids, times)]
        self._here = rows.ids.copy()  # for each place, the n-gram of the last level that ends there
        self._order = np.argsort(self._here.astype("uint16" if vocabulary_size < 2**16 else "int64"), kind="stable")

    def grow(self):
        """Add the n-grams that are one token longer, and count the neighbours of the previous level."""
        length = len(self.levels) + 1
        shorter = self.levels[-1]
        # In the order of their contexts they are nearly sorted, which makes a stable sort fast.
        places = self._order[self._order + 1 < len(self.rows.ids)] + 1
        places = places[self.rows.places[places] >= length - 1]
        codes = self._here[places - 1] * self.size + self.rows.ids[places]
        order = np.argsort(codes, kind="stable")
        places, codes = places[order], codes[order]
        new = np.ones(len(codes), bool)
        np.not_equal(codes[1:], codes[:-1], out=new[1:])
        begins = np.flatnonzero(new)
        contexts, tokens = np.divmod(codes[begins], self.size)
        # Each longer n-gram has another token before the n-gram at its end.
        shorter.neighbours = np.bincount(self._here[places[begins]], minlength=len(shorter))
        if length > 2:
            alone = self._here[self.rows.places == length - 2]
            shorter.neighbours += np.bincount(alone, minlength=len(shorter))
        self.levels.append(Level(contexts, tokens, np.diff(begins, append=len(codes))))
        self._here[places], self._order = np.cumsum(new) - 1, places
