"""Log probabilities of the tokens of a text."""

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.writing.prompts import check_ids

ROWS = 32  # windows scored at a time past the context
CHUNK = 512  # positions scored at a time


def score(model, text, scores_of):
    """See `LanguageModel.score`; `scores_of(model, ids)` returns log p of each id but the first."""
    is_text = isinstance(text, str)
    if is_text and model.tokenizer is None:
        raise _checks.refuse("text", "must be ids, because this model has no tokenizer", text)
    ids = model.prompt_ids(text) if is_text else check_ids("text", model, text)
    # The end token in front of a text is context, not a token of the text.
    skipped = 1 if is_text and model.end_id is not None else 0
    if len(ids) - skipped < 2:
        return np.zeros(0, "float32")
    scores = scores_of(model, ids)[skipped:]
    if not np.isfinite(scores).all():
        raise ValueError("The model's logits are not finite numbers. Its weights are damaged: load an earlier file.")
    return scores


def network_scores(network, ids):
    """log p of each id but the first, computed by a `Network`: float32 `[n - 1]`."""
    length = network.context_length
    chunk = min(CHUNK, length)
    if network.sliding_window_cache:
        cache = network.empty_cache(1)
        starts = range(0, len(ids) - 1, chunk)
        return np.concatenate(
            [network.log_probabilities(ids[np.newaxis, start : start + chunk + 1], cache)[0] for start in starts]
        )
    parts = [network.log_probabilities(ids[np.newaxis, : length + 1], network.empty_cache(1))[0]]
    for first in range(length + 1, len(ids), ROWS):
        ends = range(first, min(first + ROWS, len(ids)))
        windows = np.stack([ids[end - length : end] for end in ends])  # each token after a window of its own
        logits = network.last_logits(windows, network.empty_cache(len(windows)))
        highest = logits.max(axis=1)
        total = np.log(np.exp(logits - highest[:, np.newaxis]).sum(axis=1)) + highest
        parts.append(logits[np.arange(len(ends)), ids[ends.start : ends.stop]] - total)
    return np.concatenate(parts)
