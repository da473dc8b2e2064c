"""Mixes two distributions of the next token."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="tinylm_keras")
class Mixing(keras.layers.Layer):
    """Mixes two distributions given as logarithms, with a share that depends on the second one's known context.

    Args:
        longest: int. There is a share for each length of the known context from 0 to `longest`; it starts at 0.5 and
            does not train.

    Call arguments:
        first: float tensor `[…, V]`: logits.
        second: float tensor `[…, V]`: logarithms of probabilities.
        known: int32 tensor `[…]`: length of the context that the second one knows.

    Returns:
        float32 tensor `[…, V]`: the logarithms of `share · first + (1 - share) · second`.

    Example:

    >>> import numpy as np
    >>> first, second = np.log([[0.5, 0.5]]), np.log([[1.0, 1e-9]])
    >>> np.exp(Mixing(1)(first, second, np.array([1]))).round(2).tolist()
    [[0.75, 0.25]]

    References:
        Jelinek and Mercer, "Interpolated estimation of Markov source parameters from sparse data" (1980).
    """

    def __init__(self, longest, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.longest = longest
        self.shares = self.add_weight(
            name="shares", shape=(longest + 1,), initializer=keras.initializers.Constant(0.5), trainable=False
        )
        self.built = True

    def call(self, first, second, known):
        share = ops.expand_dims(ops.take(ops.convert_to_tensor(self.shares), ops.clip(known, 0, self.longest)), -1)
        share = ops.clip(share, 1e-6, 1 - 1e-6)
        first = ops.log_softmax(ops.cast(first, "float32"), axis=-1) + ops.log(share)
        return ops.logaddexp(first, ops.cast(second, "float32") + ops.log(1 - share))

    def get_config(self):
        return {**super().get_config(), "longest": self.longest}


def fit_shares(first, second, known, longest, steps=60):
    """Return the shares that maximize the likelihood of some tokens, by expectation maximization.

    For lengths with few tokens, the share stays near the overall share.

    Args:
        first, second: float arrays `[n]`: the probabilities of the targets in both distributions.
        known: int array `[n]`.
        longest: int.
        steps: int.

    Returns:
        float64 array `[longest + 1]`.

    Example:

    >>> fit_shares(np.array([0.9, 0.8]), np.array([0.1, 0.1]), np.array([0, 1]), 1).round(1).tolist()
    [1.0, 1.0]
    """
    overall = np.full(1, 0.5)
    for _ in range(steps):
        overall = np.full(1, _posterior(overall[0], first, second).mean())
    shares = np.full(longest + 1, overall[0])
    counts = np.bincount(known, minlength=longest + 1)
    for _ in range(steps):
        belongs = np.bincount(known, _posterior(shares[known], first, second), minlength=longest + 1)
        shares = (belongs + PRIOR * overall[0]) / (counts + PRIOR)
    return np.clip(shares, 1e-4, 1 - 1e-4)


PRIOR = 10.0  # weight of the overall share, in tokens


def _posterior(share, first, second):
    """Return the probability that each token comes from the first distribution."""
    first, second = share * first, (1 - share) * second
    return first / np.maximum(first + second, 1e-300)
