"""The plan of a run: numbers of updates and evaluations, batches per call of the step, and whether to use XLA."""

import dataclasses
import math

from tinylm_keras import _checks

# Nominal floating point operations per second of training. Only the order of magnitude matters: it decides whether a
# run is long enough for XLA, and how many batches take about half a second.
NOMINAL_RATE = {"cpu": 1e11, "gpu": 1e13}

# XLA compiles the training and the evaluation step for 5 to 12 seconds and then saves about a third of each step.
WORTH_COMPILING = 30.0

EVALUATIONS = 10

# The largest share of the training time for evaluations, the share of a forward pass in a training step, and the fewest
# batches that give a useful estimate of a loss.
EVALUATED_SHARE, FORWARD_SHARE, LEAST_BATCHES = 0.1, 1 / 3, 8

# Number of evaluation periods that are tried.
CANDIDATES = 10_000


@dataclasses.dataclass(frozen=True)
class Plan:
    """The numbers of a run.

    Attributes:
        steps: int. Updates in the run.
        evaluate_every: int. Updates between two evaluations; the last period may be shorter.
        gradient_accumulation_steps: int. Batches in one update.
        steps_per_execution: int. Batches in one call; divides the batches of the run and of an evaluation period.
        jit_compile: bool. Whether XLA compiles the step.
        warmup_steps: int. Updates that raise the learning rate.
        estimated_seconds: float. Duration of the run at the nominal rate.
        evaluation_batches: int or None. Random batches of the validation text for an evaluation, if all of it would
            take too long; None: as in the recipe.

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
        """Number of evaluations of the run."""
        return math.ceil(self.steps / self.evaluate_every)


def make(
    recipe,
    *,
    batches_per_epoch,
    tokens_per_batch,
    parameters,
    device="cpu",
    validation_batches=0,
    always_compiles=False,
):
    """Make the plan of a run.

    The work is estimated as 6 operations for each parameter and token (2 forward, 4 backward). Unless the recipe
    decides, XLA is used if this takes more than 30 seconds at the nominal rate of the device (on a CPU not with
    bfloat16, which XLA computes slowly).

    There are about ten evaluations, unless the recipe sets their period or their batches. If evaluations on all of the
    validation text would take more than a tenth of the training time, they use a part of it.

    Args:
        recipe: `Recipe`.
        batches_per_epoch: int. Batches in one pass over the text.
        tokens_per_batch: int. Rows times columns of a batch.
        parameters: int. Size of the model.
        device: "cpu" or "gpu".
        validation_batches: int. Batches of all of the validation text.
        always_compiles: bool. See `generation.compile`.

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
        jit_compile=_compiles(recipe, seconds, device, always_compiles),
        warmup_steps=min(recipe.warmup_steps, steps // 2),
        estimated_seconds=seconds,
        evaluation_batches=_evaluation_batches(recipe, steps, every, validation_batches),
    )


def _evaluation_batches(recipe, steps, every, validation_batches):
    """Return the number of batches for the validation loss, or None to follow the recipe."""
    if recipe.evaluation_batches is not None or recipe.evaluate_every is not None:
        return None
    training = steps * recipe.gradient_accumulation_steps / FORWARD_SHARE  # in forward passes
    most = max(LEAST_BATCHES, int(EVALUATED_SHARE * training / math.ceil(steps / every)))
    return most if validation_batches > most else None


def for_minutes(recipe, minutes, *, tokens_per_batch, parameters, device="cpu", always_compiles=False):
    """Return the preliminary plan of a run by minutes, with everything that must be known before compiling.

    Args:
        recipe: `Recipe` with a placeholder for `steps`.
        minutes: float. Duration of the run.
        tokens_per_batch: int. Rows times columns of a batch.
        parameters: int. Size of the model.
        device: "cpu" or "gpu".
        always_compiles: bool. See `generation.compile`.

    Returns:
        A `Plan` whose `steps_per_execution` is a multiple or a divisor of the batches in an update.
    """
    most = _batches_per_call(6 * parameters * tokens_per_batch / NOMINAL_RATE[device])
    together = min(10, most // recipe.gradient_accumulation_steps) * recipe.gradient_accumulation_steps
    return Plan(
        steps=recipe.steps,
        evaluate_every=recipe.steps,
        gradient_accumulation_steps=recipe.gradient_accumulation_steps,
        steps_per_execution=together or _largest_divisor(recipe.gradient_accumulation_steps, most),
        jit_compile=_compiles(recipe, 60 * minutes, device, always_compiles),
        warmup_steps=recipe.warmup_steps,
        estimated_seconds=60 * minutes,
    )


def _compiles(recipe, seconds, device, always):
    """Return whether to compile with XLA, for a run of so many seconds at the nominal rate of the device.

    On a CPU, bfloat16 products of XLA are as slow as float32; TensorFlow's own are up to three times as fast.
    """
    if recipe.jit_compile is not None:
        return recipe.jit_compile
    return always or (seconds > WORTH_COMPILING and not (device == "cpu" and recipe.precision == "mixed_bfloat16"))


def _batches_per_call(seconds):
    """Return how many batches, of so many seconds each, take about half a second, so that progress is shown often."""
    return max(1, min(64, int(0.5 / seconds)))


def _period(steps, most):
    """Return the period that gives about ten evaluations and shares a large divisor with `steps`."""
    ideal = steps / EVALUATIONS
    first, last = max(1, math.ceil(ideal * 0.8)), max(1, math.floor(ideal * 1.25))
    candidates = range(first, last + 1, max(1, (last - first) // CANDIDATES))  # a sample of very many
    best = max(candidates, key=lambda n: (_largest_divisor(math.gcd(n, steps), most), -abs(n - ideal)), default=None)
    return best or math.ceil(ideal)


def _largest_divisor(number, most):
    """Return the largest divisor of `number` that is at most `most`."""
    return max(n for n in range(1, min(number, most) + 1) if number % n == 0)
