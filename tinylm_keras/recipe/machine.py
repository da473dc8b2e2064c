"""How fast this machine computes, measured with numpy: enough to estimate how long a run takes. No Keras here."""

import os
import time

import numpy as np

SIZE = 64  # a product of this size runs on one processor


def operations_per_second(repeats: int = 4000) -> float:
    """Measure how many floating point operations a second all processors do in matrix products.

    One processor is measured, in CPU time of this process, so that other programs hardly change the result.

    Example:

    >>> operations_per_second(1) > 0
    True
    """
    matrix = np.ones((SIZE, SIZE), "float32")
    product = matrix @ matrix
    began = time.process_time()
    for _ in range(repeats):
        np.matmul(matrix, matrix, out=product)
    seconds = max(time.process_time() - began, 1e-6)
    return 2 * SIZE**3 * repeats / seconds * _processors()


def _processors():
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
