"""The optimizer of a recipe, with its learning rate schedule."""

import keras

from tinylm_keras.training import registry


def schedule(recipe, plan):
    """Return the learning rate: a linear warm-up, then half a cosine down to `minimum_rate` of the highest.

    Args:
        recipe: `Recipe`, for `learning_rate` and `minimum_rate`.
        plan: `Plan`, for `steps` and `warm_up`, both counted in updates.

    Returns:
        A float where the rate is constant, else a `keras.optimizers.schedules.CosineDecay`.
    """
    if plan.warm_up == 0 and recipe.minimum_rate == 1:
        return recipe.learning_rate
    # CosineDecay counts `decay_steps` after the warm-up. Starting at 0 would waste the first update.
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / max(1, plan.warm_up),
        decay_steps=max(1, plan.steps - plan.warm_up),
        alpha=recipe.minimum_rate,
        warmup_target=recipe.learning_rate if plan.warm_up else None,
        warmup_steps=plan.warm_up,
    )


def build(recipe, plan):
    """Return the recipe's optimizer. `model.compile` leaves biases, norms and embeddings out of its weight decay."""
    kind = registry.OPTIMIZERS[recipe.optimizer]
    return kind.build(recipe, learning_rate=schedule(recipe, plan))
