"""The padded layout: each text is one example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.data import shares
from tinylm_keras.data.batches import Batches
from tinylm_keras.data.token_stream import TextCounter, list_of_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinylm_keras.tokenizers import Tokenizer


def lines(
    texts: Iterable[str],
    tokenizer: Tokenizer,
    *,
    context_length: int,
    batch_size: int = 16,
    shuffle: bool = True,
    seed: int = 0,
) -> Batches:
    """Batches in which each text is one row, padded on the right; loss and metrics ignore padding.

    With an end token a row is *end text end*, so the model also learns how texts begin and end. A text that does not
    fit is truncated (`cut` counts these); one without a token to predict is skipped.

    Args:
        texts: list of str.
        tokenizer: `Tokenizer` that pads.
        context_length: int. Largest number of columns of x; fewer if all texts are shorter.
        batch_size: int. At most the number of texts is used.
        shuffle: bool. Whether each epoch has a new order, from numpy's `default_rng((seed, epoch))`.
        seed: int.

    Returns:
        `Batches` with int32 x, y `[batch_size, T]`, for `LanguageModel.fit` and `evaluate`.

    Raises:
        ValueError: if no text has a token to predict.

    Example:

    >>> from tinylm_keras.tokenizers import WhitespaceTokenizer
    >>> tokenizer = WhitespaceTokenizer(vocabulary=["a", "b", "c"])
    >>> x, y = lines(["a b c", "b c"], tokenizer, context_length=20, shuffle=False).batch(0)
    >>> x
    array([[2, 3], [3, 4]], dtype=int32)
    >>> y
    array([[3, 4], [4, 0]], dtype=int32)
    """
    return Lines(texts, tokenizer, context_length, batch_size, shuffle, seed)


class Lines(Batches):
    """See `lines`."""

    def __init__(self, texts, tokenizer, context_length, batch_size, shuffle, seed):
        context_length = _checks.whole_number("context_length", context_length, 1)
        batch_size = _checks.whole_number("batch_size", batch_size, 1)
        seed = _checks.whole_number("seed", seed, 0)
        texts, counter = list_of_texts(texts), TextCounter(_checks.tokenizer("tokenizer", tokenizer))
        if tokenizer.pad_id is None:
            raise _checks.refuse("tokenizer", "must have a padding id for the padded layout", type(tokenizer).__name__)
        rows, cut = _rows(texts, tokenizer, context_length, counter)
        if not rows:
            raise ValueError(
                "`texts` must hold a text with a token to predict: two tokens, or one with an end token. "
                "Received: none."
            )
        length = max(map(len, rows)) - 1
        # The last row is only padding, for the rest of the last batch.
        table = np.full((len(rows) + 1, length + 1), tokenizer.pad_id, "int32")
        for index, row in enumerate(rows):
            table[index, : len(row)] = row
        batch_size = shares.whole(min(batch_size, len(rows)))
        counter.tokens = sum(len(row) - 1 for row in rows)
        super().__init__(table.reshape(-1), length, batch_size, -(-len(rows) // batch_size), seed, counter)
        self.tokens, self.cut, self.count, self.shuffle = counter.tokens, cut, len(rows), shuffle
        self._order = (None, None)  # the current epoch and its order

    def _starts(self, step):
        epoch, step = divmod(step, self.steps_per_epoch)
        if self._order[0] != epoch:
            order = np.full(self.steps_per_epoch * self.batch_size, self.count)
            generator = np.random.default_rng((self.seed, epoch))
            order[: self.count] = generator.permutation(self.count) if self.shuffle else np.arange(self.count)
            self._order = (epoch, order)
        rows = self._order[1][step * self.batch_size : (step + 1) * self.batch_size]
        return rows * (self.length + 1)

    def _block_steps(self):
        return self.steps_per_epoch


def _rows(texts, tokenizer, context_length, counter):
    """Return the ids of each row, at most `context_length + 1`, and the number of truncated texts."""
    end = [] if tokenizer.end_id is None else [np.array([tokenizer.end_id], "int32")]
    rows, cut = [], 0
    for text, ids in zip(texts, tokenizer.tokenize(texts), strict=True):
        row = np.concatenate([*end, ids, *end])
        if len(row) < 2 or not len(ids):
            continue
        cut += len(row) > context_length + 1
        row = row[: context_length + 1]
        rows.append(row)
        kept = min(len(ids), len(row) - len(end))
        counter.add(text, ids, 0 if end else 1, kept)
    return rows, cut
