"""From logits to the next token: temperature, repetition penalty, top-k, top-p and min-p."""

from __future__ import annotations

import dataclasses
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from tinylm_keras import _checks

# How many of the best tokens are ranked: the smallest of these that is enough, else the whole vocabulary. Few sizes
# mean few compiled programs; a full sort of a large vocabulary at every token would cost more than the model.
RANKED = (64, 256)


@keras.saving.register_keras_serializable(package="tinylm_keras")
@dataclasses.dataclass(frozen=True)
class Sampler:
    """How the next token is chosen. The steps run in the order of the arguments below, penalty first.

    Args:
        temperature: float of at least 0. Divides the logits; 0 always takes the most likely token.
        top_k: int of at least 1, or None. Keep exactly the k most likely tokens; ties go to the lowest id.
        top_p: float in (0, 1], or None. Keep the fewest of the most likely tokens whose probabilities reach top_p.
        min_p: float in [0, 1), or None. Keep tokens at least min_p times as likely as the likeliest.
        repetition_penalty: float above 0. Tokens that the text already has: positive logits are divided by it,
            negative ones multiplied.

    Raises:
        ValueError: if a value is outside its range.

    Example:

    >>> Sampler(temperature=0.8, top_k=40)
    Sampler(temperature=0.8, top_k=40, top_p=None, min_p=None, repetition_penalty=1.0)

    References:
        Fan et al., arXiv:1805.04833 (top-k); Holtzman et al., arXiv:1904.09751 (top-p); Nguyen et al.,
        arXiv:2407.01082 (min-p); Keskar et al., arXiv:1909.05858 (repetition penalty).
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0

    def __post_init__(self):
        _checks.real_number("temperature", self.temperature, 0, advice="0 takes the most likely token.")
        if self.top_k is not None:
            _checks.whole_number("top_k", self.top_k, 1, advice="Leave it out to keep every token.")
        if self.top_p is not None:
            _checks.real_number("top_p", self.top_p, 0, 1, include_low=False, advice="1 keeps every token.")
        if self.min_p is not None:
            _checks.real_number("min_p", self.min_p, 0, 1, include_high=False, advice="0 keeps every token.")
        _checks.real_number(
            "repetition_penalty", self.repetition_penalty, 0, include_low=False, advice="1 changes nothing."
        )
        # Beyond these, float32 turns a logit into infinity or the rule into 0, and a healthy model would be blamed.
        if self.temperature > 1e6:
            raise _checks.refuse("temperature", "must be at most 1,000,000", self.temperature)
        if not 1e-3 <= self.repetition_penalty <= 1e3:
            raise _checks.refuse("repetition_penalty", "must be in [0.001, 1000]", self.repetition_penalty)

    def ranked(self, vocabulary_size: int) -> int:
        """How many tokens have to be ranked: 0 when no rule needs an order."""
        top_k = min(self.top_k or vocabulary_size, vocabulary_size)
        if top_k == vocabulary_size and (self.top_p is None or self.top_p == 1):
            return 0
        enough = [size for size in RANKED if top_k <= size < vocabulary_size]
        return enough[0] if enough else vocabulary_size

    def settings(self, vocabulary_size: int) -> np.ndarray:
        """The rules as a float32 vector, so that a compiled program takes other values without compiling again."""
        top_k = min(self.top_k or vocabulary_size, vocabulary_size)
        rules = (self.temperature, top_k, self.top_p or 1.0, self.min_p or 0.0, self.repetition_penalty)
        return np.array(rules, "float32")

    def get_config(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)


def choose(logits, uniform, settings, allowed, seen, ranked):
    """Choose one token per row by inverting the cumulative distribution at a given uniform number.

    Args:
        logits: float32 tensor `[B, V]`.
        uniform: float32 tensor `[B]`, in [0, 1).
        settings: float32 tensor of `Sampler.settings`.
        allowed: bool tensor `[B, V]` or `[V]`. Tokens that may be chosen at all; the others get probability 0.
        seen: bool tensor `[B, V]`. Tokens that the repetition penalty applies to.
        ranked: int. `Sampler.ranked`, known when the program is compiled.

    Returns:
        int32 tensor `[B]`.
    """
    temperature, top_k, top_p, min_p, penalty = (settings[i] for i in range(5))
    logits = ops.where(seen, ops.where(logits > 0, logits / penalty, logits * penalty), logits)
    logits = ops.where(allowed, logits, -np.inf)
    best = ops.cast(ops.argmax(logits, axis=-1), "int32")
    # The largest becomes 0 before the division, so that no temperature overflows.
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
    """Weights below min_p become 0. The largest weight is 1, so min_p needs no further scale."""
    return ops.where(weights >= min_p, weights, 0.0)


def _invert(weights, uniform, fallback):
    """Index at which the running sum of `weights` `[B, n]` passes the share `uniform` `[B]` of the total."""
    sums = ops.cumsum(weights, axis=-1)
    total = sums[:, -1:]
    level = ops.expand_dims(uniform, 1) * total
    index = ops.sum(ops.cast(sums <= level, "int32"), axis=-1)
    # A uniform number next to 1 can round to the total itself: no sum lies above it then.
    return ops.where((level < total)[:, 0], index, fallback)


def resolve(sampler, given, defaults, vocabulary_size):
    """The sampler of one call: the `sampler` argument, or a `Sampler` of the rules `given` over the model's defaults.

    Raises:
        ValueError: if `sampler` comes together with one of the rules, or owns the loop (keras-nlp's beam search and
            its like), or ranks more tokens than there are, or is no sampler.
    """
    if sampler is None:
        rules = {name: defaults[name] for name in Sampler().get_config() if defaults.get(name) is not None}
        return Sampler(**{**rules, **given})
    if given:
        raise _checks.refuse(
            "sampler", f"must not come together with {', '.join(given)}", sampler, "Set these on the sampler itself."
        )
    if not isinstance(sampler, Sampler):
        _check_foreign(sampler, vocabulary_size)
    return sampler


def _check_foreign(sampler, vocabulary_size):
    """Accept keras-nlp samplers that only choose a token; refuse those whose `__call__` is a loop of their own."""
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
