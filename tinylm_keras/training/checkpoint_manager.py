"""Keeps the best weights of a run in memory, and its model files on disk."""

import math
import time

from keras import ops

from tinylm_keras import saving
from tinylm_keras.training import checkpoint

# A checkpoint is due when the last one is so many seconds old, and so many times as old as writing it took: then
# checkpoints take at most a fiftieth of the time.
SAVE_INTERVAL = 20.0
SAVE_COST = 50


class CheckpointManager:
    """The best and the latest state of a model.

    Args:
        model: The `LanguageModel` in training.
        folder: `RunFolder` or None to keep everything in memory.
        monitor: str. "val_loss", or "loss" without validation.

    Attributes:
        best: float. The lowest score so far.
        best_step: int or None. When it was reached.
        saved_step: int or None. Of the last checkpoint that was written.
    """

    def __init__(self, model, folder, monitor):
        self.model, self.folder, self.monitor = model, folder, monitor
        self.best, self.best_step, self.saved_step = math.inf, None, None
        self._state = None
        self._unsaved = False
        self._saved, self._saved_at, self._interval = None, time.monotonic(), SAVE_INTERVAL

    def resume(self, state):
        """Take over the best model of a resumed run: the one on disk is never replaced by a worse one.

        Returns:
            The lines to say about it.
        """
        self.saved_step, self._saved = state.step, _mark(state)
        if state.best_step is None:
            return []
        found = checkpoint.read_best(self.folder.file(checkpoint.BEST), self.monitor)
        if found is None:
            name = checkpoint.BEST
            return [f"{name} is missing or damaged: the best of step {state.best_step:,} is lost, and sought again"]
        # The file may be newer than the checkpoint, which is written after it.
        self.best, self.best_step = found
        return []

    def evaluated(self, step, score):
        """Look at the score of an evaluation; keep the weights when it is the best. Returns whether it is."""
        better = score < self.best  # never so for nan
        if better:
            self.best, self.best_step = score, step
            self._state = self._copy()
            self._unsaved = True
        return better

    @property
    def due(self):
        """Whether it is time for a checkpoint."""
        if self.folder is None:
            return False
        return self.folder.waiting or time.monotonic() - self._saved_at > self._interval

    @property
    def first_is_due(self):
        """Whether no checkpoint of a step was written yet."""
        return self.folder is not None and not self.saved_step

    def write(self, state):
        """Write a checkpoint of the model as it is now, unless this state is on disk already.

        The best model comes first, so that a checkpoint never names a best that is not on disk.

        Args:
            state: `checkpoint.State`.
        """
        began = time.monotonic()
        if self._unsaved:
            self._save_best()
        if self._saved != _mark(state):
            last, older = (self.folder.file(name) for name in (checkpoint.LAST, checkpoint.PREVIOUS))
            self.folder.claim()
            checkpoint.write(self.model, state.to_json(), last, older)
            self._saved, self.saved_step = _mark(state), state.step
        self._saved_at = time.monotonic()
        self._interval = max(SAVE_INTERVAL, SAVE_COST * (self._saved_at - began))

    def finish(self, state):
        """Write what is not written yet, and give the model its best weights.

        Args:
            state: `checkpoint.State`, or None when the present weights are worthless or not known to agree with it.
        """
        if self.folder is not None:
            if state is not None:
                self.write(state)
            elif self._unsaved:
                self._save_best()
        if self._state is not None:
            self._restore(self._state)
        elif self.best_step is not None:  # from before the run was resumed
            best = saving.read_model(self.folder.file(checkpoint.BEST))
            self._restore([ops.convert_to_numpy(variable) for variable in _variables(best)])
        elif self.folder is not None and state is not None and state.batches:
            # Stopped before the first evaluation: the latest weights are all there is.
            self._save(math.inf, state.step)

    def _save_best(self):
        """Write the best weights, which may be older than those of the model now."""
        present = self._copy()
        self._restore(self._state)
        try:
            self._save(self.best, self.best_step)
        finally:
            self._restore(present)
        self._unsaved = False

    def _save(self, score, step):
        self.folder.claim()
        text = checkpoint.best_text(self.monitor, score, step)
        checkpoint.write(self.model, text, self.folder.file(checkpoint.BEST))

    def _copy(self):
        return [ops.convert_to_numpy(variable).copy() for variable in _variables(self.model)]

    def _restore(self, values):
        for variable, value in zip(_variables(self.model), values, strict=True):
            variable.assign(value)


def _variables(model):
    return [*model.variables, *model.optimizer.variables]


def _mark(state):
    """What tells two states of one run apart."""
    return state.batches, len(state.rows), state.best_step
