"""How a run is divided: updates, evaluations, batches per call of the compiled function, and whether XLA pays."""

import dataclasses
import math

from tinylm_keras import _checks

# Nominal floating point operations per second of training. Only the order of magnitude matters: it decides whether a
# run is long enough for XLA, and how many batches make about half a second.
NOMINAL_RATE = {"cpu": 1e11, "gpu": 1e13}

# XLA compiles the training and the evaluation step for 5 to 12 seconds and then saves about a third of each step.
WORTH_COMPILING = 30.0

EVALUATIONS = 10

# What the evaluations of a run may take, as a share of the training, where a forward pass is a third of a step; and the
# fewest batches that say something of a loss.
EVALUATED_SHARE, FORWARD_SHARE, LEAST_BATCHES = 0.1, 1 / 3, 8

# Periods that are tried, to find one that divides well.
CANDIDATES = 10_000


@dataclasses.dataclass(frozen=True)
class Plan:
    """Numbers of a run.

    Attributes:
        steps: int. Updates in the run.
        evaluate_every: int. Updates between two evaluations; the last period may be shorter.
        gradient_accumulation_steps: int. Batches in one update.
        steps_per_execution: int. Batches in one call; divides those of the run and of the time between evaluations.
        jit_compile: bool. Whether XLA compiles the step.
        warmup_steps: int. Updates that raise the learning rate.
        estimated_seconds: float. Work of the run at the nominal rate.
        evaluation_batches: int or None. Random batches of the validation text that an evaluation uses, because all
            of it would take too long; None: what the recipe says.

    Raises:
        ValueError: if a number is out of its range (a plan is read from files).
    """

    steps: int
    evaluate_every: int
    gradient_accumulation_steps: int
    steps_per_execution: int
    jit_compile: bool
    warmup_steps: int
    estimated_seconds: float
    evaluation_batches: int | None = None

    def __post_init__(self):
        for name in ("steps", "evaluate_every", "gradient_accumulation_steps", "steps_per_execution"):
            _checks.whole_number(name, getattr(self, name), 1)
        _checks.whole_number("warmup_steps", self.warmup_steps, 0)
        if not isinstance(self.jit_compile, bool):
            raise _checks.refuse("jit_compile", "must be True or False", self.jit_compile)
        _checks.real_number("estimated_seconds", self.estimated_seconds, 0)
        if self.evaluation_batches is not None:
            _checks.whole_number("evaluation_batches", self.evaluation_batches, 1)

    @property
    def evaluations(self):
        """How often the run is evaluated."""
        return math.ceil(self.steps / self.evaluate_every)


def make(recipe, *, batches_per_epoch, tokens_per_batch, parameters, device="cpu", validation_batches=0):
    """Divide a run.

    The work is estimated as 6 operations for each parameter and token (2 forward, 4 backward). XLA is chosen when that
    takes more than 30 seconds at the nominal rate of the device (on a CPU not for bfloat16, whose products it slows
    down), unless the recipe says otherwise.

    There are about ten evaluations, unless the recipe says how often or on how many batches. Where all of the
    validation text would make them longer than a tenth of the training, they use a part of it.

    Args:
        recipe: `Recipe`.
        batches_per_epoch: int. Batches in one pass over the text.
        tokens_per_batch: int. Rows times columns of a batch.
        parameters: int. Size of the model.
        device: "cpu" or "gpu".
        validation_batches: int. Batches of all of the validation text.

    Returns:
        A `Plan`.

    Example:

    >>> from tinylm_keras.recipe.presets import get
    >>> plan = make(get("tinylm"), batches_per_epoch=1, tokens_per_batch=140, parameters=70_000)
    >>> plan.steps, plan.evaluate_every, plan.steps_per_execution, plan.jit_compile
    (70, 7, 7, False)
    """
    batches = recipe.gradient_accumulation_steps
    steps = recipe.steps or math.ceil(recipe.epochs * batches_per_epoch / batches)
    one = 6 * parameters * tokens_per_batch / NOMINAL_RATE[device]
    most = _batches_per_call(one)
    every = min(recipe.evaluate_every or _period(steps, max(1, most // batches)), steps)
    seconds = steps * batches * one
    return Plan(
        steps=steps,
        evaluate_every=every,
        gradient_accumulation_steps=batches,
        steps_per_execution=_largest_divisor(math.gcd(every, steps) * batches, most),
        jit_compile=_compiles(recipe, seconds, device),
        warmup_steps=min(recipe.warmup_steps, steps // 2),
        estimated_seconds=seconds,
        evaluation_batches=_evaluation_batches(recipe, steps, every, validation_batches),
    )


def _evaluation_batches(recipe, steps, every, validation_batches):
    """Return on how many batches to estimate the validation loss, or None for what the recipe says."""
    if recipe.evaluation_batches is not None or recipe.evaluate_every is not None:
        return None
    training = steps * recipe.gradient_accumulation_steps / FORWARD_SHARE  # in forward passes
    most = max(LEAST_BATCHES, int(EVALUATED_SHARE * training / math.ceil(steps / every)))
    return most if validation_batches > most else None


def for_minutes(recipe, minutes, *, tokens_per_batch, parameters, device="cpu"):
    """Return the plan of a run whose length is not known yet: what must be decided before anything compiles.

    Args:
        recipe: `Recipe` with a number of `steps` that is not meant.
        minutes: float. How long the run lasts.
        tokens_per_batch: int. Rows times columns of a batch.
        parameters: int. Size of the model.
        device: "cpu" or "gpu".

    Returns:
        A `Plan` whose batches per call are whole updates, or divide one.
    """
    most = _batches_per_call(6 * parameters * tokens_per_batch / NOMINAL_RATE[device])
    together = min(10, most // recipe.gradient_accumulation_steps) * recipe.gradient_accumulation_steps
    return Plan(
        steps=recipe.steps,
        evaluate_every=recipe.steps,
        gradient_accumulation_steps=recipe.gradient_accumulation_steps,
        steps_per_execution=together or _largest_divisor(recipe.gradient_accumulation_steps, most),
        jit_compile=_compiles(recipe, 60 * minutes, device),
        warmup_steps=recipe.warmup_steps,
        estimated_seconds=60 * minutes,
    )


def _compiles(recipe, seconds, device):
    """Return whether XLA compiles the step of a run of so many seconds, at the nominal rate of the device.

    On a CPU it multiplies bfloat16 as slowly as float32, and TensorFlow's own products are up to three times as fast.
    """
    if recipe.jit_compile is not None:
        return recipe.jit_compile
    return seconds > WORTH_COMPILING and not (device == "cpu" and recipe.precision == "mixed_bfloat16")


def _batches_per_call(seconds):
    """Return how many batches, of so many seconds each, make about half a second: the progress line stays alive."""
    return max(1, min(64, int(0.5 / seconds)))


def _period(steps, most):
    """Return the period that gives about ten evaluations and shares a large divisor with `steps`."""
    ideal = steps / EVALUATIONS
    first, last = max(1, math.ceil(ideal * 0.8)), max(1, math.floor(ideal * 1.25))
    candidates = range(first, last + 1, max(1, (last - first) // CANDIDATES))  # not each one of a billion
    best = max(candidates, key=lambda n: (_largest_divisor(math.gcd(n, steps), most), -abs(n - ideal)), default=None)
    return best or math.ceil(ideal)


def _largest_divisor(number, most):
    """Return the largest divisor of `number` that is at most `most`."""
    return max(n for n in range(1, min(number, most) + 1) if number % n == 0)
