"""The optimizer of a recipe, with its learning rate schedule."""

import keras
from keras import ops

from tinylm_keras.models import after_run
from tinylm_keras.recipe import registry
from tinylm_keras.schedules import Decay


def schedule(recipe, plan):
    """Return the learning rate: a float if it is constant, otherwise a schedule, which takes the number of a batch.

    "cosine" is a linear warmup, then half a cosine down to `min_learning_rate_ratio` of the peak; "linear" the same
    with a straight line; "exponential" multiplies the rate by `decay_rate` after every `decay_every` updates. Keras
    counts batches, even if several make one update; all batches of an update have the same rate.

    Args:
        recipe: `Recipe`.
        plan: `Plan`, for `steps` and `warmup_steps`, both counted in updates.

    Returns:
        A float, a `Decay`, or Keras's `ExponentialDecay`.
    """
    if recipe.schedule == "exponential":
        return registry.SCHEDULES[recipe.schedule].build(
            recipe,
            initial_learning_rate=recipe.learning_rate,
            decay_steps=recipe.decay_every * recipe.gradient_accumulation_steps,
        )
    if not depends_on_length(recipe):
        return recipe.learning_rate
    return Decay(
        recipe.learning_rate,
        plan.steps,
        plan.warmup_steps,
        recipe.min_learning_rate_ratio,
        recipe.schedule,
        recipe.gradient_accumulation_steps,
    )


def rate(recipe, plan, update):
    """Return the learning rate of an update, counted from 0, as a float."""
    chosen = schedule(recipe, plan)
    if not callable(chosen):
        return chosen
    return float(ops.convert_to_numpy(chosen(update * recipe.gradient_accumulation_steps)))


def depends_on_length(recipe):
    """Whether the learning rate depends on the number of updates in the run."""
    return recipe.schedule != "exponential" and not (recipe.warmup_steps == 0 and recipe.min_learning_rate_ratio == 1)


def resize(optimizer, plan):
    """Give the schedule of an optimizer the length of a plan, in place, if it depends on the length."""
    rate = optimizer._learning_rate
    if isinstance(rate, Decay):
        rate.resize(plan.steps, plan.warmup_steps)


def resize_in_run(model, plan):
    """As `resize`, while the model trains. On JAX the length is a constant of the step, which is compiled again."""
    resize(model.optimizer, plan)
    if keras.backend.backend() != "tensorflow":
        model.make_train_function(force=True)


def compile_model(model, recipe, plan, rate=None):
    """Compile a model for a run, and give it the generation defaults of its recipe.

    Args:
        model: `LanguageModel`.
        recipe: `Recipe`.
        plan: `Plan`.
        rate: A `Decay` that replaces the recipe's schedule, or None.
    """
    model.compile(
        optimizer=build(recipe, plan, rate),
        jit_compile=plan.jit_compile,
        steps_per_execution=plan.steps_per_execution,
    )
    after_run.mark(model, after_run.RUN)
    model.generation_defaults = {"temperature": recipe.temperature, "max_new_tokens": recipe.max_new_tokens}


def build(recipe, plan, rate=None):
    """Return the recipe's optimizer. `model.compile` excludes biases, norms and embeddings from weight decay."""
    return registry.OPTIMIZERS[recipe.optimizer].build(
        recipe,
        learning_rate=schedule(recipe, plan) if rate is None else rate,
        gradient_accumulation_steps=recipe.gradient_accumulation_steps
        if recipe.gradient_accumulation_steps > 1
        else None,
    )
