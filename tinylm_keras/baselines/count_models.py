"""Models that only count: what a trained model is compared with. They need numpy alone.

Tokens are rows of ids. A bigram model predicts every token but the first, as a language model does.
"""

import numpy as np

from tinylm_keras import _checks

# The weights that `bigram_nats` tries.
WEIGHTS = np.geomspace(1e-3, 1e6, 9 * 16 + 1)


def unigram_perplexity(training_ids, ids):
    """Perplexity of `ids` under a model that knows only how frequent each token was in `training_ids`.

    The frequencies are relative ones, except that a token never seen counts as seen once, so that nothing is
    impossible (adding one to every count instead would favour the rare tokens and be easier to beat). Every unknown
    word is the one token [UNK], as it is for the model that is compared.

    Args:
        training_ids: int array `[n]`. Where the frequencies are from.
        ids: int array `[m]`. The tokens to evaluate.

    Returns:
        float.

    Raises:
        ValueError: if one of the two is empty.

    Example:

    >>> float(unigram_perplexity([1, 2, 3, 4], [4, 3]))
    4.0
    """
    training_ids, ids = np.asarray(training_ids), np.asarray(ids)
    for name, array in (("training_ids", training_ids), ("ids", ids)):
        if not array.size:
            raise _checks.refuse(name, "must not be empty", array.tolist())
    return perplexity_of_counts(np.bincount(training_ids), np.bincount(ids))


def perplexity_of_counts(known, evaluated):
    """As `unigram_perplexity`, from how often each id is in the two parts: int arrays `[V]` of any length."""
    size = max(len(known), len(evaluated))
    known, evaluated = (np.pad(counts, (0, size - len(counts))) for counts in (known, evaluated))
    known = np.where((evaluated > 0) & (known == 0), 1, known)
    some = evaluated > 0
    nats = -np.log(known[some] / known.sum()) @ evaluated[some]
    return float(np.exp(nats / evaluated.sum()))


def bigram_count_nats(training_ids, ids, pad_id=None):
    """Mean nats per token of `ids` under the plain relative frequencies of pairs in `training_ids`.

    Token b after token a has probability c(a b) / c(a ·), where a pair of `ids` that was never seen counts as seen
    once, in c(a b) and in c(a ·). On the training text itself nothing is new, and the result is the least that any
    bigram model can reach: what `BigramLM` comes down to when it is trained long enough. On other text the rule tells
    the model which new pairs will come. With characters, whose pairs were nearly all seen, that is worth about 0.01
    bits; with words so much that the figure is no fair comparison: take `bigram_nats` for them.

    Args:
        training_ids: int array `[n]`. Where the counts are from.
        ids: int array `[m]`. The tokens to evaluate, all but the first.
        pad_id: int or None. A pair with this id in it is left out, from the counts and from the mean.

    Returns:
        float.

    Raises:
        ValueError: if one of the two holds no pair.

    Example:

    >>> round(bigram_count_nats([1, 1, 2, 1, 1, 2], [1, 1, 2, 1]), 3)  # a bit, a bit and nothing: 2/3 ln 2
    0.462
    """
    seen, evaluated = (_pairs(*pair, pad_id) for pair in (("training_ids", training_ids), ("ids", ids)))
    counts = _PairCounts(np.concatenate([seen, _unseen(evaluated, seen)]))
    return float(-np.log(counts.of_pairs(evaluated) / counts.of_firsts(evaluated)).mean())


