"""The generation loop of one call, with a network in numpy."""

import numpy as np

from tinylm_keras.writing.sampling import choose
from tinylm_keras.writing.session import Session

CHUNK = 512  # positions of a prompt that are computed at a time


class NetworkSession(Session):
    """The `Session` of a `Network`: each step computes the logits of all rows, then chooses a token for each.

    Args:
        network: `Network`.
        model, prompts, max_new_tokens, seed, allowed, first: See `Session`.
        sampler: `Sampler`.
    """

    def __init__(self, network, model, prompts, max_new_tokens, sampler, seed, allowed, first):
        super().__init__(model, prompts, max_new_tokens, seed, allowed, first)
        self.network, self.sampler, self.cache = network, sampler, None
        self.forbidden = np.flatnonzero(~allowed)
        self.seen = np.zeros((len(prompts), len(allowed)), bool)
        for row, length in enumerate(self.lengths):
            self.seen[row, self.tokens[row, :length]] = True

    def _sample(self, steps):
        if self.cache is None:
            self._prefill()
        uniform, begin = self._uniform(steps).tolist(), self.position + 1
        self._make_room(begin + steps)
        with np.errstate(over="ignore", invalid="ignore"):  # exponentials may overflow; logits are checked
            for step in range(steps):
                if self.finished.all():
                    steps = step
                    break
                self._step(begin + step, [row[step] for row in uniform])
        return self.tokens[:, begin : begin + steps].copy()

    def _prefill(self):
        """Fill the cache with the prompts, in chunks, because attention takes a score for each pair of positions."""
        network = self.network
        self.cache = network.empty_cache(len(self.tokens))
        if not network.sliding_window_cache and self.position >= network.context_length:
            return  # each step computes the whole window
        chunk = min(CHUNK, network.context_length)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, self.position, chunk):
                network.hidden_states(self.tokens[:, start : min(self.position, start + chunk)], self.cache, last=True)

    def _step(self, place, uniform):
        """Choose the tokens at `place`, given those before it."""
        logits = self._logits(place)
        self._check_finite(np.isfinite(logits).all())
        for row, finished in enumerate(self.finished.tolist()):
            token = int(self.tokens[row, place])
            if place >= self.lengths[row] and not finished:
                forbidden = self.forbidden
                if row in self.first:
                    forbidden = np.flatnonzero(~(self.allowed & self.first.pop(row)))
                token = choose(logits[row], uniform[row], self.sampler, forbidden, self.seen[row])
                self.tokens[row, place] = token
                self.finished[row] = token == self.end_id or place + 1 >= self.ends[row]
            self.seen[row, token] = True

    def _logits(self, place):
        length = self.network.context_length
        if self.network.sliding_window_cache or place <= length:
            return self.network.last_logits(self.tokens[:, place - 1 : place], self.cache)
        # A learned position belongs to a place in the window, so moving the window changes every vector.
        return self.network.last_logits(
            self.tokens[:, place - length : place], self.network.empty_cache(len(self.tokens))
        )
