"""The compiled loop of generation: model, key/value cache and sampler in one program."""

import numpy as np
from keras import ops

from tinylm_keras.generation.compile import compiled
from tinylm_keras.generation.packing import CHUNK, packed
from tinylm_keras.samplers import choose

# Prompts up to this length go through the loop token by token, which costs less than compiling a prefill.
SHORT_PROMPT = 16


def program(model, name, make, *key, stored=None):
    """Return the compiled program `name` of a model, created at the first use and stored with the model, untracked.

    With `stored`, a `LowerPrecision`, the program computes with those weights.
    """
    programs = model.__dict__.setdefault("_programs", {})
    place = (name, *key) if stored is None else (name, *key, stored.kind)
    if place not in programs:
        function, variables = make(model, *key), model.variables
        if stored is not None:
            function, variables = stored.use(function), [*variables, *stored.variables]
        programs[place] = compiled(function, variables)
    return programs[place]


def empty_cache(model, batch_size):
    """Return the model's empty cache. For one text it is created once, since no program changes its arguments.

    With a small model, creating eight arrays of zeros takes as long as generating five tokens.
    """
    if batch_size > 1:
        return model.empty_cache(batch_size)
    kept = model.__dict__.setdefault("_empty_caches", {})
    if batch_size not in kept:
        kept[batch_size] = model.empty_cache(batch_size)
    return kept[batch_size]


def prefill(model, cache, tokens, start=0, stored=None):
    """Fill the cache with tokens `[B, n]` of the prompts, from position `start`, in one step.

    n is rounded up to a power of two. The loop overwrites the columns past n before any position attends to them. A
    full sliding-window cache has no such columns, so past the context n is the context length.
    """

    def make(model):
        return lambda tokens, cache, start: model.decode_step(tokens, cache, start)[1]

    length = tokens.shape[1]
    bucket = min(1 << (length - 1).bit_length(), model.context_length)
    padded = np.zeros((tokens.shape[0], bucket), "int32")
    padded[:, :length] = tokens
    return program(model, "prefill", make, stored=stored)(padded, cache, np.int32(start))


def cached_logits(model):
    """Logits after one position inside the context, from its token and the cache."""

    def next_logits(window, cache, position):
        # take, because TensorFlow compiles a slice again for every start index.
        token = ops.take(window, ops.expand_dims(position, 0), axis=1)  # (B, 1)
        hidden, cache = model.decode_step(token, cache, position)
        return ops.cast(model.head(hidden)[:, 0], "float32"), cache

    return next_logits


def recomputed_logits(model):
    """Logits past the context, from the last `context_length` tokens at positions from 0.

    Learned positions are relative to the window, so every vector changes when the window moves: no cache is possible.
    """

    def next_logits(window, cache, position):
        return ops.cast(model.head(model.last_hidden_states(window))[:, 0], "float32"), cache

    return next_logits


def sliding_window_logits(model):
    """Logits after any position, from the first column of the window and the cache."""

    def next_logits(window, cache, position):
        hidden, cache = model.decode_step(window[:, :1], cache, position)
        return ops.cast(model.head(hidden)[:, 0], "float32"), cache

    return next_logits


def cached_steps(model, ranked, whole=False):
    """Up to CHUNK tokens inside the context; `whole` if the texts end with them, so that no cache is returned."""

    def keep(window, token, position):
        # The token after the last column is not stored: the recomputed steps build a new window.
        column = ops.minimum(position + 1, window.shape[1] - 1)
        return ops.slice_update(window, (0, column), ops.expand_dims(token, 1))

    return packed(_steps(ranked, cached_logits(model), keep), model.empty_cache if whole else None)


def recomputed_steps(model, ranked, whole=False):
    """Up to CHUNK tokens past the context; `whole` has no effect, since an earlier call began the texts."""

    def keep(window, token, position):
        return ops.concatenate([window[:, 1:], ops.expand_dims(token, 1)], axis=1)

    return packed(_steps(ranked, recomputed_logits(model), keep))


def sliding_window_steps(model, ranked, whole=False):
    """Like `cached_steps`, but at any position, for a model with a sliding-window cache.

    The window begins at the last known token. The loop counts all positions from there; only the model receives the
    absolute position.
    """

    def logits_at(window, first_and_cache, place):
        first, cache = first_and_cache
        token = ops.take(window, ops.expand_dims(place, 0), axis=1)
        logits, cache = sliding_window_logits(model)(token, cache, first + place)
        return logits, (first, cache)

    def keep(window, token, place):
        return ops.slice_update(window, (0, place + 1), ops.expand_dims(token, 1))

    loop = _steps(ranked, logits_at, keep)

    def run(call):
        first = call.position
        lengths, limits = call.lengths - first, call.limits - first
        begin = ops.zeros((), "int32")
        call = call._replace(cache=(first, call.cache), position=begin, lengths=lengths, limits=limits)
        written, (_, cache), *rest = loop(call)
        return written, cache, *rest

    return packed(run, model.empty_cache if whole else None)


def _steps(ranked, next_logits, keep):
    """Return the loop around `next_logits(window, cache, position)`; `keep` stores the new token in the window."""

    def run(call):
        """Take a `Call`; return written int32 `[B, CHUNK]`, cache, seen, finished, whether all logits were finite."""
        size = call.window.shape[1]

        def more(step, window, cache, seen, finished, written, finite):
            return ops.logical_and(step < call.steps, ops.logical_not(ops.all(finished)))

        def one(step, window, cache, seen, finished, written, finite):
            here = call.position + step
            logits, cache = next_logits(window, cache, here)
            finite = ops.logical_and(finite, ops.all(ops.isfinite(logits)))
            uniform = ops.take(call.uniform, step, axis=1)
            token = choose(logits, uniform, call.settings, call.allowed, seen, ranked)
            given = here + 1 < call.lengths
            token = ops.where(given, ops.take(window, ops.minimum(here + 1, size - 1), axis=1), token)
            ended = ops.logical_or(ops.equal(token, call.end_id), here + 2 >= call.limits)
            seen = ops.logical_or(seen, ops.one_hot(token, seen.shape[1], dtype="bool"))
            written = ops.slice_update(written, (0, step), ops.expand_dims(token, 1))
            window = keep(window, token, here)
            finished = ops.logical_or(finished, ops.logical_and(ops.logical_not(given), ended))
            return step + 1, window, cache, seen, finished, written, finite

        start = ops.zeros((), "int32")
        written = ops.zeros((call.window.shape[0], CHUNK), "int32")
        state = (start, call.window, call.cache, call.seen, call.finished, written, ops.convert_to_tensor(True))
        _, _, cache, seen, finished, written, finite = ops.while_loop(more, one, state)
        return written, cache, seen, finished, finite

    return run
