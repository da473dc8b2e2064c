"""From logits to the next token: temperature, repetition penalty, top-k, top-p and min-p."""

from __future__ import annotations

import dataclasses
from typing import Any, Self

import numpy as np

from tinylm_keras import _checks

# How many of the best tokens are ranked: the smallest of these that is enough, else the whole vocabulary. Few sizes
# mean few compiled programs; a full sort of a large vocabulary at every token would cost more than the model.
RANKED = (64, 256)


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
        # Beyond these limits float32 overflows or rounds to 0, and the model would seem to be at fault.
        if self.temperature > 1e6:
            raise _checks.refuse("temperature", "must be at most 1,000,000", self.temperature)
        if not 1e-3 <= self.repetition_penalty <= 1e3:
            raise _checks.refuse("repetition_penalty", "must be in [0.001, 1000]", self.repetition_penalty)

    @classmethod
    def of(cls, sampler: Any, given: dict[str, Any], defaults: dict[str, Any]) -> Any:
        """Return the sampler of a call: the argument, or one with the rules `given` and else the model's defaults.

        Raises:
            ValueError: if both the argument and rules are given.
        """
        if sampler is None:
            rules = {name: defaults[name] for name in RULES if defaults.get(name) is not None}
            return cls(**{**rules, **given})
        if given:
            rule = f"must not come together with {', '.join(given)}"
            raise _checks.refuse("sampler", rule, sampler, "Set these on the sampler itself.")
        return sampler

    def ranked(self, vocabulary_size: int) -> int:
        """Number of tokens that have to be ranked: 0 if no rule needs an order."""
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


RULES = tuple(field.name for field in dataclasses.fields(Sampler))


def choose(logits, uniform, sampler, forbidden, seen):
    """Choose one token by inverting the cumulative distribution at a given uniform number.

    It follows the compiled `samplers.choose` step by step, but its sums are in float64.

    Args:
        logits: float32 array `[V]`, which is overwritten.
        uniform: float in [0, 1).
        sampler: `Sampler`.
        forbidden: int array. Tokens that may not be chosen, such as padding; they get probability 0.
        seen: bool array `[V]`. Tokens that the repetition penalty applies to.

    Returns:
        int.

    Example:

    >>> choose(np.log(np.float32([0.1, 0.6, 0.3])), 0.65, Sampler(), forbidden=[0], seen=np.full(3, False))
    1
    """
    weights, ids = _weights(logits, sampler, forbidden, seen)
    sums = np.cumsum(weights, dtype="float64")
    rank = int(np.searchsorted(sums, uniform * sums[-1], side="right"))
    if rank == len(sums):  # a uniform number next to 1 can round to the total itself: no sum lies above it then
        rank = int(weights.argmax())
    return rank if ids is None else int(ids[rank])


def probabilities(logits, sampler, forbidden, seen):
    """Return the probability with which `choose` takes each token.

    Args:
        logits, sampler, forbidden, seen: As in `choose`.

    Returns:
        float64 array `[V]` that sums to 1.

    Example:

    >>> logits = np.log(np.float32([0.1, 0.6, 0.3]))
    >>> probabilities(logits, Sampler(top_k=2), forbidden=[1], seen=np.full(3, False)).round(2).tolist()
    [0.25, 0.0, 0.75]
    """
    weights, ids = _weights(logits, sampler, forbidden, seen)
    shares = np.zeros(len(logits))
    shares[slice(None) if ids is None else ids] = weights / weights.sum(dtype="float64")
    return shares


def _weights(logits, sampler, forbidden, seen):
    """Return the weights of tokens, the largest 1, and the ids of these tokens; None: all, in their order."""
    if sampler.repetition_penalty != 1:
        penalty, some = np.float32(sampler.repetition_penalty), logits[seen]
        logits[seen] = np.where(some > 0, some / penalty, some * penalty)
    logits[forbidden] = -np.inf
    best = int(logits.argmax())
    if sampler.temperature == 0:
        return np.ones(1, "float32"), np.array([best])
    # The largest becomes 0 before the division, so that no temperature overflows.
    logits -= logits[best]
    logits /= np.float32(max(sampler.temperature, 1e-30))
    ids = _ranked(logits, sampler.top_k) if sampler.ranked(len(logits)) else None
    weights = np.exp(logits if ids is None else logits[ids])
    if ids is not None and sampler.top_p is not None:
        sums = np.cumsum(weights, dtype="float64")
        weights[sums - weights >= np.float32(sampler.top_p) * sums[-1]] = 0
    if sampler.min_p:
        weights[weights < np.float32(sampler.min_p)] = 0  # the largest weight is 1
    return weights, ids


def _ranked(heights, top_k):
    """Return the ids of the `top_k` largest numbers (None: of all) in descending order; ties go to the lowest id."""
    if top_k is None or top_k >= len(heights):
        return np.argsort(-heights, kind="stable")
    least = np.partition(heights, -top_k)[-top_k]
    ids = np.flatnonzero(heights >= least)
    return ids[np.argsort(-heights[ids], kind="stable")][:top_k]
