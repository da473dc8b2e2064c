"""Keeps the best weights of a run in memory, and writes its model files."""

import contextlib
import math
import time

from keras import ops

from tinylm_keras import saving
from tinylm_keras.training import checkpoint
from tinylm_keras.training.distribution import Workers

# A checkpoint is due when the last one is SAVE_INTERVAL seconds old and SAVE_COST times as old as writing it took, so
# that checkpoints take at most a fiftieth of the time.
SAVE_INTERVAL = 20.0
SAVE_COST = 50


class CheckpointManager:
    """Keeps the best and the latest state of a model.

    Args:
        model: The `LanguageModel` in training.
        folder: `RunFolder` or None to keep everything in memory.
        monitor: str. The column of the history whose lowest value is best: "val_loss"; "val_mixture_loss" if the run
            ends with a mixture; "loss" without validation.
        workers: `distribution.Workers` or None.

    Attributes:
        best: float. The lowest loss so far.
        best_step: int or None. Its step.
        saved_step: int or None. The step of the last checkpoint.
    """

    def __init__(self, model, folder, monitor, workers=None):
        self.workers = workers or Workers()
        self.model, self.folder, self.monitor = model, folder, monitor
        self.best, self.best_step, self.saved_step = math.inf, None, None
        self._state = None
        self._unsaved = False
        self._saved, self._saved_at, self._interval = None, time.monotonic(), SAVE_INTERVAL

    def resume(self, state):
        """Read the best loss of a resumed run, so that a worse model never replaces the one on disk.

        Returns:
            A list of lines to show.
        """
        self.saved_step, self._saved = state.step, _mark(state)
        if state.best_step is None:
            return []
        found = checkpoint.read_best(self.folder.file(checkpoint.BEST), self.monitor, state.rows)
        if found is None:
            name = checkpoint.BEST
            step = f"{state.best_step:,}"
            lost = f"The best model so far (step {step}) is lost; tracking of the best model starts again."
            return [f"{name} is missing or damaged. {lost}"]
        # The file may be newer than the checkpoint, which is written after it.
        self.best, self.best_step = found
        return []

    def evaluated(self, step, score):
        """Return whether the loss of an evaluation is the best so far; if so, keep the weights."""
        better = score < self.best  # False for nan
        if better:
            self.best, self.best_step = score, step
            self._state = self._copy()
            self._unsaved = True
        return better

    @property
    def due(self):
        """Whether it is time for a checkpoint."""
        if self.folder is None or not self.folder.writes:
            return False
        return self.folder.waiting or time.monotonic() - self._saved_at > self._interval

    @property
    def first_is_due(self):
        """Whether no step has a checkpoint yet."""
        return self.folder is not None and self.folder.writes and not self.saved_step

    def write(self, state):
        """Write a checkpoint of the model, unless the same state is already on disk.

        The best model is written first, so that a checkpoint never names a best model that is not on disk.

        Args:
            state: `checkpoint.State`.
        """
        began = time.monotonic()
        if self._unsaved:
            self._save_best()
        if self._saved != _mark(state):
            last, older = (self.folder.file(name) for name in (checkpoint.LAST, checkpoint.PREVIOUS))
            self.folder.claim()
            with self.workers.alone():
                checkpoint.write(self.model, state.to_json(), last, older)
            self._saved, self.saved_step = _mark(state), state.step
        self._saved_at = time.monotonic()
        self._interval = max(SAVE_INTERVAL, SAVE_COST * (self._saved_at - began))

    def finish(self, state):
        """Write the files that are not written yet, and give the model its best weights.

        Args:
            state: `checkpoint.State`, or None if the current weights are not finite or may not match it.
        """
        if self.folder is not None and self.folder.writes:
            if state is not None:
                self.write(state)
            elif self._unsaved:
                self._save_best()
        if self._state is not None:
            self._restore(self._state)
        elif self.best_step is not None:  # from before the run was resumed
            with self.workers.loading():
                best = saving.read_model(self.folder.file(checkpoint.BEST))
            self._restore([ops.convert_to_numpy(variable) for variable in _variables(best)])
        elif self.folder is not None and self.folder.writes and state is not None and state.batches:
            # Stopped before the first evaluation: keep the latest weights.
            self._save(math.inf, state.step)

    def _save_best(self):
        """Write the best weights, which may be older than the current ones."""
        if self.workers.several:
            with _holding(self.model, self._state):
                self._save(self.best, self.best_step)
        else:
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
        with self.workers.alone():
            checkpoint.write(self.model, text, self.folder.file(checkpoint.BEST))

    def _copy(self):
        return [ops.convert_to_numpy(variable).copy() for variable in _variables(self.model)]

    def _restore(self, values):
        for variable, value in zip(_variables(self.model), values, strict=True):
            variable.assign(value)


@contextlib.contextmanager
def _holding(model, values):
    """A context in which a model holds other values, without `assign`, in which all processes would have to join."""
    variables = _variables(model)
    present = [variable._value for variable in variables]
    try:
        for variable, value in zip(variables, values, strict=True):
            variable._value = value
        yield
    finally:
        for variable, value in zip(variables, present, strict=True):
            variable._value = value


def _variables(model):
    network = getattr(model, "network", model)  # a finished run may have made a mixture of it
    return [*network.variables, *model.optimizer.variables]


def _mark(state):
    """Return values that differ between any two states of a run."""
    return state.batches, len(state.rows), state.best_step
