"""The model a run begins with: a new one, or one that continues."""

import contextlib
import dataclasses
import os
import random

from tinylm_keras import _checks, baselines, models, saving
from tinylm_keras.recipe import registry
from tinylm_keras.recipe.recipe import settings

# Groups of settings that an existing model fixes.
FIXED = ("tokens", "model")


def new_model(recipe, tokenizer):
    """Return a new model whose weights are a function of the recipe's seed."""
    with seeded(recipe.seed):
        return registry.MODELS[recipe.model].build(recipe, tokenizer=tokenizer)


@contextlib.contextmanager
def seeded(seed):
    """Make what Keras draws inside a function of `seed`, and leave Python's own random numbers as they were.

    Every initializer and dropout layer takes its seed from Python's `random` when it is made, so nothing else needs to
    be seeded, and no global state is changed as `keras.utils.set_random_seed` would. Threads take turns inside.
    """
    with saving.construction:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


def refuse_fixed(overrides):
    """Raise a ValueError if a setting that a model fixes is to be changed for a run that continues from one."""
    for name, value in overrides.items():
        if settings()[name].metadata["group"] in FIXED:
            rule = ["cannot be changed together with ", _checks.Argument("init")]
            rule += [", whose sizes and tokenizer are kept"]
            raise _checks.refuse(name, rule, value, "Leave it out, or train a new model.")


def existing_model(init, seed):
    """Return the model to continue from, and whether it is mixed with counts; then it is the network of the mixture.

    Args:
        init: str, `os.PathLike` or `LanguageModel`.
        seed: int. Fixes the dropout of a model that is loaded.

    Raises:
        ValueError: if the model has no tokenizer.
        TypeError: if `init` is neither a path nor a model.
    """
    if isinstance(init, (str, os.PathLike)):
        with seeded(seed):  # a file holds no dropout state
            model = saving.load_model(init)
    elif isinstance(init, models.LanguageModel):
        model = init
    else:
        raise _checks.refuse("init", "must be the path of a .keras file or a model", init, error=TypeError)
    if model.tokenizer is None:
        raise _checks.refuse("init", "must be a model with a tokenizer", init)
    if isinstance(model, baselines.NGramLM):
        raise _checks.refuse("init", "must be a model that trains, and an NGramLM is counted", init)
    return network_of(model), isinstance(model, baselines.MixtureLM)


def network_of(model):
    """Return what trains in a model: of a mixture its network, with the tokenizer; else the model itself."""
    if not isinstance(model, baselines.MixtureLM):
        return model
    network = model.network
    network.__dict__["tokenizer"], network.__dict__["first_tokens"] = model.tokenizer, model.first_tokens
    network.generation_defaults = dict(model.generation_defaults)
    return network


def recipe_of(model, recipe):
    """Return the recipe with the sizes and the tokenizer that `model` really has, as far as a recipe can name them."""
    model = network_of(model)
    config = model.get_config() | {"end_token": model.tokenizer.end_token}
    config |= dict.fromkeys(("max_tokens", "vocabulary_file", "merges_file"))
    policy = model.dtype_policy.name
    config["precision"] = policy if policy in settings()["precision"].metadata["choices"] else None
    names = [name for name, field in settings().items() if field.metadata["group"] in FIXED]
    found = {name: config[name] for name in names if name in config and name not in ("model", "tokenizer")}
    for setting, kinds, thing in (
        ("model", registry.MODELS, model),
        ("tokenizer", registry.TOKENIZERS, model.tokenizer),
    ):
        for name, kind in kinds.items():
            if kind.where.endswith(":" + type(thing).__name__):
                found[setting] = name
    return dataclasses.replace(recipe, **found)
