"""From logits to the next token inside a compiled program, by the rules of `writing.sampling`."""

import keras
import numpy as np
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.writing.sampling import RANKED as RANKED
from tinylm_keras.writing.sampling import Sampler as Sampler

keras.saving.register_keras_serializable(package="tinylm_keras")(Sampler)


def choose(logits, uniform, settings, allowed, seen, ranked):
    """Choose one token per row by inverting the cumulative distribution at a given uniform number.

    Args:
        logits: float32 tensor `[B, V]`.
        uniform: float32 tensor `[B]`. Random numbers in [0, 1).
        settings: float32 tensor of `Sampler.settings`.
        allowed: bool tensor `[B, V]` or `[V]`. Tokens that may be chosen; the others get probability 0.
        seen: bool tensor `[B, V]`. Tokens that the repetition penalty applies to.
        ranked: int. `Sampler.ranked`, constant in the compiled program.

    Returns:
        int32 tensor `[B]`.
    """
    temperature, top_k, top_p, min_p, penalty = (settings[i] for i in range(5))
    logits = ops.where(seen, ops.where(logits > 0, logits / penalty, logits * penalty), logits)
    logits = ops.where(allowed, logits, -np.inf)
    best = ops.cast(ops.argmax(logits, axis=-1), "int32")
    # The maximum is subtracted before the division, so that no temperature causes an overflow.
    heights = (logits - ops.max(logits, axis=-1, keepdims=True)) / ops.maximum(temperature, 1e-30)
    if not ranked:
        chosen = _invert(_at_least(ops.exp(heights), min_p), uniform, best)
    else:
        heights, ids = ops.top_k(heights, ranked)  # (B, ranked), largest first
        weights = ops.where(ops.arange(ranked, dtype="float32") < top_k, ops.exp(heights), 0.0)
        share = weights / ops.sum(weights, axis=-1, keepdims=True)
        before = ops.cumsum(share, axis=-1) - share
        weights = _at_least(ops.where(before < top_p, weights, 0.0), min_p)
        rank = _invert(weights, uniform, ops.zeros_like(best))
        chosen = ops.cast(ops.take_along_axis(ids, ops.expand_dims(rank, 1), axis=1)[:, 0], "int32")
    return ops.where(ops.equal(temperature, 0.0), best, chosen)


def _at_least(weights, min_p):
    """Set weights below min_p to 0. The largest weight is 1, so min_p needs no scaling."""
    return ops.where(weights >= min_p, weights, 0.0)


def _invert(weights, uniform, fallback):
    """Return the index at which the cumulative sum of `weights` `[B, n]` exceeds `uniform` `[B]` times the total."""
    sums = ops.cumsum(weights, axis=-1)
    total = sums[:, -1:]
    level = ops.expand_dims(uniform, 1) * total
    index = ops.sum(ops.cast(sums <= level, "int32"), axis=-1)
    # If the product with a uniform number close to 1 rounds to the total, no sum exceeds it.
    return ops.where((level < total)[:, 0], index, fallback)


def resolve(sampler, given, defaults, vocabulary_size):
    """Return the sampler of one call: the argument `sampler`, or one with the rules `given` and the model's defaults.

    Raises:
        ValueError: if both `sampler` and a rule are given, or `sampler` is not a sampler, has its own loop (such as
            the beam search of keras-nlp), or ranks more tokens than the vocabulary has.
    """
    if sampler is None or given:
        return Sampler.of(sampler, given, defaults)
    if not isinstance(sampler, Sampler):
        _check_foreign(sampler, vocabulary_size)
    return sampler


def _check_foreign(sampler, vocabulary_size):
    """Refuse a sampler of keras-nlp that has its own loop in `__call__`, instead of choosing one token."""
    from tinylm_keras._keras_nlp import keras_nlp

    base = keras_nlp.samplers.Sampler
    name = type(sampler).__name__
    if not isinstance(sampler, base):
        raise _checks.refuse("sampler", "must be a tlm.Sampler or a keras_nlp.samplers.Sampler", name)
    if type(sampler).__call__ is not base.__call__ or type(sampler).get_next_token is base.get_next_token:
        raise _checks.refuse(
            "sampler",
            "must choose one token at a time; this one owns the generation loop",
            name,
            "Use greedy, random, top_k or top_p, or a subclass with get_next_token.",
        )
    if (getattr(sampler, "k", None) or 0) > vocabulary_size:
        raise _checks.refuse("k", f"of {name} must be at most {vocabulary_size}, the vocabulary", sampler.k)
