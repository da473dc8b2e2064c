"""The state of one call of generation: prompts, lengths, random numbers, new tokens; a subclass chooses the tokens."""

import numpy as np

CHUNK = 64  # number of tokens that are chosen at a time


class Session:
    """Writes new tokens after several prompts, some at a time. A subclass defines `_sample`.

    Row i draws its random numbers from numpy's `default_rng((seed, i))`, one per new token, so that a row does not
    depend on its neighbours, on the size of the chunks, or on another thread.

    Args:
        model: `LanguageModel` or `runtime.Model`. Its `end_id` and `first_tokens` are used.
        prompts: list of int32 arrays `[n_i]`, none longer than the model's `receptive_field`. An empty one begins with
            a token drawn from `model.first_tokens`.
        max_new_tokens: int.
        seed: int.
        allowed: bool array `[V]`. Tokens that may be written.
        first: list of a bool array `[V]` or None for each prompt: the tokens that may come first; None: all.
    """

    def __init__(self, model, prompts, max_new_tokens, seed, allowed, first):
        self.model, self.allowed = model, allowed
        self.first = {row: tokens for row, tokens in enumerate(first) if tokens is not None}  # still to be used
        self.end_id = np.int32(-1 if model.end_id is None else model.end_id)
        self.generators = [np.random.default_rng((seed, row)) for row in range(len(prompts))]
        self.returned = np.array([len(prompt) for prompt in prompts], "int32")  # number of ids that the caller has
        self.ends = self.returned + np.int32(max_new_tokens)  # where each row ends
        if max_new_tokens:
            prompts = [prompt if len(prompt) else [self._first_token(row)] for row, prompt in enumerate(prompts)]
        self.lengths = np.array([len(prompt) for prompt in prompts], "int32")
        self.finished = self.lengths >= self.ends
        self.position = int(self.lengths.min()) - 1  # of the last token that every row has
        self.tokens = np.zeros((len(prompts), int(self.lengths.max(initial=1))), "int32")
        for row, prompt in enumerate(prompts):
            self.tokens[row, : len(prompt)] = prompt

    @property
    def done(self):
        """Whether every row has ended."""
        return bool(self.finished.all())

    def finish(self, row):
        """End a row early, at a stop string."""
        self.finished[row] = True

    def advance(self, steps):
        """Write up to `steps` tokens; return the new ids of each row, without the end token, as lists of int.

        Raises:
            ValueError: if the model's logits are not finite.
        """
        if not self.done:
            written = self._sample(min(steps, CHUNK))
            first, last = self.position + 1, self.position + 1 + written.shape[1]
            self._make_room(last)
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
        """Return the next tokens of all rows, int32 `[B, n]` with n up to `steps`, and update `finished`."""
        raise NotImplementedError

    def _make_room(self, length):
        if length > self.tokens.shape[1]:
            room = np.zeros((len(self.tokens), 2 * length - self.tokens.shape[1]), "int32")
            self.tokens = np.concatenate([self.tokens, room], axis=1)

    def _uniform(self, steps):
        """Return the next random numbers of each row, float32 `[B, CHUNK]`; tokens of the prompt use none."""
        uniform = np.zeros((len(self.tokens), CHUNK), "float32")
        for row, generator in enumerate(self.generators):
            first = max(0, int(self.lengths[row]) - (self.position + 1))
            if first < steps:
                uniform[row, first:steps] = generator.random(steps - first, dtype="float32")
        return uniform

    def _first_token(self, row):
        """Draw the first token of an empty prompt, with the frequencies of first tokens in the training texts."""
        ids, counts = np.array(self.model.first_tokens).T
        sums = np.cumsum(np.where(self.allowed[ids], counts, 0))
        return ids[int(np.searchsorted(sums, self.generators[row].random() * sums[-1], side="right"))]

    def _check_finite(self, finite):
        if not finite:
            raise ValueError(
                "The model's logits are not finite numbers, so no token can be chosen. Its weights are damaged or its "
                "training diverged: load an earlier file, or train again with a lower learning rate."
            )
