"""Ends a run whose loss diverges, and gives advice if the model learned nothing."""

import math

from tinylm_keras import _checks

# A period with a mean loss of this many times that of a uniform guess will not recover.
GROWN = 3.0


class Diverged(RuntimeError):
    """The loss of a run became nan or grew far too large."""


class DivergenceCheck:
    """Stops a run whose loss becomes nan or grows far too large.

    Args:
        recipe: `Recipe`.
        checkpoints: `CheckpointManager`, which knows the step of the best model.
        learning_rate: Function from an update, counted from 0, to its learning rate.
    """

    def __init__(self, recipe, checkpoints, learning_rate):
        self.recipe, self.checkpoints, self.learning_rate = recipe, checkpoints, learning_rate

    def finite(self, value, name, step):
        """Raise a `Diverged` unless `value` is a finite number."""
        if not math.isfinite(float(value)):
            rule = f"is too high: the {name} became {float(value)} at step {step:,}"
            raise self._failed(rule, step)

    def grown(self, loss, vocabulary_size, step):
        """Raise a `Diverged` if the mean loss of a period is far above that of a uniform guess."""
        blind = math.log(vocabulary_size)
        if loss > GROWN * max(1.0, blind):
            rule = f"is too high: the loss has grown to {loss:.3g} at step {step:,}; a uniform guess has {blind:.3g}"
            raise self._failed(rule, step)

    def no_progress(self, rows, first_loss):
        """Return a line of advice if the loss at the end is not below that at the start, else None."""
        if len(rows) < 2 or first_loss is None or rows[-1]["loss"] < first_loss:
            return None
        rate = self.recipe.learning_rate
        return (
            f"The loss did not fall: {first_loss:.3f} at the start, {rows[-1]['loss']:.3f} at the end. "
            f"Try another learning rate, {rate / 10:.3g} or {rate * 10:.3g}."
        )

    def _failed(self, rule, step):
        rate, best = self.learning_rate(max(0, step - 1)), self.checkpoints.best_step
        kept = "no model is kept" if best is None else f"the best model (step {best:,}) is kept"
        advice = f"The learning rate was {rate:.3g} at that step; {kept}. Try a learning rate ten times lower."
        return _checks.refuse("learning_rate", rule, self.recipe.learning_rate, advice, error=Diverged)
