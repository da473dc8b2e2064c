"""Counts as tables that a compiled model reads."""

import keras
import numpy as np
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.counting import MAX_ORDER, Counts

# The logarithm of what cannot come (padding) would not be finite.
LEAST = 1e-30
# Successors that one pass of the loop looks at, of contexts of all lengths together: after most characters this is all.
PASS = 128


@keras.saving.register_keras_serializable(package="tinylm_keras")
class CountTables(keras.layers.Layer):
    """`tinylm_keras.counting.Counts` as weights that do not train, and the way from context to context.

    A position is described by the contexts that end there, of 1, 2, … tokens, each by its number in the tables. All
    lengths move on at once: the context of k tokens with the next one is a context of k + 1, or an unknown one.

    The whole numbers are kept as float32, which is exact up to 16,777,216: TensorFlow keeps an int32 variable in the
    memory of the CPU even where a GPU computes, and JAX has no int64. Before they are counted, all tokens are equally
    likely.

    Args:
        vocabulary_size: int. V.
        order: int from 1 to 24. Length of the longest n-grams; K = `order - 1`, at least 1, is that of contexts.
        num_contexts: int. How many contexts there are; the first V are the single tokens.
        num_counts: int. How many successors they have in all.

    Call arguments:
        contexts: int32 tensor `[B, T, K]`, from `advance`.

    Returns:
        float32 tensor `[B, T, V]`: the logarithms of the probabilities of the next token.

    Example:

    >>> import numpy as np
    >>> from tinylm_keras.counting import count
    >>> tables = CountTables.of(count([[0, 1, 2, 0, 1, 2]], vocabulary_size=3, order=3))
    >>> log_p = tables(tables.advance(np.array([[0, 1]])))
    >>> log_p.numpy()[0].argmax(axis=-1).tolist()
    [1, 2]
    """

    def __init__(self, vocabulary_size, order, num_contexts, num_counts, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.vocabulary_size = _checks.whole_number("vocabulary_size", vocabulary_size, 1)
        self.order = _checks.whole_number("order", order, 1, MAX_ORDER)
        self.num_contexts = _checks.whole_number("num_contexts", num_contexts, self.vocabulary_size)
        self.num_counts = _checks.whole_number("num_counts", num_counts, 1)
        self.longest = max(1, order - 1)

    @classmethod
    def of(cls, counts, **kwargs):
        """The layer that holds `Counts`, built."""
        layer = cls(counts.vocabulary_size, counts.order, len(counts.backoff) - 1, max(1, len(counts.token)), **kwargs)
        layer.build((None, None, layer.longest))
        layer.set_counts(counts)
        return layer

    def build(self, input_shape):
        share = keras.initializers.Constant(1 / self.vocabulary_size)
        self.unigram = self._table("unigram", self.vocabulary_size, share)
        self.first = self._table("first", self.num_contexts + 2, "zeros")
        self.backoff = self._table("backoff", self.num_contexts + 1, "ones")
        self.token = self._table("token", self.num_counts, "zeros")
        self.value = self._table("value", self.num_counts, "zeros")

    def _table(self, name, size, initializer):
        return self.add_weight(
            name=name, shape=(size,), initializer=initializer, dtype="float32", trainable=False, autocast=False
        )

    def set_counts(self, counts):
        """Write `Counts` of the same sizes into the weights."""
        for name in ("unigram", "first", "backoff", "token", "value"):
            table, numbers = getattr(self, name), getattr(counts, name)
            table.assign(np.resize(numbers, table.shape) if len(numbers) else np.zeros(table.shape))

    def get_counts(self):
        """The weights as `Counts`."""
        names = ("unigram", "first", "backoff", "token", "value")
        tables = {name: np.array(ops.convert_to_numpy(getattr(self, name))) for name in names}
        tables["first"], tables["token"] = tables["first"].astype("int64"), tables["token"].astype("int64")
        there = int(tables["first"][-1])
        tables["token"], tables["value"] = tables["token"][:there], tables["value"][:there]
        return Counts(order=self.order, **tables)

    def nowhere(self, batch_size):
        """The contexts int32 `[B, K]` before the first token of a text."""
        return ops.full((batch_size, self.longest), self.num_contexts, dtype="int32")

    def advance(self, token_ids, before=None):
        """The contexts that end at each of some tokens.

        Args:
            token_ids: int tensor `[B, T]`.
            before: int32 tensor `[B, K]`: those of the token before; None: there is none.

        Returns:
            int32 tensor `[B, T, K]`.
        """
        token_ids = ops.cast(token_ids, "int32")
        before = self.nowhere(ops.shape(token_ids)[0]) if before is None else before
        if token_ids.shape[1] == 1:  # one search for all lengths
            longer = self._next(before[:, :-1], token_ids)
            return ops.expand_dims(ops.concatenate([token_ids, longer], axis=1), 1)
        contexts = [token_ids]
        for length in range(self.longest - 1):
            earlier = ops.concatenate([before[:, length : length + 1], contexts[-1][:, :-1]], axis=1)
            contexts.append(self._next(earlier, token_ids))
        return ops.stack(contexts, axis=-1)

    def _next(self, contexts, tokens):
        """Where the tokens lead from these contexts: a binary search among the successors of each."""
        low, end = self._whole(self.first, contexts), self._whole(self.first, contexts + 1)
        high = end
        for _ in range(self.vocabulary_size.bit_length()):
            middle = (low + high) // 2
            later = ops.logical_and(low < high, self._whole(self.token, middle) < tokens)
            low, high = ops.where(later, middle + 1, low), ops.where(later, high, middle)
        found = ops.logical_and(low < end, ops.equal(self._whole(self.token, low), tokens))
        longer = low + self.vocabulary_size
        return ops.where(ops.logical_and(found, longer < self.num_contexts), longer, self.num_contexts)

    def known(self, contexts):
        """How many tokens the longest context has that something is known to follow: int32, as `contexts` but for K."""
        follows = self._whole(self.first, contexts + 1) > self._whole(self.first, contexts)
        return ops.max(ops.where(follows, ops.arange(1, self.longest + 1, dtype="int32"), 0), axis=-1)

    def call(self, contexts):
        return ops.log(ops.maximum(self.probabilities(contexts), LEAST))

    def probabilities(self, contexts):
        """The distribution of the next token after `contexts` `[B, T, K]`: float32 `[B, T, V]`.

        The unigram distribution comes through all back-off weights, the successors of a context through those of the
        longer ones. The successors of all lengths stand in one imagined row, and each pass takes a piece of it.
        """
        rows, size = ops.reshape(contexts, (-1, self.longest)), self.vocabulary_size
        count = ops.shape(rows)[0]
        through = ops.flip(ops.cumprod(ops.flip(self._take(self.backoff, rows), 1), axis=1), 1)  # (N, K)
        weights = ops.concatenate([through[:, 1:], ops.ones_like(through[:, :1])], axis=1)
        first = self._whole(self.first, rows)
        widths = ops.clip(self._whole(self.first, rows + 1) - first, 0, size)  # a damaged table could ask for millions
        ends = ops.cumsum(widths, axis=1)  # in the imagined row
        shifts = first + widths - ends
        total, slots = ops.max(ends), ops.arange(PASS, dtype="int32")

        def more(begin, _):
            return begin < total

        def add(begin, p):
            places = ops.broadcast_to(begin + slots, (count, PASS))
            length = ops.sum(ops.cast(places[:, :, None] >= ends[:, None, :], "int32"), axis=2)  # (N, PASS)
            there, length = length < self.longest, ops.minimum(length, self.longest - 1)
            entry = ops.where(there, places + ops.take_along_axis(shifts, length, axis=1), 0)
            value = self._take(self.value, entry) * ops.take_along_axis(weights, length, axis=1)
            row = ops.broadcast_to(ops.expand_dims(ops.arange(count, dtype="int32"), 1), (count, PASS))
            token = ops.clip(self._whole(self.token, entry), 0, size - 1)
            indices = ops.reshape(ops.stack([row, token], axis=-1), (-1, 2))
            value = ops.reshape(ops.where(there, value, 0.0), (-1,))
            return begin + PASS, p + ops.scatter(indices, value, (count, size))

        start = ops.zeros((), "int32"), through[:, :1] * ops.convert_to_tensor(self.unigram)
        p = ops.while_loop(more, add, start)[1]
        return ops.reshape(p, (*ops.shape(contexts)[:-1], size))

    @staticmethod
    def _take(table, places):
        """Entries of a table. Of a damaged one, places may be outside, which not every backend forgives."""
        return ops.take(table, ops.clip(places, 0, table.shape[0] - 1))

    def _whole(self, table, places):
        return ops.cast(self._take(table, places), "int32")

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.vocabulary_size)

    def get_config(self):
        names = ("vocabulary_size", "order", "num_contexts", "num_counts")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
