"""Round numbers on the axis of perplexities."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tinylm_keras.plots.ticks import round_perplexities


@given(st.floats(0, 12), st.floats(-5, 1.2))
def test_perplexities_on_the_axis_are_round_within_it_and_three_to_seven(low, power):
    high = low + 10**power
    values = round_perplexities(low, high)
    assert 3 <= len(values) <= 7
    assert values == sorted(set(values))
    assert all(low - 1e-8 <= math.log(value) <= high + 1e-8 for value in values)
    if values[-1] > 3 * values[0]:
        assert all(f"{value:.1e}"[:3] in ("1.0", "1.5", "2.0", "3.0", "4.0", "5.0", "7.0") for value in values)


def test_ticks_are_the_numbers_that_one_expects():
    assert round_perplexities(math.log(1.9), math.log(7.5)) == [2, 3, 4, 5, 7]
    assert round_perplexities(math.log(2.1), math.log(4.3)) == [2.5, 3, 3.5, 4]
    assert round_perplexities(math.log(9), math.log(60_000)) == [10, 100, 1000, 10_000]
    assert round_perplexities(1.0, 1.0) == []
