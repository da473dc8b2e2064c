"""Batches of token ids: the same numbers in numpy, in `fit` on TensorFlow, and in `fit` on other backends."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tinylm_keras import _tf_data
from tinylm_keras.data import shares

if TYPE_CHECKING:
    from collections.abc import Iterator, Sized
    from typing import Self

    from tinylm_keras._types import IdTable
    from tinylm_keras.tokenizers import Tokenizer

BLOCK = 1 << 22  # ids that are read from disk at once


class Batches:
    """A flat array of ids, and the start of each row of each step. `lines` and `windows` return these.

    A row has `length + 1` ids: x is the row without its last id, y the row without its first. A batch is a pure
    function of (seed, step), so a resumed run sees the same batches as an uninterrupted one.

    Attributes:
        batch_size: int. Rows of every batch; rows of padding fill the last batch of an epoch, because another shape
            would need another XLA compilation.
        length: int. Columns T of x and y.
        steps_per_epoch: int. Batches of one epoch.
        tokens: int. Real tokens that are predicted in one epoch.
        unknown: int. Number of unknown words among them.
        cut: int. Number of texts that were truncated to fit in a row.
        first_tokens: list of (id, count). First tokens of the texts, the most frequent first.
    """

    def __init__(self, ids, length, batch_size, steps_per_epoch, seed, texts):
        self.ids, self.length, self.batch_size = ids, length, batch_size
        self.steps_per_epoch, self.seed = steps_per_epoch, seed
        self.unknown, self.first_tokens = texts.unknown, texts.first_tokens
        self.cut = 0
        self.tokens = 0
        self._largest_id = getattr(texts, "largest_id", None)  # of a token file
        self._text = (texts.tokens, texts.unknown_bits, texts.characters)

    def batch(self, step: int) -> tuple[IdTable, IdTable]:
        """x and y of a step (counted over all epochs): int32 arrays `[batch_size, length]`."""
        rows = self._rows(self._starts(step))
        return rows[:, :-1], rows[:, 1:]

    def __len__(self) -> int:
        return self.steps_per_epoch

    def __iter__(self) -> Iterator[tuple[IdTable, IdTable]]:
        return (self.batch(step) for step in range(self.steps_per_epoch))

    @property
    def on_disk(self) -> bool:
        """Whether the ids are on disk, so that only the rows of some steps are in memory."""
        return isinstance(self.ids, np.memmap)

    def problem(self) -> str | None:
        """A clause about a problem with the file of ids on disk; None without a problem."""
        if not self.on_disk:
            return None
        path = self.ids.filename
        size = os.path.getsize(path) if os.path.exists(path) else None
        if size is not None and size >= self.ids.nbytes:
            return None
        return f"{path} " + ("is gone" if size is None else f"has only {size:,} bytes left of {self.ids.nbytes:,}")

    def largest_id(self, pad_id: int | None = None) -> int:
        """The largest id other than `pad_id` (for a token file: the largest of all ids)."""
        if self._largest_id is not None:
            return self._largest_id
        parts = (self.ids[first : first + BLOCK] for first in range(0, len(self.ids), BLOCK))
        return max(int(np.max(part[part != pad_id], initial=0)) for part in parts)

    @property
    def knows_characters(self) -> bool:
        """Whether the characters of the text are known, so that bits per character can be computed."""
        return all((self._text[0], self._text[2]))

    def count_separators(self, separator: str | None, texts: Sized, tokenizer: Tokenizer) -> Self:
        """Count the characters of a separator for each text, if an end token takes its place. Returns these batches."""
        if separator is not None and tokenizer.end_id is not None and self.knows_characters:
            self._text = (*self._text[:2], self._text[2] + len(separator) * len(texts))
        return self

    def character_rates(self) -> dict[str, float]:
        """Arguments of `metrics.BitsPerCharacter`: tokens per character and bits of unknown words per character."""
        if not self.knows_characters:
            raise ValueError(
                "Bits per character needs the text. Received: ids alone. Use `data.concatenate(texts, …)`."
            )
        tokens, unknown_bits, characters = self._text
        return {
            "tokens_per_character": tokens / characters,
            "unknown_bits_per_character": unknown_bits / characters,
        }

    def bits_per_character(self, loss: float) -> float:
        """Bits per character of the original text for a loss in nats per token over one epoch of this data."""
        rates = self.character_rates()
        return loss / math.log(2) * rates["tokens_per_character"] + rates["unknown_bits_per_character"]

    def for_fit(self, endless: bool, first: int = 0) -> Any:
        """Data for Keras's `fit` (`endless`: all steps from `first` on) or `evaluate` (one epoch)."""
        if keras.config.backend() == "tensorflow":
            return self._tf_dataset(endless, first)
        return self._generator(first) if endless else _Epoch(self)

    def _generator(self, step):
        while True:
            yield shares.own(self.batch(step))
            step += 1

    def _tf_dataset(self, endless, first):
        """Python runs once per block of steps; TensorFlow gathers the rows of each step, unless they are on disk."""
        import tensorflow as tf

        steps = tf.data.Dataset.counter(first) if endless else tf.data.Dataset.range(self.steps_per_epoch)
        blocks = steps.batch(self._block_steps())
        if self.on_disk:

            def rows_of(steps):
                if self.problem():  # reading past the end of a mapped file would kill the process
                    raise OSError(self.problem())
                return np.stack([self._rows(self._starts(int(step))) for step in steps])

            rows = blocks.map(lambda steps: tf.numpy_function(rows_of, [steps], "int32")).unbatch()
        else:
            ids, columns = tf.constant(self.ids), tf.range(self.length + 1, dtype="int64")

            def starts_of(steps):
                return np.stack([self._starts(int(step)) for step in steps]).astype("int64")

            starts = blocks.map(lambda steps: tf.numpy_function(starts_of, [steps], "int64")).unbatch()
            rows = starts.map(lambda starts: tf.gather(ids, starts[:, tf.newaxis] + columns), num_parallel_calls=2)

        def halves(rows):
            rows = tf.ensure_shape(rows, (self.batch_size, self.length + 1))
            return rows[:, :-1], rows[:, 1:]

        if not endless:  # TensorFlow cannot infer the number of batches, and Keras would warn
            rows = rows.apply(tf.data.experimental.assert_cardinality(self.steps_per_epoch))
        return _tf_data.untuned(rows.map(halves).prefetch(4))

    def _block_steps(self):
        """Number of steps whose rows are prepared together."""
        most = 256
        if self.on_disk:
            most = max(1, min(most, BLOCK // (self.batch_size * (self.length + 1))))
        return min(self.steps_per_epoch, most)

    def _rows(self, starts):
        """Rows of ids from their starts, int32 `[batch_size, length + 1]`."""
        places = starts[:, np.newaxis] + np.arange(self.length + 1)
        return np.asarray(self.ids[places], "int32")

    def _starts(self, step):
        """Indices of the first ids of the rows of a step, int64 `[batch_size]`."""
        raise NotImplementedError


class _Epoch(keras.utils.PyDataset):
    """One epoch of batches for the backends without tf.data."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return self.batches.steps_per_epoch

    def __getitem__(self, step):
        return shares.own(self.batches.batch(step))
