"""What ends a run early because it cannot succeed, and what is said of one that learned nothing."""

import math

from tinylm_keras import _checks

# A whole period whose loss is so many times that of knowing nothing (all tokens equally likely) will not come back.
GROWN = 3.0


class DivergenceCheck:
    """Stops a run whose loss is not a number or grows beyond all measure.

    Args:
        recipe: `Recipe`.
        checkpoints: `CheckpointManager`, which knows which files are good.
        learning_rate: Function from an update, counted from 0, to its learning rate.
    """

    def __init__(self, recipe, checkpoints, learning_rate):
        self.recipe, self.checkpoints, self.learning_rate = recipe, checkpoints, learning_rate

    def finite(self, value, name, step):
        """Raise a RuntimeError unless `value` is a finite number."""
        if not math.isfinite(float(value)):
            rule = f"is too high, or the text too odd: the {name} is {float(value)} at step {step:,}"
            raise self._failed(rule, step)

    def grown(self, loss, vocabulary_size, step):
        """Raise a RuntimeError if the mean loss of a period is far above that of a blind guess."""
        blind = math.log(vocabulary_size)
        if loss > GROWN * max(1.0, blind):
            rule = f"is too high: the loss has grown to {loss:.3g} by step {step:,}, and a blind guess has {blind:.3g}"
            raise self._failed(rule, step)

    def no_progress(self, rows, first_loss):
        """Return a line to say when the loss at the end is not below that at the start, else None."""
        if len(rows) < 2 or first_loss is None or rows[-1]["loss"] < first_loss:
            return None
        rate = self.recipe.learning_rate
        return (
            f"The loss did not fall: {first_loss:.3f} at the start, {rows[-1]['loss']:.3f} at the end. "
            f"Try another learning rate, {rate / 10:.3g} or {rate * 10:.3g}."
        )

    def _failed(self, rule, step):
        rate, best = self.learning_rate(max(0, step - 1)), self.checkpoints.best_step
        kept = "no model is kept" if best is None else f"the best model, of step {best:,}, is kept"
        advice = f"The rate was {rate:.3g} at that step; {kept}. Try a tenth of it."
        return _checks.refuse("learning_rate", rule, self.recipe.learning_rate, advice, error=RuntimeError)
