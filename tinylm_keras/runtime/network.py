"""The base class of all networks in the runtime: from ids to logits, with a cache."""

import numpy as np

from tinylm_keras.archive.refusal import Refused

AT_ONCE = 1 << 24  # number of logits that are computed at a time


class Network:
    """A causal model on numpy arrays.

    A subclass reads its weights in `__init__` and defines `empty_cache`, `hidden_states` and, if needed, `head`.

    Args:
        config: dict. The settings in the model's file.
    """

    sliding_window_cache = False
    cached_numbers = 0  # size of the cache for one position of one text

    def __init__(self, config):
        self.vocabulary_size, self.context_length = config["vocabulary_size"], config["context_length"]
        self.receptive_field = self.context_length  # number of tokens that the next one depends on

    def empty_cache(self, rows):
        """Return the cache of `rows` texts before their first token; `hidden_states` changes it in place."""
        raise NotImplementedError

    def hidden_states(self, token_ids, cache, last=False):
        """Return the input of the head.

        Args:
            token_ids: int array `[rows, T]`: the next ids of each text, at most `context_length`.
            cache: From `empty_cache`; it contains the ids before these.
            last: bool. Whether to return only the last position.

        Returns:
            Array `[rows * T, D]`, or `[rows, D]` of the last positions.
        """
        raise NotImplementedError

    def head(self, hidden):
        """Logits float32 `[N, V]` of hidden vectors `[N, D]`."""
        return hidden

    def logits(self, token_ids):
        """Logits float32 `[rows, T, V]` of ids `[rows, T]`."""
        rows, length = token_ids.shape
        hidden = self.hidden_states(token_ids, self.empty_cache(rows))
        return self.head(hidden).reshape(rows, length, -1)

    def last_logits(self, token_ids, cache):
        """Logits float32 `[rows, V]` after the last of the next ids."""
        return self.head(self.hidden_states(token_ids, cache, last=True))

    def log_probabilities(self, token_ids, cache):
        """log p of every id of `[rows, T + 1]` but the first, given the ids before it: float32 `[rows, T]`."""
        hidden = self.hidden_states(token_ids[:, :-1], cache)
        wanted, step = token_ids[:, 1:].reshape(-1), max(1, AT_ONCE // self.vocabulary_size)
        found = np.empty(len(wanted), "float32")
        for first in range(0, len(wanted), step):
            logits = self.head(hidden[first : first + step])
            highest = logits.max(axis=1, keepdims=True)
            total = np.log(np.exp(logits - highest).sum(axis=1)) + highest[:, 0]
            found[first : first + step] = logits[np.arange(len(logits)), wanted[first : first + step]] - total
        return found.reshape(len(token_ids), -1)


def choice(config, entry, choices):
    """Return the choice that an entry of a config names, or refuse the file."""
    if config[entry] not in choices:
        raise Refused(f"has a wrong {entry}: it must be one of {', '.join(choices)}, not {config[entry]!r}.")
    return choices[config[entry]] if isinstance(choices, dict) else config[entry]


def head_dim(config, even=False):
    """Return the width of a head, or refuse the file if the heads do not fit the width of the model."""
    width, rest = divmod(config["embed_dim"], config["num_heads"])
    if rest or (even and width % 2):
        raise Refused(f"has {config['num_heads']} heads, which do not fit a width of {config['embed_dim']}.")
    return width
