"""The environment of a run: device, threads, versions."""

import datetime
import importlib.metadata
import math
import os
import platform
import time

import keras
from keras import ops


def device():
    """Return the kind of device, "cpu" or "gpu", and its name.

    Example:

    >>> kind, name = device()
    >>> kind in ("cpu", "gpu")
    True
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        for one in tf.config.list_physical_devices("GPU"):
            return "gpu", tf.config.experimental.get_device_details(one).get("device_name", "GPU")
    elif backend == "jax":
        import jax

        one = jax.devices()[0]
        return ("cpu", "CPU") if one.platform == "cpu" else ("gpu", one.device_kind)
    return "cpu", "CPU"


def threads():
    """Return the number of threads: TensorFlow's setting, or one for each processor of this process."""
    chosen = 0
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        chosen = tf.config.threading.get_intra_op_parallelism_threads()
    affinity = getattr(os, "sched_getaffinity", None)
    return chosen or (len(affinity(0)) if affinity else os.cpu_count() or 1)


def speed(seconds=0.2):
    """Return the floating point operations per second of a matrix product, the best of several in `seconds`.

    Example:

    >>> speed(0.01) > 0
    True
    """
    matrix = ops.ones((512, 512))
    best, end = math.inf, time.perf_counter() + seconds
    while best == math.inf or time.perf_counter() < end:
        began = time.perf_counter()
        ops.convert_to_numpy(ops.matmul(matrix, matrix)[0, 0])
        best = min(best, time.perf_counter() - began)
    return 2 * 512**3 / best


def versions():
    """Return the versions of Python, this package and its main dependencies, as a dict of str."""
    found = {"python": platform.python_version(), "backend": keras.backend.backend()}
    for package in ("tinylm-keras", "keras", "tensorflow", "jax", "keras-hub", "numpy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def now():
    """Return the date and time in the form of ISO 8601, to the second, with the offset from UTC."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")
