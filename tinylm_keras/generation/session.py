"""One call of generation between its compiled chunks."""

import keras
import numpy as np

from tinylm_keras.generation import loop
from tinylm_keras.generation.packing import CHUNK, Call, pack
from tinylm_keras.runtime.session import Session
from tinylm_keras.samplers import Sampler


class GenerationSession(Session):
    """Writes new tokens after several prompts, some at a time, with the compiled loop.

    Args:
        model, prompts, max_new_tokens, seed, allowed, first: See `Session`; the model is a `LanguageModel`.
        sampler: `Sampler` or a keras-nlp sampler.
        stored: `LowerPrecision` of the model's weights, or None: the weights as they are.
    """

    def __init__(self, model, prompts, max_new_tokens, sampler, seed, allowed, first, stored=None):
        super().__init__(model, prompts, max_new_tokens, seed, allowed, first)
        self.sampler, self.stored = sampler, stored
        self.limited = False  # whether `marks` holds more limits than `allowed`
        self.marks = np.zeros((2 * len(prompts), len(allowed)), bool)  # tokens seen by each row; allowed to each row
        self.marks[len(prompts) :] = allowed
        for row, length in enumerate(self.lengths):
            self.marks[row, self.tokens[row, :length]] = True
        self.cache, self.whole = None, False  # whole: one call begins and ends every row

    def _sample(self, steps):
        """The next tokens of all rows, int32 `[B, steps]`, from the program for this place in the text."""
        context_length = self.model.context_length
        inside = self.position < context_length
        if inside:
            window = np.zeros((len(self.tokens), context_length), "int32")
            known = self.tokens[:, :context_length]
            window[:, : known.shape[1]] = known
            self._fill_cache(min(steps, context_length))  # begins a short prompt anew, at position 0
            steps = min(steps, context_length - self.position)
        else:
            window = self.tokens[:, self.position + 1 - context_length : self.position + 1]
        return self._choose("cached" if inside else "recomputed", window, steps)

    def _choose(self, way, window, steps):
        """The next tokens from the programs `<way>_steps` and `<way>_logits` of the loop."""
        steps = self._limit(steps)
        if isinstance(self.sampler, Sampler):
            return self._run_loop(way, window, steps)
        return self._ask_foreign_sampler(way, window)

    def _limit(self, steps):
        """Put into `marks` which tokens each row may write next; return for how many steps, up to `steps`, that holds.

        The first new token of some rows is limited (`first`). The compiled loop need not know: such a token is a call
        of one step, with marks of its own.
        """
        place = self.position + 1
        rows = [row for row in self.first if self.lengths[row] == place]
        if rows or self.limited:
            marks = np.array(keras.ops.convert_to_numpy(self.marks))
            marks[len(self.tokens) :] = self.allowed
            for row in rows:
                marks[len(self.tokens) + row] &= self.first.pop(row)
            self.marks, self.limited = marks, bool(rows)
        return 1 if rows else min([steps, *(int(self.lengths[row]) - place for row in self.first)])

    def _fill_cache(self, steps):
        """Put the prompts into the cache, before a call of so many steps that needs one."""
        if self.cache is not None:
            return
        if self.position < loop.SHORT_PROMPT:
            self.position = 0
            one_call = not self.first and isinstance(self.sampler, Sampler)
            self.whole = one_call and int(self.ends.max()) - 1 <= steps
            self.cache = () if self.whole else loop.empty_cache(self.model, len(self.tokens))
        else:
            self._prefill(loop.empty_cache(self.model, len(self.tokens)))

    def _prefill(self, cache):
        self.cache = loop.prefill(self.model, cache, self.tokens[:, : self.position], stored=self.stored)

    def _run_loop(self, way, window, steps):
        size = self.model.vocabulary_size
        ranked = self.sampler.ranked(size)
        make = getattr(loop, f"{way}_steps")
        run = loop.program(self.model, make.__name__, make, ranked, self.whole, stored=self.stored)
        call = Call(
            window=window,
            finished=self.finished,
            position=self.position,
            steps=steps,
            uniform=self._uniform(steps),
            lengths=self.lengths,
            limits=self.ends,
            settings=self.sampler.settings(size),
            end_id=self.end_id,
        )
        written, self.marks, self.cache = run(pack(call), self.marks, () if way == "recomputed" else self.cache)
        written = keras.ops.convert_to_numpy(written)
        self.finished = written[:, CHUNK] != 0
        self._check_finite(bool(written[0, CHUNK + 1]))
        return written[:, :steps]

    def _ask_foreign_sampler(self, way, window):
        """One token from a keras-nlp sampler. It keeps its own random state, so it runs outside the compiled loop."""
        make = getattr(loop, f"{way}_logits")
        run = loop.program(self.model, make.__name__, make, stored=self.stored)
        logits, cache = run(window, () if way == "recomputed" else self.cache, np.int32(self.position))
        self.cache = cache
        self._check_finite(bool(keras.ops.all(keras.ops.isfinite(logits))))
        logits = keras.ops.where(self.marks[len(self.tokens) :], logits, -np.inf)
        token = self.sampler.get_next_token(self.sampler.compute_probabilities(logits))
        token = np.array(keras.ops.convert_to_numpy(token), "int32")
        place = self.position + 1
        given = place < self.lengths
        if given.any():
            token[given] = self.tokens[given, place]
        self.finished |= ~given & ((token == self.end_id) | (place + 1 >= self.ends))
        return token[:, None]
