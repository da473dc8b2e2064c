"""The optimizer of a recipe, with its learning rate schedule."""

from keras import ops

from tinylm_keras.models import after_run
from tinylm_keras.recipe import registry
from tinylm_keras.schedules import Decay

# Keras calls a schedule with the number of batches seen before this one, also where several make one update. So the
# schedules below are stretched by n = `recipe.gradient_accumulation_steps` and moved by `_delay`: update u, counted
# from 0, is made by batch u * n + n - 1, and there they give exactly the rate that the recipe says for u. Where Keras's
# schedules serve, a saved model names classes of Keras alone; a line after a warmup needs our own `Decay`.


def _delay(recipe):
    return recipe.gradient_accumulation_steps - 1


def schedule(recipe, plan):
    """Return the learning rate as a float, when it is constant, or as a Keras schedule.

    "cosine" is a linear warmup, then half a cosine down to `min_learning_rate_ratio` of the peak; "linear" the same
    with a straight line; "exponential" multiplies the rate by `decay_rate` after every `decay_every` updates.

    Args:
        recipe: `Recipe`.
        plan: `Plan`, for `steps` and `warmup_steps`, both counted in updates.

    Returns:
        A float, Keras's `CosineDecay`, `PolynomialDecay` or `ExponentialDecay`, or a `Decay`. Called with a number of
        batches.
    """
    kind = registry.SCHEDULES[recipe.schedule]
    if recipe.schedule == "exponential":
        # The delay is less than one update, so it never moves a whole number of falls.
        decay_steps = recipe.decay_every * recipe.gradient_accumulation_steps
        return kind.build(recipe, initial_learning_rate=recipe.learning_rate, decay_steps=decay_steps)
    if plan.warmup_steps == 0 and recipe.min_learning_rate_ratio == 1:
        return recipe.learning_rate
    if recipe.schedule == "linear":
        return decay(recipe, plan) if plan.warmup_steps else _line(recipe, plan)
    batches = plan.warmup_steps * recipe.gradient_accumulation_steps + _delay(recipe)
    return kind.build(
        recipe,
        initial_learning_rate=_first_rate(recipe, plan.warmup_steps, batches),
        decay_steps=max(
            1, (plan.steps - plan.warmup_steps) * recipe.gradient_accumulation_steps
        ),  # counted after the warm-up
        alpha=recipe.min_learning_rate_ratio,
        warmup_target=recipe.learning_rate if batches else None,
        warmup_steps=batches,
    )


def decay(recipe, plan):
    """Return the rate of a "linear" or "cosine" recipe as a `Decay`, whose length can change."""
    return Decay(
        recipe.learning_rate,
        plan.steps,
        plan.warmup_steps,
        recipe.min_learning_rate_ratio,
        recipe.schedule,
        recipe.gradient_accumulation_steps,
    )


def _line(recipe, plan):
    """Return a line that passes update 0 at the highest rate, and begins higher where its first batch comes before."""
    batches = plan.steps * recipe.gradient_accumulation_steps
    fall = recipe.learning_rate * (1 - recipe.min_learning_rate_ratio) / batches  # of each batch
    return registry.SCHEDULES["linear"].build(
        recipe,
        initial_learning_rate=recipe.learning_rate + fall * _delay(recipe),
        decay_steps=batches + _delay(recipe),
        end_learning_rate=recipe.learning_rate * recipe.min_learning_rate_ratio,
    )


def _first_rate(recipe, warmup_steps, batches):
    """Return the rate of batch 0 that gives update 0 the share 1 / `warmup_steps` of the highest (0 would waste it)."""
    if warmup_steps == 0:
        return recipe.learning_rate
    rise = (
        recipe.learning_rate * (1 - 1 / warmup_steps) / (warmup_steps * recipe.gradient_accumulation_steps)
    )  # of each batch
    return recipe.learning_rate - rise * batches


def rate(recipe, plan, update):
    """Return the learning rate of an update, counted from 0, as a float."""
    chosen = schedule(recipe, plan)
    if not callable(chosen):
        return chosen
    return float(ops.convert_to_numpy(chosen(update * recipe.gradient_accumulation_steps + _delay(recipe))))


def depends_on_length(recipe):
    """Whether the rate of an update depends on how many there are."""
    return recipe.schedule != "exponential" and not (recipe.warmup_steps == 0 and recipe.min_learning_rate_ratio == 1)


def compile_model(model, recipe, plan, rate=None):
    """Compile a model for a run, and give it the generation defaults of its recipe.

    Args:
        model: `LanguageModel`.
        recipe: `Recipe`.
        plan: `Plan`.
        rate: A schedule of Keras that replaces the recipe's, or None.
    """
    model.compile(
        optimizer=build(recipe, plan, rate),
        jit_compile=plan.jit_compile,
        steps_per_execution=plan.steps_per_execution,
    )
    after_run.mark(model, after_run.RUN)
    model.generation_defaults = {"temperature": recipe.temperature, "max_new_tokens": recipe.max_new_tokens}


def build(recipe, plan, rate=None):
    """Return the recipe's optimizer. `model.compile` leaves biases, norms and embeddings out of its weight decay."""
    return registry.OPTIMIZERS[recipe.optimizer].build(
        recipe,
        learning_rate=schedule(recipe, plan) if rate is None else rate,
        gradient_accumulation_steps=recipe.gradient_accumulation_steps
        if recipe.gradient_accumulation_steps > 1
        else None,
    )
