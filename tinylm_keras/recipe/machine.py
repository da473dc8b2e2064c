"""How fast this machine computes, measured by numpy alone: enough to say about how long a run takes. No Keras here."""

import math
import time

import numpy as np


def operations_per_second(seconds: float = 0.15) -> float:
    """Measure how many floating point operations a second a matrix product does here, at its best in `seconds`.

    Example:

    >>> operations_per_second(0.01) > 0
    True
    """
    matrix = np.ones((512, 512), "float32")
    best, end = math.inf, time.perf_counter() + seconds
    while best == math.inf or time.perf_counter() < end:
        began = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - began)
    return 2 * 512**3 / best
