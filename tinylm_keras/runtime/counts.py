"""`NGramLM` and `MixtureLM` in numpy: counts of n-grams, alone and beside a network."""

import numpy as np

from tinylm_keras.archive.refusal import Refused
from tinylm_keras.counting import Counts
from tinylm_keras.runtime.file import current
from tinylm_keras.runtime.network import Network
from tinylm_keras.runtime.parts import log_softmax
from tinylm_keras.specs import PARTS

LEAST = np.float32(1e-30)  # the logarithm of 0, the probability of padding, would not be finite


class NGramLM(Network):
    """Smoothed n-gram counts. The hidden state of a position is the contexts that end there. See `mini.MiniLM`."""

    sliding_window_cache = True

    def __init__(self, config, weights):
        super().__init__(config)
        self.receptive_field = self.longest = max(1, config["order"] - 1)
        self.counts = _counts(config, weights)

    def empty_cache(self, rows):
        return [np.full((rows, self.longest), self.counts.unknown)]  # the contexts of the last token

    def hidden_states(self, token_ids, cache, last=False):
        found = []
        for ids in token_ids.T.astype("int64"):
            cache[0] = self.counts.advance(cache[0], ids)
            found.append(cache[0])
        return cache[0] if last else np.stack(found, axis=1).reshape(-1, self.longest)

    def head(self, hidden):
        return np.log(np.maximum(self.counts.distribution(hidden), LEAST))


class MixtureLM(Network):
    """A weighted mean of the probabilities of a network and of counts. See `mini.MiniLM`."""

    def __init__(self, config, weights, make):
        """`make(kind, config, weights)` returns the network."""
        super().__init__(config)
        kind, network, counts = config["network"]["class_name"], *(config[part]["config"] for part in PARTS)
        place = "mlplm" if kind == "MLPLM" else f"{kind.removesuffix('LM').lower()}_lm"  # Keras's name for the layer
        self.network = make(kind, current(kind, network), weights.within(f"layers/{place}", network["name"]))
        self.counts = NGramLM(counts, weights.within("counts", counts["name"]))
        shares = weights.within("layers", "mixing").take("mixing/vars/0", self.counts.longest + 1)
        shares = np.clip(shares, np.float32(1e-6), np.float32(1 - 1e-6))
        self.log_shares = np.log(shares), np.log(1 - shares)
        self.cached_numbers = self.network.cached_numbers
        self.sliding_window_cache = self.network.sliding_window_cache
        self.receptive_field = max(self.network.receptive_field, self.counts.receptive_field)

    def empty_cache(self, rows):
        return self.network.empty_cache(rows), self.counts.empty_cache(rows)

    def hidden_states(self, token_ids, cache, last=False):
        vectors = self.network.hidden_states(token_ids, cache[0], last)
        return _Pair(vectors, self.counts.hidden_states(token_ids, cache[1], last))

    def head(self, hidden):
        known = self.counts.counts.known(hidden.contexts)
        first, second = (shares[known][:, np.newaxis] for shares in self.log_shares)
        first = log_softmax(self.network.head(hidden.vectors)) + first
        return np.logaddexp(first, self.counts.head(hidden.contexts) + second)


class _Pair:
    """The hidden states of a network and the contexts of counts for the same positions."""

    def __init__(self, vectors, contexts):
        self.vectors, self.contexts = vectors, contexts

    def __getitem__(self, places):
        return _Pair(self.vectors[places], self.contexts[places])


def _counts(config, weights):
    """Return the tables as `Counts`. The file may come from an untrusted source, so every index in them is checked."""
    size, contexts, entries = (config[name] for name in ("vocabulary_size", "num_contexts", "num_counts"))
    sizes = {"unigram": size, "first": contexts + 2, "backoff": contexts + 1, "token": entries, "value": entries}
    tables = {name: weights.take(f"head/vars/{i}", sizes[name]) for i, name in enumerate(sizes)}
    with np.errstate(invalid="ignore"):  # values out of range are refused below
        first, there = tables["first"].astype("int64"), int(tables["first"][-1])
    good = contexts >= size and first[0] == 0 and (np.diff(first) >= 0).all() and there <= entries
    token = tables["token"][: there if good else 0].astype("int64")
    codes = np.repeat(np.arange(contexts + 1), np.diff(first)) * size + token if good else np.zeros(0)
    if not good or (token < 0).any() or (token >= size).any() or (np.diff(codes) <= 0).any():
        raise Refused("is damaged: its tables of counts do not fit together.")
    return Counts(config["order"], tables["unigram"], first, tables["backoff"], token, tables["value"][:there])
