"""Runs the compiled loop with a sliding-window cache, inside the context and past it."""

import numpy as np

from tinylm_keras.generation import loop
from tinylm_keras.generation.packing import CHUNK
from tinylm_keras.generation.session import GenerationSession


class SlidingWindowSession(GenerationSession):
    """The `GenerationSession` of models with `sliding_window_cache`: their cached steps continue past the context."""

    def _sample(self, steps):
        self._fill_cache(steps)
        window = np.zeros((len(self.tokens), CHUNK + 1), "int32")
        known = self.tokens[:, self.position : self.position + CHUNK + 1]
        window[:, : known.shape[1]] = known
        return self._choose("sliding_window", window, steps)

    def _prefill(self, cache):
        # The shorter part is first, since `prefill` may round up its length only until the cache is full.
        start = 0
        for end in range(self.position % self.model.context_length, self.position + 1, self.model.context_length):
            if end > start:
                cache = loop.prefill(self.model, cache, self.tokens[:, start:end], start, self.stored)
            start = end
        self.cache = cache
