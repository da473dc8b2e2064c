"""The patterns of permutation coding: rows of bits, half of them ones."""

import math

import numpy as np


def patterns(count, bits):
    """uint8 `[count, bits]`: evenly spread patterns with half of the bits set, in lexicographic order of the ones."""
    total = math.comb(bits, bits // 2)
    numbers = np.array([symbol * total // count for symbol in range(count)], "int64")
    ones = np.full(count, bits // 2)  # still to be placed
    patterns = np.zeros((count, bits), "uint8")
    for place in range(bits):
        # Number of patterns that have a one here, given how many ones are left; they come first in the order.
        with_one = np.array([math.comb(bits - place - 1, left - 1) if left else 0 for left in range(bits // 2 + 1)])
        one = numbers < with_one[ones]
        patterns[:, place] = one
        numbers -= np.where(one, 0, with_one[ones])
        ones -= one
    return patterns
