"""The arguments of a compiled loop as two arrays and a cache: each argument more costs a call 10 microseconds."""

import numpy as np
from keras import ops

CHUNK = 64  # tokens per call of the compiled loop
ROW, CALL, RULES = 3, 3, 5  # numbers for each row, for the whole call, and of `Sampler.settings`


def pack(window, finished, position, steps, uniform, lengths, limits, settings, end_id):
    """The numbers of one call, int32 `[B, n]`: the window, then the rest of each row; floats by their bits."""
    call = np.array([position, steps, end_id], "int32")
    call = np.concatenate([call, settings.view("int32")])
    own = np.stack([finished, lengths, limits], axis=1)
    every = np.broadcast_to(call, (len(window), len(call)))
    return np.concatenate([window, own, every, uniform.view("int32")], axis=1, dtype="int32")


def packed(run, empty_cache=None):
    """The loop `run` of `loop._steps` as a function of `pack`'s numbers, `marks` and the cache.

    `marks` is bool `[2 B, V]`: for each row the tokens seen, then for each row the tokens allowed. The result is int32
    `[B, CHUNK + 2]` (the new tokens, whether the row has finished, whether all logits were finite), marks, cache.

    With `empty_cache`, the model's function of that name, the cache is made here, never leaves, and is `()` outside:
    for a small model, passing it in and out costs as much as writing two tokens.
    """

    def run_packed(numbers, marks, cache):
        size = numbers.shape[1] - ROW - CALL - RULES - CHUNK
        window, rest = numbers[:, :size], numbers[:, size:]
        finished, lengths, limits = (rest[:, column] for column in range(ROW))
        position, steps, end_id = (rest[0, ROW + column] for column in range(CALL))
        settings = ops.view(rest[0, ROW + CALL : ROW + CALL + RULES], "float32")
        uniform = ops.view(rest[:, ROW + CALL + RULES :], "float32")
        seen, allowed = marks[: numbers.shape[0]], marks[numbers.shape[0] :]
        finished = ops.not_equal(finished, 0)
        if empty_cache is not None:
            cache = empty_cache(numbers.shape[0])
        state = window, cache, seen, finished, position, steps, uniform, lengths, limits, settings, allowed, end_id
        written, cache, seen, finished, finite = run(*state)
        ends = ops.stack([finished, ops.broadcast_to(finite, ops.shape(finished))], axis=1)
        written = ops.concatenate([written, ops.cast(ends, "int32")], axis=1)
        return written, ops.concatenate([seen, allowed], axis=0), cache if empty_cache is None else ()

    return run_packed
