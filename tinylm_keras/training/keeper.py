"""Keeps the best weights of a run in memory, and its two model files on disk."""

import math
import time

from keras import ops

# A model file is written at an evaluation only when that costs little: at most once in this many seconds.
SAVE_INTERVAL = 20.0


class Keeper:
    """The best and the latest state of a model.

    Args:
        model: The `LanguageModel` in training.
        folder: `RunFolder` or None to keep everything in memory.
        monitor: str. "val_loss", or "loss" without validation.
    """

    def __init__(self, model, folder, monitor):
        self.model, self.folder, self.monitor = model, folder, monitor
        self.best, self.best_step = math.inf, None
        self._state = None
        self._unsaved = False
        self._saved_at = -math.inf

    def evaluated(self, step, logs):
        """Look at the logs of an evaluation; keep the state when it is the best. Returns whether it is."""
        score = float(logs[self.monitor])
        better = score < self.best  # never so for nan
        if better:
            self.best, self.best_step = score, step
            self._state = self._copy()
            self._unsaved = True
        if self.folder is not None and time.monotonic() - self._saved_at > SAVE_INTERVAL:
            self.model.save(self.folder.file("last.keras"))
            if better:
                self._save_best()
            self._saved_at = time.monotonic()
        return better

    def finish(self, keep_last=True):
        """Write what is not written yet, and give the model its best state.

        Args:
            keep_last: bool. False when the present state is worthless, because the loss is not a number.
        """
        if self.folder is not None and keep_last:
            self.model.save(self.folder.file("last.keras"))
        if self._state is None:  # stopped before the first evaluation: the latest state is all there is
            self._unsaved = keep_last
        else:
            self._restore()
        if self.folder is not None and self._unsaved:
            self._save_best()

    def _save_best(self):
        self.model.save(self.folder.file("model.keras"))
        self._unsaved = False

    def _variables(self):
        optimizer = self.model.optimizer
        return [*self.model.variables, *optimizer.variables]

    def _copy(self):
        return [ops.convert_to_numpy(variable).copy() for variable in self._variables()]

    def _restore(self):
        for variable, value in zip(self._variables(), self._state, strict=True):
            variable.assign(value)
