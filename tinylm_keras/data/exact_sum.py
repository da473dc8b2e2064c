"""A sum of floats that does not depend on their order."""

import math


class ExactSum:
    """A sum of floats without rounding, so that it does not depend on their order.

    A few floats hold the exact sum: the rounded sum, then the rounded rest, and so on until nothing is left.
    `math.fsum` rounds each of them correctly.

    Example:

    >>> ExactSum([0.1] * 10).value, ExactSum([1e16, 1.0]).add([-1e16]).value
    (1.0, 1.0)
    """

    def __init__(self, parts=()):
        self.parts = []
        self.add(parts)

    def add(self, numbers):
        """Add numbers; return the sum."""
        rest, self.parts = [*self.parts, *numbers], []
        while (rounded := math.fsum(rest)) != 0:
            self.parts.append(rounded)
            rest.append(-rounded)
        return self

    @property
    def value(self):
        """The sum, rounded once."""
        return math.fsum(self.parts)
