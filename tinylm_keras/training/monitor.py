"""The callback of `train`: counts batches, checks for divergence, and records every evaluation."""

import dataclasses
import math
import time

import keras

from tinylm_keras.training import checkpoint, optimizers, patience
from tinylm_keras.training.divergence import DivergenceCheck
from tinylm_keras.training.pace import Clock


class TrainingMonitor(keras.callbacks.Callback):
    """Follows a run. Each evaluation adds a row to the history and a sample, and may give a new best model.

    An "epoch" of `fit` is one evaluation period, or the rest of a period after resuming.

    Args:
        recipe: `Recipe`.
        plan: `Plan`.
        checkpoints: `CheckpointManager`.
        reporter: An object with the methods of `progress.Silent`.
        record: dict. The content of recipe.json.
        interrupts: `Interrupts`.
        tokens_per_step: float. Average number of real tokens in an update.
        bits_per_character: Function from the validation loss to bits per character; None without validation.
        mixture: `mixing.RunMixture` whose loss each evaluation records, or None.
        training_sample: `Batches` of the training text, on which each evaluation estimates the training loss, or None.
        state: `checkpoint.State` to continue from, or None.
        began: float. Start of the run by `time.monotonic`; None: now.
        deadline: `Deadline` of a run by minutes, or None.

    Attributes:
        batches: int. Number of batches so far.
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
        mixture=None,
        training_sample=None,
        state=None,
        began=None,
        deadline=None,
    ):
        super().__init__()
        self.recipe, self.plan, self.checkpoints, self.reporter = recipe, plan, checkpoints, reporter
        self.record, self.interrupts = record, interrupts
        self.tokens_per_step, self.bits_per_character = tokens_per_step, bits_per_character
        self.mixture, self.training_sample = mixture, training_sample
        self.batches, self.rows, self.samples, self.first_loss = 0, [], [], None
        self.began = time.monotonic() if began is None else began
        self._sums = None  # of the current period; None while the model's metric holds them
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
        """Number of updates so far."""
        return self.batches // self.plan.gradient_accumulation_steps

    @property
    def total(self):
        """Number of batches in the whole run."""
        return self.plan.steps * self.plan.gradient_accumulation_steps

    @property
    def owes_evaluation(self):
        """Whether a period has ended and its evaluation is missing."""
        return self._at_end and self.batches > 0 and (not self.rows or self.rows[-1]["step"] < self.step)

    @property
    def has_settled(self):
        """Whether the run ends before its last step, because the loss has stopped improving."""
        return patience.is_over(self.rows, self.recipe.patience, patience.since(self.record))

    @property
    def period(self):
        """Number of batches between two evaluations."""
        return self.plan.evaluate_every * self.plan.gradient_accumulation_steps

    @property
    def _at_end(self):
        return self.batches == self.total or self.batches % self.period == 0

    def state(self):
        """Return the current `checkpoint.State`; None if the weights do not belong to this batch."""
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
        """Run the missing evaluation of a period, as `fit` would."""
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
        if self._sums is not None and not self._at_end:  # the period started in an earlier process
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
            self.model.stop_training = True  # the last period may be shorter than the others
        now = time.monotonic()
        if now - self._shown_at > 0.5 or self.batches == self.total:
            self._shown_at = now
            self._show(loss)
        if self.checkpoints.due:
            self.save()
        self.interrupts.step_ended()

    def on_test_begin(self, logs=None):
        if self._trained_until is None:
            self._trained_until = time.monotonic()
        self._sums = self._held_sums()  # the metric is reset for the validation text

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
        if self.recipe.prompt is not None and self.model.can_begin(self.recipe.prompt):
            sample = self.model.generate(self.recipe.prompt, seed=self.recipe.seed)
        self.interrupts.check()
        best = self.checkpoints.evaluated(self.step, row[self.checkpoints.monitor])
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
        """Write a checkpoint of the current state."""
        if not checkpoint.is_finite(self.model):
            if self.checkpoints.workers.several:
                return  # all processes see it in the next loss
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
        """Return a line of advice if the run has learned nothing, else None."""
        return self._divergence.no_progress(self.rows, self.first_loss)

    def _follow_the_clock(self):
        """Adapt the number of steps of a run by minutes, and its schedule, to the current pace."""
        if self._deadline is None or self.batches % self.plan.gradient_accumulation_steps:
            return
        steps = self._deadline.steps(self.step, self.plan.steps, self.plan.evaluate_every)
        if steps is None:
            return
        every, warmup = min(self.plan.evaluate_every, steps), min(self.plan.warmup_steps, steps - 1)
        self.plan = dataclasses.replace(self.plan, steps=steps, evaluate_every=every, warmup_steps=warmup)
        self.recipe = dataclasses.replace(self.recipe, steps=steps)
        self.record |= {"recipe": dataclasses.asdict(self.recipe), "plan": dataclasses.asdict(self.plan)}
        optimizers.resize_in_run(self.model, self.plan)

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
        if self.mixture is not None:
            row |= self.mixture.row(between=self.interrupts.check)
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
    """Acts on signals between the batches of an evaluation."""

    def __init__(self, interrupts):
        super().__init__()
        self.interrupts = interrupts

    def on_test_batch_end(self, batch, logs=None):
        self.interrupts.check()
