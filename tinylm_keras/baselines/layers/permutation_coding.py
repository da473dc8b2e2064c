"""Encodes symbols as fixed patterns of bits, half of them ones."""

import math

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.runtime.patterns import patterns

MOST_BITS = 64  # for more, the number of patterns does not fit in int64


def _try(code_bits):
    return ["Try ", _checks.Argument("code_bits", code_bits), "."]


def smallest_code_bits(vocabulary_size):
    """Return the smallest even number of bits with a different pattern for each of `vocabulary_size` symbols.

    Example:

    >>> smallest_code_bits(65), smallest_code_bits(50257)
    (8, 20)
    """
    return next(bits for bits in range(2, MOST_BITS + 1, 2) if math.comb(bits, bits // 2) >= vocabulary_size)


@keras.saving.register_keras_serializable(package="tinylm_keras")
class PermutationCoding(keras.layers.Layer):
    """Each symbol as its own pattern of `code_bits` bits, exactly half of them ones: the arrangements of equally many
    zeros and ones.

    There are C(k, k/2) patterns of k bits. In lexicographic order of the places of their ones, symbol i gets number
    `i * C(k, k/2) // vocabulary_size`, so that the patterns are evenly spread and every bit is used. The patterns are a
    function of the two arguments: they are not weights and not in the file. No pattern is all zeros, which can
    therefore represent a missing symbol.

    Args:
        vocabulary_size: int. Number of symbols.
        code_bits: int or None. Even, with C(code_bits, code_bits / 2) of at least `vocabulary_size`. None: the
            smallest such number.

    Call arguments:
        token_ids: int tensor `[B, T]`.

    Returns:
        A float tensor `[B, T, code_bits]` of zeros and ones.

    Raises:
        ValueError: if `code_bits` is odd or too small; the message has the smallest possible number.

    Example:

    >>> import numpy as np
    >>> PermutationCoding(vocabulary_size=6)(np.array([[0, 1, 5]])).numpy().astype(int)[0].tolist()
    [[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1]]

    References:
        Brouwer, Shearer, Sloane, Smith, "A New Table of Constant Weight Codes", IEEE Transactions on Information
        Theory 36(6), 1990 (such codes are also called m-out-of-n codes); Knuth, "The Art of Computer Programming",
        volume 4A, section 7.2.1.3 (numbering combinations).
    """

    def __init__(self, vocabulary_size, code_bits=None, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size = _checks.whole_number("vocabulary_size", vocabulary_size, 1)
        smallest = smallest_code_bits(self.vocabulary_size)
        code_bits = smallest if code_bits is None else code_bits
        self.code_bits = _checks.whole_number("code_bits", code_bits, 2, MOST_BITS, _try(smallest))
        if code_bits % 2:
            advice = _try(max(smallest, code_bits + 1))
            raise _checks.refuse("code_bits", "must be even, because half of the bits are ones", code_bits, advice)
        if code_bits < smallest:
            count = math.comb(code_bits, code_bits // 2)
            rule = f"must give each of the {vocabulary_size:,} symbols its own pattern ({code_bits} bits have {count})"
            advice = ["The smallest possible is ", _checks.Argument("code_bits", smallest), "."]
            raise _checks.refuse("code_bits", rule, code_bits, advice)
        self.patterns = patterns(self.vocabulary_size, self.code_bits)

    def call(self, token_ids):
        # Stored as bytes, 1 MB for 50,000 symbols; a constant of the compiled function.
        return ops.cast(ops.take(self.patterns, token_ids, axis=0), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.code_bits)

    def get_config(self):
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size, "code_bits": self.code_bits}
