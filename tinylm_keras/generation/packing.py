"""Packs the arguments of the compiled loop into two arrays and a cache, since each argument costs 10 microseconds."""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from tinylm_keras.writing.session import CHUNK

ROW, CALL, RULES = 3, 3, 5  # lengths: numbers of each row, of the call, of `Sampler.settings`


class Call(NamedTuple):
    """The arguments of one call of the compiled loop, which chooses the tokens at position + 1, position + 2, …

    A call runs up to CHUNK steps. Their number is an argument, so that the same program serves one token of a stream
    and many tokens of a long text.

    Attributes:
        window: int32 `[B, n]`. The tokens that the model reads.
        finished: bool `[B]`.
        position: int32. Position of the last known token of every row.
        steps: int32. Number of new tokens, at most CHUNK.
        uniform: float32 `[B, CHUNK]`. One number in [0, 1) for each choice.
        lengths: int32 `[B]`. Length of each prompt, whose tokens are not chosen.
        limits: int32 `[B]`. Maximum length of each row.
        settings: float32. `Sampler.settings`.
        end_id: int32. Token that ends a row, or -1.
        cache: the model's cache (any nested structure); the recomputed steps do not use it.
        seen: bool `[B, V]`. Tokens of the text so far.
        allowed: bool `[B, V]`. Tokens that may be chosen.
    """

    window: Any
    finished: Any
    position: Any
    steps: Any
    uniform: Any
    lengths: Any
    limits: Any
    settings: Any
    end_id: Any
    cache: Any = None
    seen: Any = None
    allowed: Any = None


def pack(call):
    """Return the numbers of a `Call`, int32 `[B, n]`: the window, then the rest of each row; floats as their bits."""
    one = np.array([call.position, call.steps, call.end_id], "int32")
    one = np.concatenate([one, call.settings.view("int32")])
    own = np.stack([call.finished, call.lengths, call.limits], axis=1)
    every = np.broadcast_to(one, (len(call.window), len(one)))
    return np.concatenate([call.window, own, every, call.uniform.view("int32")], axis=1, dtype="int32")


def packed(run, empty_cache=None):
    """Turn the loop `run` of `loop._steps` into a function of the numbers of `pack`, `marks` and the cache.

    `marks` is bool `[2 B, V]`: the tokens seen by each row, then the tokens allowed to each row. The result is int32
    `[B, CHUNK + 2]` (the new tokens, whether the row has finished, whether all logits were finite), marks, cache.

    With `empty_cache`, the model's method, the cache exists only inside and is `()` outside: for a small model,
    passing it costs as much as generating two tokens.
    """

    def run_packed(numbers, marks, cache):
        size = numbers.shape[1] - ROW - CALL - RULES - CHUNK
        window, rest = numbers[:, :size], numbers[:, size:]
        finished, lengths, limits = (rest[:, column] for column in range(ROW))
        position, steps, end_id = (rest[0, ROW + column] for column in range(CALL))
        call = Call(
            window=window,
            finished=ops.not_equal(finished, 0),
            position=position,
            steps=steps,
            uniform=ops.view(rest[:, ROW + CALL + RULES :], "float32"),
            lengths=lengths,
            limits=limits,
            settings=ops.view(rest[0, ROW + CALL : ROW + CALL + RULES], "float32"),
            end_id=end_id,
            cache=cache if empty_cache is None else empty_cache(numbers.shape[0]),
            seen=marks[: numbers.shape[0]],
            allowed=marks[numbers.shape[0] :],
        )
        written, cache, seen, finished, finite = run(call)
        ends = ops.stack([finished, ops.broadcast_to(finite, ops.shape(finished))], axis=1)
        written = ops.concatenate([written, ops.cast(ends, "int32")], axis=1)
        return written, ops.concatenate([seen, call.allowed], axis=0), cache if empty_cache is None else ()

    return run_packed
