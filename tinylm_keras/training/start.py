"""The model at the start of a run: a new model, or an existing one."""

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
    """Return a new model with weights that depend only on the recipe and its seed."""
    with seeded(recipe.seed):
        return registry.MODELS[recipe.model].build(recipe, tokenizer=tokenizer)


@contextlib.contextmanager
def seeded(seed):
    """A context in which the random numbers of Keras depend only on `seed`; then Python's `random` is restored.

    Every initializer and dropout layer takes its seed from Python's `random` when it is created, so nothing else needs
    a seed, and no global state changes as with `keras.utils.set_random_seed`. Only one thread at a time is inside.
    """
    with saving.construction:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


def refuse_fixed(overrides):
    """Raise a ValueError if an override changes a setting that the model to continue from fixes."""
    for name, value in overrides.items():
        if settings()[name].metadata["group"] in FIXED:
            rule = ["cannot be changed together with ", _checks.Argument("init")]
            rule += [", whose sizes and tokenizer are kept"]
            raise _checks.refuse(name, rule, value, "Leave it out, or train a new model.")


def existing_model(init, seed):
    """Return the model to continue from (of a mixture its network), and whether it was a mixture with counts.

    Args:
        init: str, `os.PathLike` or `LanguageModel`.
        seed: int. Seed for the dropout of a loaded model.

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
        raise _checks.refuse("init", "must be a model that can be trained, and an NGramLM cannot", init)
    return network_of(model), isinstance(model, baselines.MixtureLM)


def network_of(model):
    """Return the part of a model that trains: the network of a mixture, with its tokenizer, or the model itself."""
    if not isinstance(model, baselines.MixtureLM):
        return model
    network = model.network
    network.__dict__["tokenizer"], network.__dict__["first_tokens"] = model.tokenizer, model.first_tokens
    network.generation_defaults = dict(model.generation_defaults)
    return network


def recipe_of(model, recipe):
    """Return the recipe with the sizes and the tokenizer of `model`, as far as a recipe can express them."""
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
