"""The compiled loop of generation: model, key/value cache and sampler in one program."""

import numpy as np
from keras import ops

from tinylm_keras.generation.compile import compiled
from tinylm_keras.generation.packing import CHUNK, packed
from tinylm_keras.samplers import choose

# Prompts up to this long go through the loop token by token: that costs less than compiling a prefill.
SHORT_PROMPT = 16


def program(model, name, make, *key, stored=None):
    """The compiled program `name` of a model, made on first use and kept beside the model, outside Keras's tracking.

    With `stored`, a `LowerPrecision`, it is a program of its own that computes with those weights.
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
    """The model's empty cache. That of one text is kept, since no program writes into its arguments: zeros cost time.

    Making the zeros of eight arrays takes as long as writing five tokens with a small model.
    """
    if batch_size > 1:
        return model.empty_cache(batch_size)
    kept = model.__dict__.setdefault("_empty_caches", {})
    if batch_size not in kept:
        kept[batch_size] = model.empty_cache(batch_size)
    return kept[batch_size]


def prefill(model, cache, tokens, start=0, stored=None):
    """Put tokens `[B, n]` of the prompts, from the position `start` on, into the cache at once.

    n is rounded up to a power of two. The columns past n hold what the loop will overwrite before any position can see
    it; a sliding-window cache that is full has no such columns, so past the context n is the whole context.
    """

    def make(model):
        return lambda tokens, cache, start: model.decode_step(tokens, cache, start)[1]

    length = tokens.shape[1]
    bucket = min(1 << (length - 1).bit_length(), model.context_length)
    padded = np.zeros((tokens.shape[0], bucket), "int32")
    padded[:, :length] = tokens
    return program(model, "prefill", make, stored=stored)(padded, cache, np.int32(start))


def cached_logits(model):
    """The logits after one position inside the context: feed its token, read the rest from the cache."""

    def next_logits(window, cache, position):
        # take, not slice: TensorFlow compiles a slice anew for every value that it begins at.
        token = ops.take(window, ops.expand_dims(position, 0), axis=1)  # (B, 1)
        hidden, cache = model.decode_step(token, cache, position)
        return ops.cast(model.head(hidden)[:, 0], "float32"), cache

    return next_logits


def recomputed_logits(model):
    """The logits past the context: feed the last `context_length` tokens, positions from 0.

    A learned position belongs to a place in the window, so moving the window changes every vector: no cache helps.
    """

    def next_logits(window, cache, position):
        return ops.cast(model.head(model.last_hidden_states(window))[:, 0], "float32"), cache

    return next_logits


def sliding_window_logits(model):
    """The logits after one position anywhere: feed the first column of the window, read the rest from the cache."""

    def next_logits(window, cache, position):
        hidden, cache = model.decode_step(window[:, :1], cache, position)
        return ops.cast(model.head(hidden)[:, 0], "float32"), cache

    return next_logits


def cached_steps(model, ranked, whole=False):
    """Up to CHUNK tokens inside the context; `whole` if they are all of their texts, so that no cache is to be kept."""

    def keep(window, token, position):
        # The token after the last column needs no place: the recomputed steps begin with a fresh window.
        column = ops.minimum(position + 1, window.shape[1] - 1)
        return ops.slice_update(window, (0, column), ops.expand_dims(token, 1))

    return packed(_steps(ranked, cached_logits(model), keep), model.empty_cache if whole else None)


def recomputed_steps(model, ranked, whole=False):
    """Up to CHUNK tokens past the context, never `whole`: what is before them was written by another call."""

    def keep(window, token, position):
        return ops.concatenate([window[:, 1:], ops.expand_dims(token, 1)], axis=1)

    return packed(_steps(ranked, recomputed_logits(model), keep))


def sliding_window_steps(model, ranked, whole=False):
    """As `cached_steps`, with the same `whole`, but at any position, for a model with a sliding-window cache.

    The window begins at the last known token. It is the loop of `cached_steps` with every place counted from there; the
    model alone is told the position.
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
    """The loop around `next_logits(window, cache, position)`; `keep` puts the new token into the window."""

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
