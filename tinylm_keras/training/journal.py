"""The callback of `train`: it counts updates, guards against nan, and writes down every evaluation."""

import math
import time

import keras

from tinylm_keras import _checks
from tinylm_keras.training import optimizers


class Journal(keras.callbacks.Callback):
    """Follows a run: one row of history, one sample and one look at the best for each evaluation.

    An "epoch" of this `fit` is one evaluation period.

    Args:
        recipe: `Recipe`.
        plan: `Plan`.
        keeper: `Keeper`.
        reporter: An object with the methods of `progress.Silent`.
        tokens_per_step: float. Real tokens in an update, on average.
        bits_per_character: Function from the validation loss to bits per character; None without validation.
        training_sample: `Batches` of the training text on which its loss is estimated at each evaluation, or None.
    """

    def __init__(self, recipe, plan, keeper, reporter, tokens_per_step, bits_per_character, training_sample=None):
        super().__init__()
        self.recipe, self.plan, self.keeper, self.reporter = recipe, plan, keeper, reporter
        self.tokens_per_step, self.bits_per_character = tokens_per_step, bits_per_character
        self.training_sample = training_sample
        self.began = time.monotonic()
        self.step = 0
        self.rows, self.samples = [], []
        self._epoch = 0
        self._clock = _Clock()
        self._shown_at = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._clock.start(self.step)

    def on_train_batch_end(self, batch, logs=None):
        updates = (batch + 1) // self.plan.accumulate
        self.step = min(self._epoch * self.plan.evaluate_every + updates, self.plan.steps)
        self._clock.tick(self.step)
        self._guard(logs["loss"], "loss")
        if self.step == self.plan.steps:
            self.model.stop_training = True  # also where the last period is shorter than the others
        now = time.monotonic()
        if now - self._shown_at > 0.5 or self.step == self.plan.steps:
            self._shown_at = now
            self._show(float(logs["loss"]))

    def on_epoch_end(self, epoch, logs=None):
        self._clock.pause()
        if "val_loss" in logs:
            self._guard(logs["val_loss"], "validation loss")
        row = self._row(logs)
        self.rows.append(row)
        best = self.keeper.evaluated(self.step, logs)
        sample = None
        if self.recipe.prompt is not None:  # length and temperature are the model's generation defaults
            sample = self.model.generate(self.recipe.prompt, seed=self.recipe.seed)
            self.samples.append((self.step, sample))
        folder = self.keeper.folder
        if folder is not None:
            folder.write_history(self.rows)
            folder.write_samples(self.samples)
        self.reporter.evaluation(row, sample, best)

    def learning_rate(self, update):
        """Return the learning rate of an update, counted from 0."""
        return optimizers.rate(self.recipe, self.plan, update)

    def _guard(self, value, name):
        if math.isfinite(float(value)):
            return
        rate = self.learning_rate(max(0, self.step - 1))
        rule = f"is too high, or the text too odd: the {name} is {float(value)} at step {self.step:,}"
        best = self.keeper.best_step
        kept = "no model is kept" if best is None else f"the best model, of step {best:,}, is kept"
        advice = f"The rate was {rate:.3g} at that step; {kept}. Try a tenth of it."
        raise _checks.refuse("learning_rate", rule, self.recipe.learning_rate, advice, error=RuntimeError)

    def _row(self, logs):
        row = {"step": self.step, "loss": float(logs["loss"]), "perplexity": float(logs["perplexity"])}
        if self.training_sample is not None:
            judged = self.model.evaluate(self.training_sample, return_dict=True, verbose=0)
            row["train_loss"] = float(judged["loss"])
        if "val_loss" in logs:
            row["val_loss"] = float(logs["val_loss"])
            row["val_perplexity"] = float(logs["val_perplexity"])
            if self.bits_per_character is not None:
                row["val_bits_per_character"] = float(self.bits_per_character(row["val_loss"]))
        row["learning_rate"] = self.learning_rate(self.step)  # of the next update
        row["seconds"] = round(time.monotonic() - self.began, 3)
        return row

    def _show(self, loss):
        validation = self.rows[-1].get("val_perplexity") if self.rows else None
        pace = self._clock.seconds_per_step()
        self.reporter.step(
            self.step,
            self.plan.steps,
            loss,
            validation,
            self.tokens_per_step / pace if pace else None,
            self._clock.overall_pace(self.step) * (self.plan.steps - self.step) if pace else None,
        )


class _Clock:
    """Seconds per update, without the first call of the step (it compiles) and without the evaluations."""

    def __init__(self):
        self._first = self._since = None
        self._before = 0
        self._steps, self._seconds = 0, 0.0

    def start(self, step):
        self._since, self._before = time.monotonic(), step

    def tick(self, step):
        now = time.monotonic()
        if self._first is None:
            self._first = (now, step)
        else:
            self._steps += step - self._before
            self._seconds += now - self._since
        self._since, self._before = now, step

    def pause(self):
        self._since = None

    def seconds_per_step(self):
        """Seconds of one update, or None before two calls of the step."""
        return self._seconds / self._steps if self._steps else None

    def overall_pace(self, step):
        """Seconds of one update, its share of the evaluations included."""
        now, first = self._first
        return (time.monotonic() - now) / max(1, step - first)