def bigram_nats(training_ids, ids, vocabulary_size, pad_id=None):
    """Mean nats per token of `ids` under counts of pairs in `training_ids`, smoothed with those of single tokens.

    Token b after token a has probability (c(a b) + w · u(b)) / (c(a ·) + w), where u(b) = (c(· b) + 1) / (n + V) is the
    share of b among the n tokens that came second in a pair, with one added to each of the V tokens. So a context seen
    much less than w times says little, and nothing is impossible. The one weight w is the best of 145 numbers from
    0.001 to 1,000,000, evenly spaced in their logarithm, for the last tenth of the training pairs (at least one) under
    the counts of the other pairs. The counts are then those of all training pairs. `ids` plays no part in any of it.

    Args:
        training_ids: int array `[n]`. Where the counts are from.
        ids: int array `[m]`. The tokens to evaluate, all but the first.
        vocabulary_size: int. V. Ids are from 0 to V - 1.
        pad_id: int or None. A pair with this id in it is left out everywhere.

    Returns:
        float.

    Raises:
        ValueError: if there are fewer than two pairs to count or none to evaluate, or an id is outside the vocabulary.

    Example:

    >>> text = [1, 2, 3] * 30
    >>> bigram_nats(text, text, vocabulary_size=4) < 0.01 < bigram_nats(text, [3, 2, 1, 3, 2], vocabulary_size=4)
    True

    References:
        MacKay and Peto, "A Hierarchical Dirichlet Language Model", Natural Language Engineering 1(3), 1995.
    """
    vocabulary_size = _checks.whole_number("vocabulary_size", vocabulary_size, 1)
    seen = _pairs("training_ids", training_ids, pad_id, vocabulary_size)
    evaluated = _pairs("ids", ids, pad_id, vocabulary_size)
    if len(seen) < 2:
        raise _checks.refuse(
            "training_ids", "must hold at least two pairs, one of them to try the weight on", len(seen)
        )
    cut = len(seen) - max(1, len(seen) // 10)
    tried = _smoothed_nats(seen[:cut], seen[cut:], vocabulary_size, WEIGHTS)
    return float(_smoothed_nats(seen, evaluated, vocabulary_size, WEIGHTS[[np.argmin(tried)]])[0])


def _smoothed_nats(seen, evaluated, vocabulary_size, weights):
    """Mean nats of the second tokens of the pairs `evaluated`, one number for each of the weights."""
    counts = _PairCounts(seen)
    shares = np.bincount(seen[:, 1], minlength=vocabulary_size) + 1.0
    shares = (shares / shares.sum())[evaluated[:, 1]]
    of_pairs, of_firsts = counts.of_pairs(evaluated), counts.of_firsts(evaluated)
    return np.array([-np.log((of_pairs + w * shares) / (of_firsts + w)).mean() for w in weights])


class _PairCounts:
    """How often each pair and each first token was seen; memory grows with the text, not with the vocabulary."""

    def __init__(self, pairs):
        self.size = int(pairs.max()) + 1
        self.codes, self.counts = np.unique(self._code(pairs), return_counts=True)
        self.firsts = np.bincount(pairs[:, 0], minlength=self.size)

    def _code(self, pairs):
        return pairs[:, 0] * self.size + pairs[:, 1]

    def of_pairs(self, pairs):
        known = (pairs < self.size).all(axis=1)
        codes = np.where(known, self._code(pairs), -1)
        places = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[places] == codes, self.counts[places], 0)

    def of_firsts(self, pairs):
        firsts = pairs[:, 0]
        return np.where(firsts < self.size, self.firsts[np.minimum(firsts, self.size - 1)], 0)


def _unseen(evaluated, seen):
    """The different pairs of `evaluated` that are not among `seen`."""
    different = np.unique(evaluated, axis=0)
    return different[_PairCounts(seen).of_pairs(different) == 0]


def _pairs(name, ids, pad_id, vocabulary_size=None):
    """int64 `[n, 2]`: each id and the one after it, or raise unless there is one and all are in the vocabulary."""
    ids = np.asarray(ids)
    if ids.ndim != 1 or (ids.size and not np.issubdtype(ids.dtype, np.integer)):
        raise _checks.refuse(name, "must be a row of whole numbers", f"{ids.dtype} array of shape {ids.shape}")
    pairs = np.stack([ids[:-1], ids[1:]], axis=1).astype("int64")
    if pad_id is not None:
        pairs = pairs[(pairs != pad_id).all(axis=1)]
    if not len(pairs):
        raise _checks.refuse(name, "must hold at least two tokens, one after the other", ids.tolist())
    if pairs.min() < 0 or (vocabulary_size is not None and pairs.max() >= vocabulary_size):
        bad = int(pairs.min() if pairs.min() < 0 else pairs.max())
        rule = "must not be negative" if vocabulary_size is None else f"must be in [0, {vocabulary_size})"
        raise _checks.refuse(name, rule, bad)
    return pairs
