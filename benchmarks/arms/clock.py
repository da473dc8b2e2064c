"""Seconds per training step inside Keras's `fit`."""

import statistics
import time

import keras

TIMED_EPOCHS = 3


class Clock(keras.callbacks.Callback):
    """Times each epoch but the first, which compiles.

    Args:
        steps: int. Updates in an epoch.
    """

    epochs = 1 + TIMED_EPOCHS

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self._seconds, self._cpu_seconds = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self._began, self._began_cpu = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        self._seconds.append(time.perf_counter() - self._began)
        self._cpu_seconds.append(time.process_time() - self._began_cpu)

    def result(self):
        """What an arm prints: the median over the timed epochs."""
        return {
            "seconds": statistics.median(self._seconds[1:]) / self.steps,
            "cpu_seconds": statistics.mean(self._cpu_seconds[1:]) / self.steps,
            "first_epoch_seconds": self._seconds[0],
        }
