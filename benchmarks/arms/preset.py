"""A preset's model and plan on bare ids, on every backend: what `tlm.train` makes of a text, without the text."""

from tinylm_keras.recipe import registry
from tinylm_keras.training import optimizers, plan, start


def build(recipe, vocabulary_size, pad_id, device="cpu", dtype=None):
    """Return a new model of a recipe, compiled as `tlm.train` compiles it, and the plan of its run.

    Args:
        recipe: `Recipe` with `steps`.
        vocabulary_size: int. Number of ids, `pad_id` among them.
        pad_id: int.
        device: "cpu" or "gpu".
        dtype: str or None. Keras dtype policy.
    """
    sizes = {"vocabulary_size": vocabulary_size, "pad_id": pad_id}
    with start.seeded(recipe.seed):
        model = registry.MODELS[recipe.model].build(recipe, **sizes, **({} if dtype is None else {"dtype": dtype}))
    run_plan = plan.make(
        recipe,
        batches_per_epoch=recipe.steps,
        tokens_per_batch=recipe.context_length * recipe.batch_size,
        parameters=model.count_params(),
        device=device,
    )
    model.compile(
        optimizer=optimizers.build(recipe, run_plan),
        jit_compile=run_plan.jit_compile,
        steps_per_execution=run_plan.steps_per_execution,
    )
    return model, run_plan
