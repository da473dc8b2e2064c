"""Measures how much of a text is repeated, in stretches of 50 characters."""

import numpy as np

LENGTH = 50  # characters
BLOCK = 1 << 20  # positions hashed at a time
KEPT = 8  # one in so many hashes is kept, chosen by the hash itself, so that equal stretches are all kept or none
MOST_KEPT = 1 << 21

_BASE = 0x9E3779B97F4A7C15 | 1
_INVERSE = pow(_BASE, -1, 1 << 64)


def share(stretches):
    """Return the share of a text that repeats an earlier part of it, in stretches of 50 characters.

    White space counts as one space, so that line breaks make no difference. The share of a short text is 0.

    Args:
        stretches: list of str.

    Example:

    >>> share(["".join(map(chr, range(100, 900)))]), round(share(["".join(map(chr, range(100, 900)))] * 2), 1)
    (0.0, 0.5)
    """
    text = " ".join(part for one in stretches for part in one.split())
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    kept, number = [], 0
    for first in range(0, max(0, len(codes) - LENGTH + 1), BLOCK):
        hashes = _hashes(codes[first : first + BLOCK + LENGTH - 1])
        kept.append(hashes[hashes % KEPT == 0])
        number += len(kept[-1])
    if not number:
        return 0.0
    hashes = np.concatenate(kept)[:MOST_KEPT]
    return 1 - len(np.unique(hashes)) / len(hashes)


def _hashes(codes):
    """Return a polynomial hash modulo 2 ** 64 of each stretch, from prefix sums (Rabin and Karp)."""
    powers = np.full(len(codes), _BASE, np.uint64)
    powers[0] = 1
    np.multiply.accumulate(powers, out=powers)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(_mixed(codes.astype(np.uint64)) * powers)])
    back = np.full(len(codes) - LENGTH + 1, _INVERSE, np.uint64)
    back[0] = 1
    np.multiply.accumulate(back, out=back)
    return _mixed((sums[LENGTH:] - sums[:-LENGTH]) * back)


def _mixed(numbers):
    """Mix the bits of numbers so that the low bits depend on all (the finalizer of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
