"""The callback of `train`: it counts batches, guards against failure, and writes down every evaluation."""

import dataclasses
import math
import time

import keras

from tinylm_keras.training import checkpoint, optimizers, patience
from tinylm_keras.training.divergence import DivergenceCheck
from tinylm_keras.training.pace import Clock


class TrainingMonitor(keras.callbacks.Callback):
    """Follows a run: one row of history, one sample and one look at the best for each evaluation.

    An "epoch" of this `fit` is one evaluation period, the first one perhaps what was left of it.

    Args:
        recipe: `Recipe`.
        plan: `Plan`.
        checkpoints: `CheckpointManager`.
        reporter: An object with the methods of `progress.Silent`.
        record: dict. What recipe.json holds.
        interrupts: `Interrupts`.
        tokens_per_step: float. Real tokens in an update, on average.
        bits_per_character: Function from the validation loss to bits per character; None without validation.
        training_sample: `Batches` of the training text on which its loss is estimated at each evaluation, or None.
        state: `checkpoint.State` to continue from, or None.
        began: float. When the run began, by `time.monotonic`; None: now.
        deadline: `Deadline` of a run of so many minutes, or None.

    Attributes:
        batches: int. How many the model was trained on.
    """

    def __init__(
        self,
        recipe,
        plan,
        checkpoints,
        reporter,
        *,
        record,
        interrupts,
        tokens_per_step,
        bits_per_character,
        training_sample=None,
        state=None,
        began=None,
        deadline=None,
    ):
        super().__init__()
        self.recipe, self.plan, self.checkpoints, self.reporter = recipe, plan, checkpoints, reporter
        self.record, self.interrupts = record, interrupts
        self.tokens_per_step, self.bits_per_character = tokens_per_step, bits_per_character
        self.training_sample = training_sample
        self.batches, self.rows, self.samples, self.first_loss = 0, [], [], None
        self.began = time.monotonic() if began is None else began
        self._sums = None  # of the period so far; None while the metric of the model holds them
        if state is not None:
            self.batches, self.rows, self.samples = state.batches, list(state.rows), list(state.samples)
            self.first_loss, self.began = state.first_loss, self.began - state.seconds
            self._sums = state.sums
        self._before = self.batches
        self._clock = Clock()
        self._divergence = DivergenceCheck(recipe, checkpoints, self.learning_rate)
        self._shown_at = 0.0
        self._deadline, self._trained_until = deadline, None

    @property
    def step(self):
        """Updates that were made."""
        return self.batches // self.plan.gradient_accumulation_steps

    @property
    def total(self):
        """Batches of the whole run."""
        return self.plan.steps * self.plan.gradient_accumulation_steps

    @property
    def owes_evaluation(self):
        """Whether a period has ended without its evaluation."""
        return self._at_end and self.batches > 0 and (not self.rows or self.rows[-1]["step"] < self.step)

    @property
    def has_settled(self):
        """Whether the run ends before its last step, since no evaluation was better for long."""
        return patience.is_over(self.rows, self.recipe.patience, patience.since(self.record))

    @property
    def period(self):
        """Batches between two evaluations."""
        return self.plan.evaluate_every * self.plan.gradient_accumulation_steps

    @property
    def _at_end(self):
        return self.batches == self.total or self.batches % self.period == 0

    def state(self):
        """Return where the run stands, as a `checkpoint.State`; None if the weights are not those of that place."""
        if int(self.model.optimizer._iterations) != self.batches:
            return None
        return checkpoint.State(
            batches=self.batches,
            sums=self._held_sums(),
            best=self.checkpoints.best,
            best_step=self.checkpoints.best_step,
            first_loss=self.first_loss,
            seconds=round(time.monotonic() - self.began, 3),
            rows=self.rows,
            samples=self.samples,
            record=self.record,
        )

    def evaluate(self, validation):
        """Make up for the evaluation of a period that has ended, as `fit` makes it."""
        self._give_back_sums()
        logs = dict(self.model.get_metrics_result())
        if validation is not None:
            self._sums = self._held_sums()
            evaluated = self.model.evaluate(
                validation, return_dict=True, verbose=0, callbacks=[_Checks(self.interrupts)]
            )
            logs |= {f"val_{name}": value for name, value in evaluated.items()}
        self.on_epoch_end(None, logs)

    def on_epoch_begin(self, epoch, logs=None):
        self._before = self.batches
        if self._sums is not None and not self._at_end:  # the period began in an earlier process
            self._give_back_sums()
        self._sums = None
        self._clock.start(self.step)

    def on_train_batch_end(self, batch, logs=None):
        self.batches = min(self._before + batch + 1, self.total)
        loss = float(logs["loss"])
        if self.first_loss is None:
            self.first_loss = loss
        self._clock.tick(self.step)
        self._divergence.finite(loss, "loss", self.step)
        self._follow_the_clock()
        if self.batches == self.total:
            self.model.stop_training = True  # also where the last period is shorter than the others
        now = time.monotonic()
        if now - self._shown_at > 0.5 or self.batches == self.total:
            self._shown_at = now
            self._show(loss)
        if self.checkpoints.due:
            self.save()
        self.interrupts.check()

    def on_test_begin(self, logs=None):
        if self._trained_until is None:
            self._trained_until = time.monotonic()
        self._sums = self._held_sums()  # the metric begins again for the validation text

    def on_test_batch_end(self, batch, logs=None):
        self.interrupts.check()

    def on_epoch_end(self, epoch, logs=None):
        self._sums = self._held_sums()
        if self._trained_until is None:  # there is no validation
            self._trained_until = time.monotonic()
        self._clock.pause()
        if "val_loss" in logs:
            self._divergence.finite(logs["val_loss"], "validation loss", self.step)
        row = self._row(logs)
        self._divergence.grown(row["loss"], self.model.vocabulary_size, self.step)
        sample = None
        if self.recipe.prompt is not None:  # length and temperature are the model's generation defaults
            sample = self.model.generate(self.recipe.prompt, seed=self.recipe.seed)
        self.interrupts.check()
        best = self.checkpoints.evaluated(self.step, float(logs[self.checkpoints.monitor]))
        self.rows.append(row)
        if sample is not None:
            self.samples.append((self.step, sample))
        if self.checkpoints.due or self.checkpoints.first_is_due:
            self.save()
        self.write_records()
        self.reporter.evaluation(row, sample, best)
        if self.has_settled:
            self.model.stop_training = True
        if self._deadline is not None:
            self._deadline.evaluated(time.monotonic() - self._trained_until)
        self._trained_until = None
        self.interrupts.check()

    def save(self):
        """Write a checkpoint of the present state."""
        if not checkpoint.is_finite(self.model):
            self._divergence.finite(math.nan, "size of some weights", self.step)
        state = self.state()
        if state is not None:
            self.checkpoints.write(state)

    def write_records(self):
        """Write the history and the samples so far."""
        folder = self.checkpoints.folder
        if folder is not None and self.rows:
            folder.write_history(self.rows)
            folder.write_samples(self.samples)

    def learning_rate(self, update):
        """Return the learning rate of an update, counted from 0."""
        return optimizers.rate(self.recipe, self.plan, update)

    def verdict(self):
        """Return a line of advice when the run has learned nothing, else None."""
        return self._divergence.no_progress(self.rows, self.first_loss)

    def _follow_the_clock(self):
        """Change the length of a run of so many minutes where its pace has changed, and its schedule with it."""
        if self._deadline is None or self.batches % self.plan.gradient_accumulation_steps:
            return
        steps = self._deadline.steps(self.step, self.plan.steps, self.plan.evaluate_every)
        if steps is None:
            return
        every, warmup = min(self.plan.evaluate_every, steps), min(self.plan.warmup_steps, steps - 1)
        self.plan = dataclasses.replace(self.plan, steps=steps, evaluate_every=every, warmup_steps=warmup)
        self.recipe = dataclasses.replace(self.recipe, steps=steps)
        self.record |= {"recipe": dataclasses.asdict(self.recipe), "plan": dataclasses.asdict(self.plan)}
        optimizers.resize(self.model.optimizer, self.plan)

    def _held_sums(self):
        if self._sums is not None:
            return self._sums
        metric = self.model.perplexity
        return float(metric.total), float(metric.count)

    def _give_back_sums(self):
        metric = self.model.perplexity
        metric.total.assign(self._sums[0])
        metric.count.assign(self._sums[1])

    def _row(self, logs):
        row = {"step": self.step, "loss": float(logs["loss"]), "perplexity": float(logs["perplexity"])}
        if self.training_sample is not None:
            checks = [_Checks(self.interrupts)]
            evaluated = self.model.evaluate(self.training_sample, return_dict=True, verbose=0, callbacks=checks)
            row["train_loss"] = float(evaluated["loss"])
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


class _Checks(keras.callbacks.Callback):
    """Lets signals in between the batches of an evaluation."""

    def __init__(self, interrupts):
        super().__init__()
        self.interrupts = interrupts

    def on_test_batch_end(self, batch, logs=None):
        self.interrupts.check()
