"""Log-probabilities of the tokens of a text."""

import numpy as np
from keras import ops

from tinylm_keras.generation.loop import program
from tinylm_keras.runtime import scoring
from tinylm_keras.runtime.scoring import ROWS


def score(model, text):
    """See `LanguageModel.score`."""
    return scoring.score(model, text, _sliding_window_scores if model.sliding_window_cache else _window_scores)


def _window_scores(model, ids):
    """Score all tokens inside the context at once, and each token past it with its own window."""
    context_length = model.context_length
    run = program(model, "log_probabilities", _log_probabilities)
    parts = [_score(run, ids[np.newaxis, : context_length + 1], context_length)[0]]
    for first in range(context_length + 1, len(ids), ROWS):
        ends = np.arange(first, min(first + ROWS, len(ids)))
        windows = np.stack([ids[end - context_length : end + 1] for end in ends])
        parts.append(_score(run, windows, context_length, rows=ROWS)[:, -1])
    return np.concatenate(parts)


def _sliding_window_scores(model, ids):
    """Score all tokens, one context length at a time; the cache holds the tokens before."""
    context_length = model.context_length
    run = program(model, "sliding_window_log_probabilities", _sliding_window_log_probabilities)
    cache = model.empty_cache(1)
    parts = []
    for start in range(0, len(ids) - 1, context_length):
        known = ids[start : start + context_length + 1]
        piece = np.zeros((1, context_length + 1), "int32")
        piece[0, : len(known)] = known
        scores, cache = run(piece, cache, np.int32(start))
        parts.append(ops.convert_to_numpy(scores)[0, : len(known) - 1])
    return np.concatenate(parts)


def _score(run, windows, context_length, rows=1):
    """Return log p of all tokens of `windows` `[n, t + 1]` after the first; padded to one shape for one program."""
    count, length = windows.shape[0], windows.shape[1] - 1
    padded = np.zeros((rows, context_length + 1), "int32")
    padded[:count, : length + 1] = windows
    return np.asarray(ops.convert_to_numpy(run(padded)))[:count, :length]


def _log_probabilities(model):
    return lambda windows: _chosen(model(windows[:, :-1], training=False), windows[:, 1:])


def _sliding_window_log_probabilities(model):
    def run(piece, cache, start):
        hidden, cache = model.decode_step(piece[:, :-1], cache, start)
        return _chosen(model.head(hidden), piece[:, 1:]), cache

    return run


def _chosen(logits, token_ids):
    """Return log p of `token_ids` `[n, T]` under `logits` `[n, T, V]`."""
    logits = ops.cast(logits, "float32")
    chosen = ops.take_along_axis(logits, ops.expand_dims(token_ids, -1), axis=-1)[..., 0]
    return chosen - ops.logsumexp(logits, axis=-1)
