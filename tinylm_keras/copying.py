"""Does a model copy? How much of what it writes stands in the text it was trained on. No Keras."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STRETCH = 30
LARGEST = 20_000_000  # characters of training text that are searched

# A stretch is told by its polynomial hash modulo 2 to the power of 64; what it finds is compared letter by letter.
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)


@dataclasses.dataclass(frozen=True)
class Copying:
    """How much of some texts stands in another text, word for word.

    Attributes:
        texts: int. How many were looked at.
        longest: str. The longest stretch of one of them that stands in the training text; "" for none.
        place: int or None. Where it begins there: the character, counted from 0.
        share: float or None. Share of their stretches of 30 characters that stand there; None where all are shorter.
        whole: float. Share of them that are equal to a training text from beginning to end.
    """

    texts: int
    longest: str
    place: int | None
    share: float | None
    whole: float


def copying(texts: Iterable[str], training: Sequence[str], stretch: int = STRETCH) -> Copying:
    r"""Compare texts with a training text.

    Of a training text of more than 20 million characters, the first 20 million are searched.

    Args:
        texts: list of str, such as samples of a model. A held-out text shows how much a text repeats itself anyway.
        training: list of str.
        stretch: int. Characters of the stretches that are counted.

    Returns:
        A `Copying`.

    Raises:
        ValueError: if there are no texts, or `stretch` is not a whole number of at least 1.

    Example:

    >>> found = copying(["a cat sat on my hat"], ["the cat sat on the mat"])
    >>> found.longest, found.place
    (' cat sat on ', 3)

    References:
        Karp and Rabin, "Efficient randomized pattern-matching algorithms" (1987).
    """
    texts = list(texts)
    if not texts:
        raise _checks.refuse("texts", "must hold at least one text", texts)
    stretch = _checks.whole_number("stretch", stretch, 1)
    known, whole, size = [], set(), 0
    for text in training:
        known.append(text)
        whole.add(text)
        size += len(text) + 1
        if size > LARGEST:
            break
    source = "\n".join(known)[:LARGEST]
    searched, own = _Stretches([source]), _Stretches(texts)
    stretches = own.hashes(stretch)
    share = float(_found(stretches, searched.hashes(stretch)).mean()) if len(stretches) else None
    longest, place = _longest(texts, source, own, searched)
    equal = sum(text in whole or text.strip() in whole for text in texts) / len(texts)
    return Copying(len(texts), longest, place, share, equal)


def _longest(texts, source, own, searched):
    """The longest stretch of the texts in the source, and its place there."""
    low, high = (
        0,
        min(max(map(len, texts)), len(source)),
    )  # stretches of `low` characters are found, of more than `high` not
    while low < high:
        length = (low + high + 1) // 2
        if _found(own.hashes(length), searched.hashes(length)).any():
            low = length
        else:
            high = length - 1
    while low:
        hits = np.flatnonzero(_found(own.hashes(low), searched.hashes(low)))
        for hit in hits:
            stretch = own.stretch(int(hit), low)
            place = source.find(stretch)
            if place >= 0:
                return stretch, place
        low -= 1  # only equal hashes, no equal stretches
    return "", None


def _found(hashes, among):
    """Which of a few hashes are among many."""
    ordered = np.unique(hashes)
    if not len(ordered) or not len(among):
        return np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(ordered, among), len(ordered) - 1)
    hit = np.zeros(len(ordered), bool)
    hit[places[ordered[places] == among]] = True
    return hit[np.searchsorted(ordered, hashes)]


class _Stretches:
    """The hashes of all stretches of some texts, of any length, none across two texts."""

    def __init__(self, texts):
        self.text = "".join(texts)
        self.ends = np.repeat(np.cumsum([len(text) for text in texts]), [len(text) for text in texts])
        letters = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64) + np.uint64(1)
        self._backwards = _powers(_INVERSE, len(letters))
        sums = np.cumsum(letters * _powers(_BASE, len(letters)), dtype=np.uint64)
        self._sums = np.concatenate([np.zeros(1, np.uint64), sums])

    def hashes(self, length):
        """uint64 array: a hash for each stretch of so many characters, in order."""
        first = self._places(length)
        return (self._sums[first + length] - self._sums[first]) * self._backwards[first]

    def stretch(self, number, length):
        """The stretch that one of the `hashes` stands for."""
        first = int(self._places(length)[number])
        return self.text[first : first + length]

    def _places(self, length):
        return np.flatnonzero(np.arange(len(self.ends)) + length <= self.ends)


def _powers(base, count):
    """The powers of a number from 0 on, modulo 2 to the power of 64."""
    powers = np.full(count, base, np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)
