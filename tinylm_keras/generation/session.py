"""One call of generation between its compiled chunks: prompts, lengths, random numbers, what has been written."""

import keras
import numpy as np

from tinylm_keras.generation import loop
from tinylm_keras.generation.packing import CHUNK, Call, pack
from tinylm_keras.samplers import Sampler


class GenerationSession:
    """Writes new tokens after several prompts, some at a time.

    Row i draws its random numbers from numpy's `default_rng((seed, i))`, one per new token, so that a row does not
    depend on its neighbours, on the size of the chunks, or on another thread.

    Args:
        model: a `LanguageModel`.
        prompts: list of int32 arrays `[n_i]`, none longer than the model's `receptive_field`. An empty one begins with
            a token drawn from `model.first_tokens`.
        max_new_tokens: int.
        sampler: `Sampler` or a keras-nlp sampler.
        seed: int.
        allowed: bool array `[V]`. Tokens that may be written.
        first: list with, for each prompt, a bool array `[V]` of the tokens that its first new one is limited to, or
            None.
        stored: `LowerPrecision` of the model's weights, or None: the weights as they are.
    """

    def __init__(self, model, prompts, max_new_tokens, sampler, seed, allowed, first, stored=None):
        self.model, self.sampler, self.stored = model, sampler, stored
        self.allowed, self.limited = allowed, False  # limited: whether `marks` holds more limits than `allowed`
        self.first = {row: tokens for row, tokens in enumerate(first) if tokens is not None}  # still to be used
        self.end_id = np.int32(-1 if model.end_id is None else model.end_id)
        self.generators = [np.random.default_rng((seed, row)) for row in range(len(prompts))]
        self.returned = np.array([len(prompt) for prompt in prompts], "int32")  # ids that the caller knows
        self.ends = self.returned + np.int32(max_new_tokens)  # where each row ends
        if max_new_tokens:
            prompts = [prompt if len(prompt) else [self._first_token(row)] for row, prompt in enumerate(prompts)]
        self.lengths = np.array([len(prompt) for prompt in prompts], "int32")
        self.finished = self.lengths >= self.ends
        self.position = int(self.lengths.min()) - 1  # of the last token that every row has
        self.tokens = np.zeros((len(prompts), int(self.lengths.max(initial=1))), "int32")
        self.marks = np.zeros((2 * len(prompts), len(allowed)), bool)  # tokens seen by each row; allowed to each row
        self.marks[len(prompts) :] = allowed
        for row, prompt in enumerate(prompts):
            self.tokens[row, : len(prompt)] = prompt
            self.marks[row, prompt] = True
        self.cache, self.whole = None, False  # whole: one call begins and ends every row

    @property
    def done(self):
        """Whether every row has ended."""
        return bool(self.finished.all())

    def finish(self, row):
        """End a row early (a stop string has come)."""
        self.finished[row] = True

    def advance(self, steps):
        """Write up to `steps` tokens; return the new ids of each row, without the end token, as lists of int.

        Raises:
            ValueError: if the model's logits are not finite.
        """
        if not self.done:
            written = self._sample(min(steps, CHUNK))
            first, last = self.position + 1, self.position + 1 + written.shape[1]
            if last > self.tokens.shape[1]:
                room = np.zeros((len(self.tokens), 2 * last - self.tokens.shape[1]), "int32")
                self.tokens = np.concatenate([self.tokens, room], axis=1)
            self.tokens[:, first:last] = written
            for row, tokens in enumerate(written):
                ends = first + np.flatnonzero(tokens == self.end_id)
                ends = ends[ends >= self.lengths[row]]  # an end token inside the prompt ends nothing
                if len(ends):
                    self.ends[row] = min(self.ends[row], ends[0])
            self.position = last - 1
        known = np.minimum(self.position + 1, self.ends)
        fresh = [row[start:end].tolist() for row, start, end in zip(self.tokens, self.returned, known, strict=True)]
        self.returned = np.maximum(self.returned, known)
        return fresh

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

    def _uniform(self, steps):
        """float32 `[B, CHUNK]`: for each row its next random numbers, none spent on tokens of the prompt."""
        uniform = np.zeros((len(self.tokens), CHUNK), "float32")
        for row, generator in enumerate(self.generators):
            first = max(0, int(self.lengths[row]) - (self.position + 1))
            if first < steps:
                uniform[row, first:steps] = generator.random(steps - first, dtype="float32")
        return uniform

    def _first_token(self, row):
        """Draw the token that an empty prompt begins with, as often as training texts began with it."""
        ids, counts = np.array(self.model.first_tokens).T
        sums = np.cumsum(np.where(self.allowed[ids], counts, 0))
        return ids[int(np.searchsorted(sums, self.generators[row].random() * sums[-1], side="right"))]

    def _check_finite(self, finite):
        if not finite:
            raise ValueError(
                "The model's logits are not finite numbers, so no token can be chosen. Its weights are damaged or its "
                "training diverged: load an earlier file, or train again with a lower learning rate."
            )
