"""Measures how much generated text copies from the training text. No Keras."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STRETCH = 30
LARGEST = 20_000_000  # characters of training text that are searched

# Stretches are compared by polynomial hashes modulo 2 to the power of 64; matches are then compared exactly.
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)


@dataclasses.dataclass(frozen=True)
class Copying:
    """How much some texts share with a training text, character for character.

    Attributes:
        texts: int. Number of texts.
        longest: str. The longest stretch of a text that is in the training text; "" for none.
        place: int or None. Its place in the training text, in characters from 0.
        share: float or None. Share of all stretches of 30 characters that are in the training text; None if all texts
            are shorter.
        whole: float. Share of the texts that are equal to a complete training text.
    """

    texts: int
    longest: str
    place: int | None
    share: float | None
    whole: float


def copying(texts: Iterable[str], training: Sequence[str], stretch: int = STRETCH) -> Copying:
    r"""Compare texts with a training text.

    At most the first 20 million characters of the training text are searched.

    Args:
        texts: list of str, such as samples of a model, or held-out texts for comparison.
        training: list of str.
        stretch: int. Length of the stretches for `share`.

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
    """Return the longest stretch of the texts that is in the source, and its place there."""
    low, high = (
        0,
        min(max(map(len, texts)), len(source)),
    )  # stretches of `low` characters are found, longer than `high` not
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
        low -= 1  # the hashes are equal, but no stretches
    return "", None


def _found(hashes, among):
    """Return a bool array: which of a few hashes are among many."""
    ordered = np.unique(hashes)
    if not len(ordered) or not len(among):
        return np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(ordered, among), len(ordered) - 1)
    hit = np.zeros(len(ordered), bool)
    hit[places[ordered[places] == among]] = True
    return hit[np.searchsorted(ordered, hashes)]


class _Stretches:
    """The hashes of all stretches of some texts, for any length; no stretch crosses two texts."""

    def __init__(self, texts):
        self.text = "".join(texts)
        self.ends = np.repeat(np.cumsum([len(text) for text in texts]), [len(text) for text in texts])
        letters = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64) + np.uint64(1)
        self._backwards = _powers(_INVERSE, len(letters))
        sums = np.cumsum(letters * _powers(_BASE, len(letters)), dtype=np.uint64)
        self._sums = np.concatenate([np.zeros(1, np.uint64), sums])

    def hashes(self, length):
        """Return the hash of each stretch of this length, in order: uint64 array."""
        first = self._places(length)
        return (self._sums[first + length] - self._sums[first]) * self._backwards[first]

    def stretch(self, number, length):
        """Return the stretch with this index in `hashes`."""
        first = int(self._places(length)[number])
        return self.text[first : first + length]

    def _places(self, length):
        return np.flatnonzero(np.arange(len(self.ends)) + length <= self.ends)


def _powers(base, count):
    """Return the powers of a number, starting at 0, modulo 2 to the power of 64."""
    powers = np.full(count, base, np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)
