"""The layers and functions of networks, for float32 arrays `[N, D]` with one vector in each row."""

import math

import numpy as np

# numpy has no erf. The exact GELU is x Φ(x), and Φ(x) = 1 / (1 + exp(-x P(x²))) with this P, highest power first, which
# was fitted so that x Φ(x) is right to 6e-7 everywhere.
_GELU = (3.611292387255527e-09, -2.668954958138447e-07, 7.938262585948671e-06, -1.1048063905319212e-04)
_GELU = np.array([*_GELU, -6.625890235117883e-05, 7.26685655722175e-02, 1.5957684327103792], "float32")


class Dense:
    """A dense layer: a matrix product, and a bias.

    Args:
        weights: `file.Weights` of the layer.
        inputs, outputs: int.
        bias: bool.
    """

    def __init__(self, weights, inputs, outputs, bias=True):
        kernel = weights.take("vars/0", inputs, outputs)
        # A vector times a tall matrix is a fifth faster with contiguous columns, times a wide one with contiguous rows.
        self.kernel = np.asfortranarray(kernel) if inputs > outputs else kernel
        self.bias = weights.take("vars/1", outputs) if bias else None

    def __call__(self, x):
        y = x @ self.kernel
        if self.bias is not None:
            y += self.bias
        return y


class LayerNorm:
    """Layer normalization; see `Dense`."""

    epsilon = 1e-5

    def __init__(self, weights, width):
        self.gain, self.bias = weights.take("vars/0", width), weights.take("vars/1", width)
        self.share = np.full((width, 1), 1 / width, "float32")  # a matrix product is the fastest mean

    def __call__(self, x):
        y = x - x @ self.share
        y *= _scale(y, self)
        y *= self.gain
        y += self.bias
        return y


class RMSNorm:
    """Division of each vector by its root mean square; see `Dense`."""

    epsilon = 1e-6

    def __init__(self, weights, width):
        self.gain = weights.take("vars/0", width)
        self.share = np.full((width, 1), 1 / width, "float32")

    def __call__(self, x):
        y = x * _scale(x, self)
        y *= self.gain
        return y


def _scale(x, norm):
    """Return the factor that gives each vector of `x` a mean square of 1."""
    if x.size == len(norm.share):  # a single vector: Python numbers are faster than arrays
        x = x.reshape(-1)
        return 1 / math.sqrt(float(x.dot(x)) / len(x) + norm.epsilon)
    scale = np.square(x) @ norm.share
    scale += np.float32(norm.epsilon)
    np.sqrt(scale, out=scale)
    return np.divide(1, scale, out=scale)


def attention(queries, keys, values, cache, last):
    """Causal attention: a weighted mean of the values that each position attends to.

    Args:
        queries, keys, values: float32 arrays `[rows, num_heads, T, head_dim]`.
        cache: `KeyValues`.
        last: bool. Whether to return only the last of the T positions.

    Returns:
        float32 array `[rows * T, num_heads * head_dim]`, or `[rows, …]` of the last ones.
    """
    keys, values, visible = cache.extend(keys, values)
    if last and visible is not None:
        queries, visible = queries[:, :, -1:], visible[-1:]
    weights = queries @ keys.swapaxes(-1, -2)  # (rows, H, T, n)
    weights *= np.float32(queries.shape[-1] ** -0.5)
    if visible is not None:
        np.copyto(weights, np.float32(-1e30), where=~visible)
    weights -= np.maximum.reduce(weights, axis=-1, keepdims=True)
    np.exp(weights, out=weights)
    total = np.add.reduce(weights, axis=-1, keepdims=True)
    y = weights @ values  # (rows, H, T, hd)
    y /= total
    return y.swapaxes(1, 2).reshape(-1, y.shape[1] * y.shape[3])


def heads(x, rows, num_heads):
    """Split `x` `[rows * T, 3 * num_heads * head_dim]` into queries, keys, values `[rows, num_heads, T, head_dim]`."""
    x = x.reshape(rows, -1, 3, num_heads, x.shape[1] // (3 * num_heads))
    return x.transpose(2, 0, 3, 1, 4)


def last_of(x, rows):
    """The vectors `[rows, D]` of the last positions of `x` `[rows * T, D]`."""
    return x if len(x) == rows else x.reshape(rows, -1, x.shape[1])[:, -1]


def log_softmax(logits):
    """Log probabilities of logits `[…, V]`."""
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def relu(x):
    return np.maximum(x, 0, out=x)


def leaky_relu(x):
    return np.maximum(x, np.float32(0.2) * x, out=x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x / (1 + np.exp(-x))


def gelu(x):
    square = np.square(x)
    y = square * _GELU[0]
    for coefficient in _GELU[1:-1]:
        y += coefficient
        y *= square
    y += _GELU[-1]
    y *= x
    np.negative(y, out=y)
    np.exp(y, out=y)
    y += 1
    return np.divide(x, y, out=y)


def gelu_tanh(x):
    y = np.square(x)
    y *= np.float32(0.044715)
    y += 1
    y *= x
    y *= np.float32((2 / np.pi) ** 0.5)
    np.tanh(y, out=y)
    y += 1
    y *= x
    y *= np.float32(0.5)
    return y


ACTIVATIONS = {"relu": relu, "gelu": gelu, "gelu_tanh": gelu_tanh, "silu": silu}
