"""The weights of a model as the page holds them: named arrays in base64, with a row for each output of a matrix."""

import base64

import numpy as np

from tinylm_keras import _checks

PRECISIONS = ("float16", "float32", "int8")
LARGEST_FLOAT16 = float(np.finfo("float16").max)


def encoded(array):
    """A numpy array as JSON takes it: dict of its "type", "shape" and "data", little-endian numbers in base64."""
    array = np.ascontiguousarray(array)
    data = base64.b64encode(array.astype(array.dtype.newbyteorder("<"), copy=False)).decode("ascii")
    return {"type": array.dtype.name, "shape": list(array.shape), "data": data}


def stored(name, array, precision):
    """A weight in a precision.

    Args:
        name: str.
        array: float32 array. A matrix has a row for each output, or for each token.
        precision: str, one of `PRECISIONS`. "int8" has a scale for each row of a matrix; vectors stay float32 there.

    Returns:
        dict of numpy arrays by name: one, or a matrix of int8 and its `"….scale"`.

    Raises:
        ValueError: if float16 would turn weights into infinity.
    """
    array = np.asarray(array, "float32")
    if precision == "float16":
        return {name: _halved(array)}
    if precision == "float32" or array.ndim < 2:
        return {name: array}
    scale = np.maximum(np.abs(array).max(axis=1, initial=0), np.float32(1e-30)) / np.float32(127)
    return {name: np.round(array / scale[:, np.newaxis]).astype("int8"), f"{name}.scale": scale}


def rounded(array, precision):
    """What `stored` leaves of an array: float32."""
    numbers, *scale = stored("", array, precision).values()
    return numbers.astype("float32") * (scale[0][:, np.newaxis] if scale else np.float32(1))


def _halved(array):
    largest = float(np.abs(array).max(initial=0))
    if largest > LARGEST_FLOAT16:
        rule = f"must be 'float32' for this model: it has weights up to {largest:.3g}, and float16 ends at 65,504"
        raise _checks.refuse("weights", rule, "float16")
    return array.astype("float16")
