"""The n-grams of a text, one length after the other."""

import dataclasses

import numpy as np


@dataclasses.dataclass
class Level:
    """All n-grams of one length, sorted: first by the context (all tokens but the last), then by the last token.

    Attributes:
        contexts: int64 array `[n]`. The place of each one's context among the n-grams that are one token shorter.
        tokens: int64 array `[n]`. Its last token.
        times: int64 array `[n]`. How often it comes.
        neighbours: int64 array `[n]` or None. After how many different tokens it comes; known with the next level. At
            the beginning of a text nothing stands before it, and each such time counts as a token of its own.
    """

    contexts: np.ndarray
    tokens: np.ndarray
    times: np.ndarray
    neighbours: np.ndarray = None

    def __len__(self):
        return len(self.tokens)


class Levels:
    """The levels of some rows: level 1 is every id of the vocabulary, and `grow` adds the next.

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
        self._here = rows.ids.copy()  # for each place, which n-gram of the last level ends there
        self._order = np.argsort(self._here.astype("uint16" if vocabulary_size < 2**16 else "int64"), kind="stable")

    def grow(self):
        """Add the n-grams that are one token longer, and count the neighbours of the level before."""
        length = len(self.levels) + 1
        shorter = self.levels[-1]
        # In the order of their contexts there is little left to sort, and a stable sort gains by it.
        places = self._order[self._order + 1 < len(self.rows.ids)] + 1
        places = places[self.rows.places[places] >= length - 1]
        codes = self._here[places - 1] * self.size + self.rows.ids[places]
        order = np.argsort(codes, kind="stable")
        places, codes = places[order], codes[order]
        new = np.ones(len(codes), bool)
        np.not_equal(codes[1:], codes[:-1], out=new[1:])
        begins = np.flatnonzero(new)
        contexts, tokens = np.divmod(codes[begins], self.size)
        # Each longer n-gram is another token before the n-gram that it ends with.
        shorter.neighbours = np.bincount(self._here[places[begins]], minlength=len(shorter))
        if length > 2:
            alone = self._here[self.rows.places == length - 2]
            shorter.neighbours += np.bincount(alone, minlength=len(shorter))
        self.levels.append(Level(contexts, tokens, np.diff(begins, append=len(codes))))
        self._here[places], self._order = np.cumsum(new) - 1, places
