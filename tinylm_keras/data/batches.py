"""Batches of token ids: the same numbers in plain numpy, in `fit` on TensorFlow, and in `fit` elsewhere."""

import math

import keras
import numpy as np


class Batches:
    """A flat array of ids and, for each step, where its rows start. `lines` and `windows` make these.

    A row is `length + 1` ids: x is all but the last of them, y all but the first. A batch is a pure function of
    (seed, step), so a resumed run sees exactly what the uninterrupted one saw.

    Attributes:
        batch_size: int. Rows of every batch; rows that are all padding fill the last batch of an epoch, because
            another shape would be another XLA compilation.
        length: int. Columns T of x and y.
        steps_per_epoch: int. Batches of one epoch.
        tokens: int. Real tokens that one epoch predicts.
        unknown: int. How many of these are unknown words.
        cut: int. Texts that were too long for a row and lost their end.
        first_tokens: list of (id, count). How the texts begin, the most frequent first.
    """

    def __init__(self, ids, length, batch_size, steps_per_epoch, seed, texts):
        self.ids, self.length, self.batch_size = ids, length, batch_size
        self.steps_per_epoch, self.seed = steps_per_epoch, seed
        self.unknown, self.first_tokens = texts.unknown, texts.first_tokens
        self.cut = 0
        self.tokens = 0
        self._rates = None
        if texts.characters and texts.tokens:
            self._rates = {
                "tokens_per_character": texts.tokens / texts.characters,
                "unknown_bits_per_character": texts.unknown_bits / texts.characters,
            }

    def batch(self, step):
        """x and y of a step, counted over all epochs: int32 arrays `[batch_size, length]`."""
        rows = self.ids[self._starts(step)[:, np.newaxis] + np.arange(self.length + 1)]
        return rows[:, :-1], rows[:, 1:]

    def __len__(self):
        return self.steps_per_epoch

    def __iter__(self):
        return (self.batch(step) for step in range(self.steps_per_epoch))

    def character_rates(self):
        """dict of tokens per character and unknown bits per character, for `metrics.BitsPerCharacter`."""
        if self._rates is None:
            raise ValueError(
                "Bits per character needs the text. Received: ids alone. Use `data.concatenate(texts, …)`."
            )
        return dict(self._rates)

    def bits_per_character(self, loss):
        """Bits per character of the original text for a loss in nats per token over one epoch of this data."""
        rates = self.character_rates()
        return loss / math.log(2) * rates["tokens_per_character"] + rates["unknown_bits_per_character"]

    def for_fit(self, endless, first=0):
        """What Keras's `fit` (`endless`: all steps from `first` on) or `evaluate` (one epoch) iterates over."""
        if keras.config.backend() == "tensorflow":
            return self._tf_dataset(endless, first)
        return self._generator(first) if endless else _Epoch(self)

    def _generator(self, step):
        while True:
            yield self.batch(step)
            step += 1

    def _tf_dataset(self, endless, first):
        """Python runs once per block of steps; the rows of each step are gathered by TensorFlow."""
        import tensorflow as tf

        steps = self._block_steps() if endless else self.steps_per_epoch
        ids = tf.constant(self.ids)
        columns = tf.range(self.length + 1, dtype="int64")

        def block(index):
            starts = tf.numpy_function(lambda i: self._block(first + int(i) * steps, steps), [index], "int64")
            return tf.ensure_shape(starts, (steps, self.batch_size))

        def gather(starts):
            rows = tf.gather(ids, starts[:, tf.newaxis] + columns)
            return rows[:, :-1], rows[:, 1:]

        blocks = tf.data.Dataset.counter() if endless else tf.data.Dataset.range(1)
        return blocks.map(block).unbatch().map(gather, num_parallel_calls=2).prefetch(4)

    def _block(self, first, steps):
        return np.stack([self._starts(step) for step in range(first, first + steps)]).astype("int64")

    def _block_steps(self):
        return min(self.steps_per_epoch, 256)

    def _starts(self, step):
        """Where the rows of a step start in the ids, int64 `[batch_size]`."""
        raise NotImplementedError


class _Epoch(keras.utils.PyDataset):
    """One epoch of batches for the backends without tf.data."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return self.batches.steps_per_epoch

    def __getitem__(self, step):
        return self.batches.batch(step)
