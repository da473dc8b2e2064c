"""Runs by minutes: a few updates are timed, and the rest of the time is converted into a number of updates.

First everything is compiled: the step, the evaluation, the sample. Then the model's initial state is restored, and a
run by steps begins, whose length follows the pace (see `deadline`). So two runs with the same seed may differ.
"""

import dataclasses
import math
import time

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.generation.compile import always_compiles
from tinylm_keras.training import environment, mixing, optimizers, plan
from tinylm_keras.training.deadline import Deadline
from tinylm_keras.training.distribution import Workers

# Share of the time in which updates are timed, and its bounds in seconds.
MEASURED_SHARE, LEAST_MEASURED, MOST_MEASURED = 0.04, 1.0, 10.0

# The largest share of the time for evaluations, unless the recipe sets their period.
EVALUATED_SHARE = 0.2

# Seconds to write the files of a run: two small models, and the plot with the import of its library.
WRITING = 2.0


@dataclasses.dataclass(frozen=True)
class Costs:
    """Measured seconds of an update, of an evaluation with its sample, and of the first call of the step."""

    update: float
    evaluation: float
    compiling: float = 0.0


def lay_out(recipe, corpus, model, began, writes=False, mixture=None, counted=None, clock=time.monotonic, workers=None):
    """Compile a model, measure its pace, and convert the minutes of a recipe into steps.

    Args:
        recipe: `Recipe` with `minutes`.
        corpus: `Corpus`.
        model: `LanguageModel`. It is compiled; its weights do not change.
        began: float. Start of the run by `clock`.
        writes: bool. Whether files are written at the end.
        mixture: `mixing.RunMixture` or None. What each evaluation also computes.
        counted: `mixing.Counted` or None. Counts for a mixture at the end.
        clock: Function that returns seconds.
        workers: `Workers` that train together, or None. Process 0 decides by its clock for all.

    Returns:
        The `Recipe` with `steps` instead of `minutes`, the `Plan` of the run, and its `Deadline`, or None with several
        processes, whose clocks differ.

    Raises:
        ValueError: if no time is left to train.
    """
    workers = workers or Workers()
    end, ending = began + 60 * recipe.minutes, WRITING if writes else 0.0
    first = dataclasses.replace(recipe, minutes=None, steps=10**6)
    batches, _ = corpus.train_batches(dataclasses.replace(first, steps=1000))
    if batches.first_tokens:  # samples begin as the texts do
        model.__dict__["first_tokens"] = batches.first_tokens
    size = {"tokens_per_batch": batches.batch_size * batches.length, "parameters": model.count_params()}
    device = {"device": environment.device()[0], "always_compiles": always_compiles()}
    start = plan.for_minutes(first, recipe.minutes, **device, **size)
    rate = optimizers.schedule(first, start) if optimizers.depends_on_length(first) else None
    optimizers.compile_model(model, first, start, rate)
    state = _state(model)
    costs = _measure(recipe, corpus, model, batches, start, mixture, clock, workers)
    for variable, value in state:
        variable.assign(value)
    if counted is not None:
        ending += mixing.seconds_at_the_end(counted, costs.evaluation)
    per_call = max(1, start.steps_per_execution // start.gradient_accumulation_steps)
    steps, every = workers.of_first(divide(end - ending - clock(), costs, per_call, recipe.evaluate_every))
    if steps < 1:
        spent = f"compiling and measuring took {clock() - began:.0f} s, an update takes {costs.update:.2g} s"
        raise _checks.refuse("minutes", f"must leave time to train: {spent}", recipe.minutes, "Give it more.")
    final = dataclasses.replace(first, steps=steps, evaluate_every=every, jit_compile=start.jit_compile)
    final_plan = dataclasses.replace(
        start,
        steps=steps,
        evaluate_every=every,
        warmup_steps=min(recipe.warmup_steps, steps // 2),
        estimated_seconds=end - ending - began,
    )
    change = 0.0
    if rate is not None:
        optimizers.resize_in_run(model, final_plan)
        change = 0.0 if keras.backend.backend() == "tensorflow" else costs.compiling
    deadline = None if workers.several else Deadline(began, end, ending, costs, per_call, clock, change)
    return final, final_plan, deadline


def divide(seconds, costs, per_call=1, evaluate_every=None):
    """Return the number of updates for the remaining time, and the number between two evaluations.

    Both are multiples of `per_call`, the number of updates in one call of the compiled step.

    Example:

    >>> divide(100.0, Costs(update=0.1, evaluation=1.0), per_call=5)
    (900, 90)
    >>> divide(100.0, Costs(update=0.1, evaluation=1.0), evaluate_every=90)
    (900, 90)
    """
    if evaluate_every is None:
        most = max(1, int(EVALUATED_SHARE * seconds / max(costs.evaluation, 1e-9)))
        evaluations = min(plan.EVALUATIONS, most)
        steps = _multiple((seconds - evaluations * costs.evaluation) / costs.update, per_call, math.floor)
        return steps, max(per_call, _multiple(steps / evaluations, per_call, math.ceil))
    every = max(per_call, _multiple(evaluate_every, per_call, math.floor))
    whole, rest = divmod(seconds, every * costs.update + costs.evaluation)
    last = _multiple((rest - costs.evaluation) / costs.update, per_call, math.floor)
    steps = int(whole) * every + max(0, last)
    return steps, min(every, max(steps, per_call))


def _multiple(number, of, rounded):
    """Return `number` rounded to a multiple of `of`, tolerating floating point errors."""
    return int(rounded(round(number / of, 6))) * of


def _state(model):
    """Return all variables of the model and its optimizer, with their values."""
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    return [(variable, ops.convert_to_numpy(variable).copy()) for variable in variables]


def _measure(recipe, corpus, model, batches, start, mixture, clock, workers):
    """Compile and time training, evaluation and sampling."""
    evaluated = [one for one in (corpus.validation_batches(recipe), corpus.training_sample(recipe)) if one is not None]

    def evaluate():
        for one in evaluated:
            model.evaluate(one, verbose=0)
        if mixture is not None:
            mixture.row()
        if recipe.prompt is not None and model.can_begin(recipe.prompt):
            model.generate(recipe.prompt, seed=recipe.seed)

    evaluate()  # compiles
    began = clock()
    evaluate()
    evaluation = clock() - began
    seconds = min(MOST_MEASURED, max(LEAST_MEASURED, MEASURED_SHARE * 60 * recipe.minutes))
    pace = Pace(seconds, clock, workers)
    period = start.steps_per_execution * max(1, 50 * start.gradient_accumulation_steps // start.steps_per_execution)
    model.fit_in_run(batches, steps_per_epoch=period, epochs=10**4, callbacks=[pace], verbose=0)
    return Costs(pace.seconds_per_batch * start.gradient_accumulation_steps, evaluation, pace.compiling)


class Pace(keras.callbacks.Callback):
    """Times batches, without the first call of the step (it compiles), and stops after `seconds` of process 0."""

    def __init__(self, seconds, clock, workers):
        super().__init__()
        self.seconds, self.clock, self.workers = seconds, clock, workers
        self.seconds_per_batch, self.compiling = None, -clock()
        self._began, self._batches, self._last = None, 0, 0

    def on_epoch_begin(self, epoch, logs=None):
        self._last = 0

    def on_train_batch_end(self, batch, logs=None):
        float(logs["loss"])  # waits for the device
        done, self._last = batch + 1 - self._last, batch + 1
        if self._began is None:
            self._began = self.clock()
            self.compiling += self._began
            return
        self._batches += done
        passed = self.clock() - self._began
        self.seconds_per_batch = passed / self._batches
        if self.workers.of_first(passed >= self.seconds):
            self.model.stop_training = True
