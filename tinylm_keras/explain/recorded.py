"""What a large transformer computes for the prompt of its page, recorded beforehand: in the page it would be slow."""

import numpy as np

from tinylm_keras.explain.arrays import encoded
from tinylm_keras.runtime.parts import log_softmax
from tinylm_keras.runtime.rotary import RotaryLM

MOST_ROWS, TOP = 128, 50
BYTES_PER_PARAMETER = 0.1  # of a recording, so that it stays small beside the weights
CHUNK = 512  # positions computed at a time


def record(contents, ids, parameters):
    """Record the guess after each block, the attention, and the lengths of the vectors at the end of a text.

    Args:
        contents: `Contents` of a transformer, or of a mixture with one.
        ids: int32 array `[n]`: the text, with what stands before it.
        parameters: int. How many weights the page has.

    Returns:
        dict that JSON takes, which `web/engine/recorded.js` reads: the last "ids" that the model sees, from the token
        "begin" of the text on, and what was recorded of them from the token "first" of these ids on; None for a text
        without a token.
    """
    whole = contents.network
    network = whole.network if contents.kind == "MixtureLM" else whole
    begin = len(ids)
    ids = ids[-(whole.receptive_field if network.sliding_window_cache else network.context_length) :]
    begin -= len(ids)
    count = min(len(ids), _most_rows(network, parameters))
    if not count:
        return None
    before, rows = ids[:-count], ids[-count:]
    guessing, passing, attention = _traced(network, rows, _filled(network, before))
    answers = [network.head(x) for x in guessing]
    answers.append(whole.head(whole.hidden_states(rows[np.newaxis], _filled(whole, before))))
    shares = np.exp(np.stack([log_softmax(logits) for logits in answers], axis=1))  # (rows, stages, V)
    top = np.argsort(-shares, axis=-1, kind="stable")[..., :TOP]
    surprises = np.zeros(count, "float32")
    surprises[1:] = -np.log2(np.maximum(shares[np.arange(count - 1), -1, rows[1:]], 1e-30))
    arrays = {
        "top_ids": top.astype("uint16" if network.vocabulary_size <= 1 << 16 else "uint32"),
        "top_shares": np.take_along_axis(shares, top, axis=-1).astype("float16"),
        "lengths": np.stack([np.linalg.norm(x, axis=1) for x in passing], axis=1).astype("float32"),
        "surprises": surprises,
        "attention": np.round(np.stack(attention)[:, :, *np.tril_indices(count)] * 255).astype("uint8"),
    }
    arrays = {name: encoded(array) for name, array in arrays.items()}
    return {"begin": begin, "ids": ids.tolist(), "first": len(before), "arrays": arrays}


def _most_rows(network, parameters):
    """How many positions may be recorded: their guesses grow with their number, their attention with its square."""
    blocks = len(network.blocks)
    guesses, heads = 4 * (blocks + 2) * min(TOP, network.vocabulary_size), blocks * network.num_heads
    rows = min(MOST_ROWS, network.context_length)
    while rows > 1 and rows * guesses + heads * rows * (rows + 1) / 2 > BYTES_PER_PARAMETER * parameters:
        rows -= 1
    return rows


def _filled(network, ids):
    """The cache of a network after some ids."""
    cache, step = network.empty_cache(1), min(CHUNK, network.context_length)
    for start in range(0, len(ids), step):
        network.hidden_states(ids[np.newaxis, start : start + step], cache, last=True)
    return cache


def _traced(network, ids, cache):
    """What a transformer computes for `ids` `[T]`.

    Returns:
        (the vectors `[T, D]` that a head makes guesses of, at the entrance and after each block; the vectors on their
        way, at the entrance, after each attention and after each feed-forward part; the attention `[H, T, T]` of each
        block).
    """
    start, kept = cache
    x, turn = network.tokens[ids], ()
    if isinstance(network, RotaryLM):
        turn = (network.turn(start, len(ids)),)
    else:
        x = x + network.positions[start : start + len(ids)]
    passing, entering, attention = [x], [x], []
    for block, cache_of_block in zip(network.blocks, kept, strict=True):
        weights, mixed = _attention(*block.queries_keys_values(x, 1, *turn), cache_of_block)
        y = block.after_attention(x, mixed)
        x = block.feed_forward(y)
        passing += [y, x]
        entering.append(x)
        attention.append(weights)
    norm = network.final_norm
    return [x if norm is None else norm(x) for x in entering], passing, attention


def _attention(queries, keys, values, cache):
    """The attention `[H, T, T]` between the T positions, and what each takes over from all that it sees `[T, D]`."""
    keys, values, visible = cache.extend(keys, values)
    scores = queries @ keys.swapaxes(-1, -2) * np.float32(queries.shape[-1] ** -0.5)  # (1, H, T, n)
    scores = scores if visible is None else np.where(visible, scores, np.float32(-1e30))
    weights = np.exp(log_softmax(scores))
    mixed = (weights @ values).swapaxes(1, 2).reshape(weights.shape[2], -1)
    return weights[0, :, :, -weights.shape[2] :], mixed
