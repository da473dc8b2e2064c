"""The mean of all vectors up to each position."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tinylm_keras")
class PrefixMean(keras.layers.Layer):
    """At each position, the mean of the vectors from the first position to this one.

    This is attention with equal weights, without parameters. The sums are in float32, because in half precision they
    would stop changing in a long text.

    Call arguments:
        x: float tensor `[B, T, D]`.
        cache: None, or the cache of `empty_cache`: float32 `[B, L + 1, D]`, the sums of the first 0, 1, … L vectors.
            All sums are kept, because a prompt is cached together with padding after it.
        start: int or scalar int tensor. Position of the first of the T inputs in the cache.

    Returns:
        A tensor `[B, T, D]`; with a cache, that tensor and the new cache.

    Example:

    >>> import numpy as np
    >>> PrefixMean()(np.array([[[2.0], [4.0], [9.0]]])).numpy().ravel().tolist()
    [2.0, 3.0, 5.0]

    References:
        Iyyer et al., "Deep Unordered Composition Rivals Syntactic Methods for Text Classification", ACL 2015 (the mean
        of word vectors as the input of a deep network).
    """

    def __init__(self, **kwargs):
        # Autocast would convert the cache, a float argument, to half precision.
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True

    def call(self, x, cache=None, start=0):
        sums = ops.cumsum(ops.cast(x, "float32"), axis=1)  # (B, T, D)
        if cache is not None:
            sums = sums + ops.take(cache, ops.reshape(start, (1,)), axis=1)
            cache = ops.slice_update(cache, (0, start + 1, 0), sums)
        counts = ops.arange(1, ops.shape(x)[1] + 1) + start
        means = sums / ops.expand_dims(ops.cast(counts, "float32"), 1)
        means = ops.cast(means, self.compute_dtype)
        return means if cache is None else (means, cache)

    def empty_cache(self, batch_size, length, width):
        """Return a cache for `length` positions of vectors of this width."""
        return ops.zeros((batch_size, length + 1, width), "float32")

    def compute_output_shape(self, input_shape):
        return input_shape
