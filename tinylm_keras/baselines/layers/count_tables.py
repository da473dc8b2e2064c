"""N-gram counts as tables for a compiled model."""

import keras
import numpy as np
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.counting import MAX_ORDER, Counts

# Least probability, because the logarithm of 0 (for padding) is not finite.
LEAST = 1e-30
# Number of successors in one pass of the loop, of contexts of all lengths; usually one pass is enough.
PASS = 128


@keras.saving.register_keras_serializable(package="tinylm_keras")
class CountTables(keras.layers.Layer):
    """`tinylm_keras.counting.Counts` as frozen weights, with the transition from context to context.

    A position is described by the numbers of the contexts of 1, 2, … tokens that end there. All lengths advance at
    once: a context of k tokens and the next token form a context of k + 1 tokens, or an unknown one.

    Whole numbers are stored as float32, which is exact up to 16,777,216, because TensorFlow keeps int32 variables in
    CPU memory even on a GPU, and JAX has no int64. Before counts are set, all tokens are equally likely.

    Args:
        vocabulary_size: int. V.
        order: int from 1 to 24. Length of the longest n-grams; K = `order - 1`, at least 1, is that of contexts.
        num_contexts: int. Number of contexts; the first V are the single tokens.
        num_counts: int. Number of successors of all contexts.

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
        """Return the built layer with these `Counts`."""
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
        """Return the weights as `Counts`."""
        names = ("unigram", "first", "backoff", "token", "value")
        tables = {name: np.array(ops.convert_to_numpy(getattr(self, name))) for name in names}
        tables["first"], tables["token"] = tables["first"].astype("int64"), tables["token"].astype("int64")
        there = int(tables["first"][-1])
        tables["token"], tables["value"] = tables["token"][:there], tables["value"][:there]
        return Counts(order=self.order, **tables)

    def nowhere(self, batch_size):
        """Return the contexts before the first token of a text, int32 `[B, K]`."""
        return ops.full((batch_size, self.longest), self.num_contexts, dtype="int32")

    def advance(self, token_ids, before=None):
        """Return the contexts that end at each token.

        Args:
            token_ids: int tensor `[B, T]`.
            before: int32 tensor `[B, K]`: the contexts of the previous token; None at the beginning of a text.

        Returns:
            int32 tensor `[B, T, K]`.
        """
        token_ids = ops.cast(token_ids, "int32")
        before = self.nowhere(ops.shape(token_ids)[0]) if before is None else before
        if token_ids.shape[1] == 1:  # one search for all lengths
            longer = self._next(before[:, :-1], token_ids)
            return ops.expand_dims(ops.concatenate([token_ids, longer], axis=1), 1)
        if self.longest == 1:
            return ops.expand_dims(token_ids, -1)

        # A loop: written out, the searches of all lengths would be thousands of operations, and compile for minutes.
        def longer(contexts, before):
            earlier = ops.concatenate([ops.expand_dims(before, 1), contexts[:, :-1]], axis=1)
            contexts = self._next(earlier, token_ids)  # (B, T)
            return contexts, contexts

        found = ops.scan(longer, token_ids, ops.transpose(before[:, :-1]))[1]  # (K - 1, B, T)
        found = ops.concatenate([ops.expand_dims(token_ids, 0), found], axis=0)
        return ops.transpose(found, (1, 2, 0))

    def _next(self, contexts, tokens):
        """Return the contexts after the tokens, by binary search among the successors."""
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
        """Return the length of the longest context with known successors: int32, the shape of `contexts` without K."""
        follows = self._whole(self.first, contexts + 1) > self._whole(self.first, contexts)
        return ops.max(ops.where(follows, ops.arange(1, self.longest + 1, dtype="int32"), 0), axis=-1)

    def call(self, contexts):
        return ops.log(ops.maximum(self.probabilities(contexts), LEAST))

    def probabilities(self, contexts):
        """Return the distribution of the next token after `contexts` `[B, T, K]`: float32 `[B, T, V]`.

        The unigram distribution is multiplied by all back-off weights, the successors of a context by those of the
        longer contexts. The successors of all lengths form one virtual row, of which each pass handles a part.
        """
        rows, size = ops.reshape(contexts, (-1, self.longest)), self.vocabulary_size
        count = ops.shape(rows)[0]
        through = ops.flip(ops.cumprod(ops.flip(self._take(self.backoff, rows), 1), axis=1), 1)  # (N, K)
        weights = ops.concatenate([through[:, 1:], ops.ones_like(through[:, :1])], axis=1)
        first = self._whole(self.first, rows)
        widths = ops.clip(self._whole(self.first, rows + 1) - first, 0, size)  # a damaged table could ask for millions
        ends = ops.cumsum(widths, axis=1)  # in the virtual row
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
        """Return entries of a table. Indices are clipped, because a damaged table may lead outside."""
        return ops.take(table, ops.clip(places, 0, table.shape[0] - 1))

    def _whole(self, table, places):
        return ops.cast(self._take(table, places), "int32")

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.vocabulary_size)

    def get_config(self):
        names = ("vocabulary_size", "order", "num_contexts", "num_counts")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
