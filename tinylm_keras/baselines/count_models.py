"""Unigram and bigram counts, to compare trained models with. Only numpy is needed.

A bigram model predicts every token except the first, like a language model.
"""

import numpy as np

from tinylm_keras import _checks

# The weights that `bigram_nats` tries.
WEIGHTS = np.geomspace(1e-3, 1e6, 9 * 16 + 1)


def unigram_perplexity(training_ids, ids):
    """Return the perplexity of `ids` from the token frequencies of `training_ids`.

    A token that was never seen counts as seen once, so that no probability is 0. (Adding one to every count would
    favour rare tokens and give a weaker baseline.) All unknown words are the token [UNK], as for a trained model.

    Args:
        training_ids: int array `[n]`. The ids to count.
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
    """As `unigram_perplexity`, from the counts of each id in both parts: int arrays of any length."""
    size = max(len(known), len(evaluated))
    known, evaluated = (np.pad(counts, (0, size - len(counts))) for counts in (known, evaluated))
    known = np.where((evaluated > 0) & (known == 0), 1, known)
    some = evaluated > 0
    nats = -np.log(known[some] / known.sum()) @ evaluated[some]
    return float(np.exp(nats / evaluated.sum()))


def bigram_count_nats(training_ids, ids, pad_id=None):
    """Return the mean nats per token of `ids` from the relative frequencies of pairs in `training_ids`.

    Token b after token a has probability c(a b) / c(a ·); a pair of `ids` that was never seen counts as seen once, in
    c(a b) and in c(a ·). On the training text there are no new pairs, and the result is the lower bound for bigram
    models, which `BigramLM` approaches in training. On other text, this rule tells the model which new pairs occur. For
    characters, whose pairs were nearly all seen, this is worth about 0.01 bits; for words it is so much that the
    comparison is unfair: use `bigram_nats`.

    Args:
        training_ids: int array `[n]`. The ids to count.
        ids: int array `[m]`. The tokens to evaluate, except the first.
        pad_id: int or None. Pairs with this id are ignored.

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
    """Return the mean nats per token of `ids` from pair counts in `training_ids`, smoothed with token counts.

    Token b after token a has probability (c(a b) + w · u(b)) / (c(a ·) + w), where u(b) = (c(· b) + 1) / (n + V) is the
    share of b among the n second tokens of pairs, with one added for each of the V tokens. So a context seen much less
    than w times has little influence, and no probability is 0. The weight w is the best of 145 logarithmically spaced
    values from 0.001 to 1,000,000 for the last tenth of the training pairs (at least one), given the counts of the
    others. Then all training pairs are counted. `ids` has no influence on the weight.

    Args:
        training_ids: int array `[n]`. The ids to count.
        ids: int array `[m]`. The tokens to evaluate, except the first.
        vocabulary_size: int. V. Ids are from 0 to V - 1.
        pad_id: int or None. Pairs with this id are ignored.

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
            "training_ids", "must hold at least two pairs, one of them to choose the weight", len(seen)
        )
    cut = len(seen) - max(1, len(seen) // 10)
    tried = _smoothed_nats(seen[:cut], seen[cut:], vocabulary_size, WEIGHTS)
    return float(_smoothed_nats(seen, evaluated, vocabulary_size, WEIGHTS[[np.argmin(tried)]])[0])


def _smoothed_nats(seen, evaluated, vocabulary_size, weights):
    """Return the mean nats of the second tokens of the pairs `evaluated`, for each weight."""
    counts = _PairCounts(seen)
    shares = np.bincount(seen[:, 1], minlength=vocabulary_size) + 1.0
    shares = (shares / shares.sum())[evaluated[:, 1]]
    of_pairs, of_firsts = counts.of_pairs(evaluated), counts.of_firsts(evaluated)
    return np.array([-np.log((of_pairs + w * shares) / (of_firsts + w)).mean() for w in weights])


class _PairCounts:
    """Counts of pairs and of first tokens; memory grows with the text, not with the vocabulary."""

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
    """Return the different pairs of `evaluated` that are not in `seen`."""
    different = np.unique(evaluated, axis=0)
    return different[_PairCounts(seen).of_pairs(different) == 0]


def _pairs(name, ids, pad_id, vocabulary_size=None):
    """Return each id and the next one, int64 `[n, 2]`, or raise if there is no pair or an id is out of range."""
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
