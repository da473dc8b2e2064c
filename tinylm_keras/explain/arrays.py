"""The weights of a model as the page holds them: named arrays in base64, with a row for each output of a matrix."""

import base64

import numpy as np

from tinylm_keras import _checks

PRECISIONS = ("float16", "float32", "int8")
LARGEST_FLOAT16 = float(np.finfo("float16").max)


def encoded(array, scale=None):
    """A numpy array as JSON takes it: dict of its "type", "shape" and "data", little-endian numbers in base64.

    Where `scale` is given, the numbers are to be multiplied with it, and it is in the dict too.
    """
    array = np.ascontiguousarray(array)
    data = base64.b64encode(array.astype(array.dtype.newbyteorder("<"), copy=False)).decode("ascii")
    found = {"type": array.dtype.name, "shape": list(array.shape), "data": data}
    return found if scale is None else found | {"scale": float(scale)}


def stored(name, array, precision):
    """A weight in a precision, as JSON takes it.

    Args:
        name: str.
        array: float32 array. A matrix has a row for each output, or for each token.
        precision: str, one of `PRECISIONS`. "float16" takes 16 bits for each number: those of float16, or of a whole
            number and one scale for the array, whichever is closer. "int8" has a scale for each row of a matrix;
            vectors stay float32 there.

    Returns:
        dict by name of what `encoded` returns: one, or a matrix of int8 and its `"….scale"`.

    Raises:
        ValueError: if float16 would turn weights into infinity.
    """
    array = np.asarray(array, "float32")
    if precision == "float16":
        return {name: encoded(*_in_16_bits(array))}
    if precision == "float32" or array.ndim < 2:
        return {name: encoded(array)}
    numbers, scale = _in_8_bits(array)
    return {name: encoded(numbers), f"{name}.scale": encoded(scale)}


def rounded(array, precision):
    """What `stored` leaves of an array: float32."""
    if precision == "float16":
        return _product(*_in_16_bits(array))
    if precision == "float32" or array.ndim < 2:
        return array
    numbers, scale = _in_8_bits(array)
    return _product(numbers, scale[:, np.newaxis])


def _product(numbers, scale):
    return numbers.astype("float32") * np.float32(1 if scale is None else scale)


def _in_8_bits(array):
    """int8 numbers, and their scale for each row."""
    scale = np.maximum(np.abs(array).max(axis=1, initial=0), np.float32(1e-30)) / np.float32(127)
    return np.round(array / scale[:, np.newaxis]).astype("int8"), scale


def _in_16_bits(array):
    """float16 numbers and None, or int16 numbers and their scale, whichever is closer.

    float16 spends bits on small numbers, which add little to a sum; weights are mostly of one size, and then whole
    numbers are about four times as close. Where a few are far larger than the others, float16 is.
    """
    largest = np.abs(array).max(initial=0)
    if largest > LARGEST_FLOAT16:
        rule = f"must be 'float32' for this model: it has weights up to {largest:.3g}, and float16 ends at 65,504"
        raise _checks.refuse("weights", rule, "float16")
    scale = np.maximum(largest, np.float32(1e-30)) / np.float32(32767)
    choices = [(array.astype("float16"), None), (np.round(array / scale).astype("int16"), scale)]
    return min(choices, key=lambda choice: _relative_error(array, _product(*choice)))


def _relative_error(array, rounded):
    """The mean over the rows of the squared error beside the squares, so that rows of small numbers count as much."""
    error, size = (np.square(x, dtype="float64").sum(axis=-1) for x in (rounded - array, array))
    return float((error / np.maximum(size, 1e-60)).mean())
