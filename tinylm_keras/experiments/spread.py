"""The mean of a few numbers, and how far they scatter."""

import math


def mean_and_deviation(values):
    """Return the mean of some numbers and their standard deviation (that of a sample: n - 1); None for one number.

    Example:

    >>> mean_and_deviation([2.0, 2.2, 2.4]), mean_and_deviation([2.0])
    ((2.2, 0.2), (2.0, None))
    """
    mean = math.fsum(values) / len(values)
    if len(values) == 1:
        return mean, None
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return round(mean, 12), round(math.sqrt(variance), 12)
