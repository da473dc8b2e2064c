"""Round perplexities for an axis of losses. matplotlib is imported only for narrow ranges."""

import math

# Ticks of the perplexity axis: their number, and the digits before powers of ten, from many to few.
LEAST_TICKS, MOST_TICKS = 3, 7
DIGITS = ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))


def round_perplexities(low, high):
    """Return three to seven round perplexities whose logarithms lie between two losses.

    They are 1, 1.5, 2, 3, 4, 5 and 7 times a power of ten, or fewer of these in a wide range. In a range with fewer
    than three of them, they are multiples of a round step.

    Example:

    >>> round_perplexities(0.0, 3.0)
    [1, 2, 3, 5, 10, 20]
    >>> round_perplexities(1.05, 1.15)
    [2.9, 2.95, 3.0, 3.05, 3.1, 3.15]
    """
    low, high = max(low, 0.0), min(high, 700.0)
    if high <= low:
        return []
    values, stride = [], 1
    for digits in DIGITS:
        values = _decimals(low, high, digits)
        if len(values) <= MOST_TICKS:
            break
    while len(values) > MOST_TICKS:
        stride += 1
        values = _decimals(low, high, (1,), stride)
    return values if len(values) >= LEAST_TICKS else _evenly(math.exp(low), math.exp(high))


def _decimals(low, high, digits, stride=1):
    """Return the products of some digits and every power of ten, or every `stride`-th, between two logarithms."""
    last = math.ceil(high / math.log(10))
    powers = range(math.floor(low / math.log(10)) // stride * stride, last + 1, stride)
    values = [digit * 10**power for power in powers for digit in digits]
    values = [int(value) if value == int(value) else value for value in values]
    return [value for value in values if low - 1e-9 <= math.log(value) <= high + 1e-9]


def _evenly(low, high):
    from matplotlib.ticker import MaxNLocator

    for bins in range(MOST_TICKS, 1, -1):
        ticks = MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1).tick_values(low, high)
        values = [float(f"{value:.12g}") for value in ticks if low <= value <= high]
        if len(values) <= MOST_TICKS:
            break
    return values
