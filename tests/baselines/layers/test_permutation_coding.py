"""Permutation coding: what the patterns promise, and the errors."""

import itertools
import math

import numpy as np
import pytest

from tinylm_keras.baselines.layers import PermutationCoding


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 65, 70, 71, 5000, 50257])
def test_each_symbol_has_its_own_pattern_of_the_fewest_bits_half_of_them_ones(count):
    layer = PermutationCoding(count)
    bits = layer.code_bits
    assert bits % 2 == 0
    assert bits == 2 or math.comb(bits - 2, bits // 2 - 1) < count <= math.comb(bits, bits // 2)
    patterns = np.array(layer(np.arange(count)[None]))[0]
    assert patterns.shape == (count, bits)
    assert set(np.unique(patterns)) == {0, 1}
    assert (patterns.sum(axis=1) == bits // 2).all()
    assert len(np.unique(patterns, axis=0)) == count


def test_all_patterns_come_in_lexicographic_order_of_the_places_of_their_ones():
    patterns = np.array(PermutationCoding(70)(np.arange(70)[None]))[0]
    assert [tuple(np.flatnonzero(row)) for row in patterns] == list(itertools.combinations(range(8), 4))


@pytest.mark.parametrize("bits", [8, 16, 64])
def test_with_bits_to_spare_the_patterns_are_spread_so_that_every_bit_tells_something(bits):
    patterns = PermutationCoding(65, bits).patterns
    assert len(np.unique(patterns, axis=0)) == 65
    assert (patterns.sum(axis=1) == bits // 2).all()
    assert np.abs(patterns.mean(axis=0) - 0.5).max() < 0.12  # the first 65 of all would leave most bits constant


def test_the_patterns_follow_from_the_arguments_and_are_small():
    layer = PermutationCoding(50257)
    assert np.array_equal(layer.patterns, PermutationCoding(50257).patterns)
    assert layer.weights == []
    assert layer.patterns.nbytes == 50257 * 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (65, 7),
            r"`code_bits` must be even, because half of the bits are ones.*code_bits=7. Try code_bits=8",
        ),
        ((65, 3), r"`code_bits` must be even.*Received: code_bits=3. Try code_bits=8"),
        ((65, 11), r"`code_bits` must be even.*Received: code_bits=11. Try code_bits=12"),
        (
            (65, 6),
            r"`code_bits` must give each of the 65 symbols its own pattern \(6 bits have 20\). "
            r"Received: code_bits=6. The smallest possible is code_bits=8",
        ),
        ((65, 0), r"`code_bits` must be a whole number from 2 to 64. Received: code_bits=0. Try code_bits=8"),
        ((65, 66), r"`code_bits` must be a whole number from 2 to 64"),
        ((65, 8.0), r"`code_bits` must be a whole number from 2 to 64"),
        ((0,), r"`vocabulary_size` must be a whole number of at least 1. Received: vocabulary_size=0"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        PermutationCoding(*arguments)
    assert "\n" not in str(error.value)
