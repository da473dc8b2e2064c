"""The discounts of modified Kneser-Ney smoothing."""

import numpy as np


def base(vocabulary_size, pad_id):
    """Return the uniform distribution over all ids except padding: float64 `[V]`."""
    share = np.ones(vocabulary_size)
    if pad_id is not None and pad_id < vocabulary_size and vocabulary_size > 1:
        share[pad_id] = 0
    return share / share.sum()


def smoothed(level, weights, size):
    """Return the discounted probability of each n-gram of a level, and the back-off weights of `size` contexts."""
    discount = discounts(weights)[np.minimum(weights, 3)]
    totals = np.bincount(level.contexts, weights, minlength=size)
    left = np.bincount(level.contexts, discount, minlength=size)
    seen = totals > 0
    backoff = np.where(seen, left / np.maximum(totals, 1), 1.0)
    return (weights - discount) / np.maximum(totals[level.contexts], 1), backoff


def discounts(weights):
    """Return the discounts for the weights 0, 1, 2, and 3 or more."""
    once, twice, thrice, four_times = (int((weights == times).sum()) for times in (1, 2, 3, 4))
    found = np.array([0.5, 1.0, 1.5])
    if once and twice:
        share = once / (once + 2 * twice)
        found = np.array([1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice, found[2]])
        if thrice:
            found[2] = 3 - 4 * share * four_times / thrice
    # For unusual texts the formulas can give too small or too large discounts.
    return np.concatenate([[0.0], np.clip(found, 0.05, [0.95, 1.95, 2.95])])
