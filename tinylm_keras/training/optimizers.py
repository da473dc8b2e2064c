"""The optimizer of a recipe, with its learning rate schedule."""

from keras import ops

from tinylm_keras.models import after_run
from tinylm_keras.recipe import registry
from tinylm_keras.schedules import Decay

# Keras calls a schedule with the number of batches seen before this one, also where several make one update. So the
# schedules below are stretched by `recipe.accumulate` and moved by `_delay`: update u, counted from 0, is made by batch
# u * accumulate + accumulate - 1, and there they give exactly the rate that the recipe says for u. Where Keras's
# schedules serve, a saved model names classes of Keras alone; a line after a warm-up needs our own `Decay`.


def _delay(recipe):
    return recipe.accumulate - 1


def schedule(recipe, plan):
    """Return the learning rate as a float, when it is constant, or as a Keras schedule.

    "cosine" is a linear warm-up, then half a cosine down to `minimum_rate` of the highest; "linear" the same with a
    straight line; "exponential" multiplies the rate by `decay_rate` after every `decay_every` updates.

    Args:
        recipe: `Recipe`.
        plan: `Plan`, for `steps` and `warm_up`, both counted in updates.

    Returns:
        A float, Keras's `CosineDecay`, `PolynomialDecay` or `ExponentialDecay`, or a `Decay`. Called with a number of
        batches.
    """
    kind = registry.SCHEDULES[recipe.schedule]
    if recipe.schedule == "exponential":
        # The delay is less than one update, so it never moves a whole number of falls.
        decay_steps = recipe.decay_every * recipe.accumulate
        return kind.build(recipe, initial_learning_rate=recipe.learning_rate, decay_steps=decay_steps)
    if plan.warm_up == 0 and recipe.minimum_rate == 1:
        return recipe.learning_rate
    if recipe.schedule == "linear":
        return decay(recipe, plan) if plan.warm_up else _line(recipe, plan)
    batches = plan.warm_up * recipe.accumulate + _delay(recipe)
    return kind.build(
        recipe,
        initial_learning_rate=_first_rate(recipe, plan.warm_up, batches),
        decay_steps=max(1, (plan.steps - plan.warm_up) * recipe.accumulate),  # counted after the warm-up
        alpha=recipe.minimum_rate,
        warmup_target=recipe.learning_rate if batches else None,
        warmup_steps=batches,
    )


def decay(recipe, plan):
    """Return the rate of a "linear" or "cosine" recipe as a `Decay`, whose length can change."""
    return Decay(
        recipe.learning_rate, plan.steps, plan.warm_up, recipe.minimum_rate, recipe.schedule, recipe.accumulate
    )


def _line(recipe, plan):
    """Return a line that passes update 0 at the highest rate, and begins higher where its first batch comes before."""
    batches = plan.steps * recipe.accumulate
    fall = recipe.learning_rate * (1 - recipe.minimum_rate) / batches  # of each batch
    return registry.SCHEDULES["linear"].build(
        recipe,
        initial_learning_rate=recipe.learning_rate + fall * _delay(recipe),
        decay_steps=batches + _delay(recipe),
        end_learning_rate=recipe.learning_rate * recipe.minimum_rate,
    )


def _first_rate(recipe, warm_up, batches):
    """Return the rate of batch 0 that gives update 0 the share 1 / `warm_up` of the highest (0 would waste it)."""
    if warm_up == 0:
        return recipe.learning_rate
    rise = recipe.learning_rate * (1 - 1 / warm_up) / (warm_up * recipe.accumulate)  # of each batch
    return recipe.learning_rate - rise * batches


def rate(recipe, plan, update):
    """Return the learning rate of an update, counted from 0, as a float."""
    chosen = schedule(recipe, plan)
    if not callable(chosen):
        return chosen
    return float(ops.convert_to_numpy(chosen(update * recipe.accumulate + _delay(recipe))))


def depends_on_length(recipe):
    """Whether the rate of an update depends on how many there are."""
    return recipe.schedule != "exponential" and not (recipe.warm_up == 0 and recipe.minimum_rate == 1)


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
        gradient_accumulation_steps=recipe.accumulate if recipe.accumulate > 1 else None,
    )
