"""How several devices divide a batch, or a model, and which recipes can be divided so."""

import os

import keras

from tinylm_keras import _checks

# How `distribute="model=N"` divides the weights of a transformer: "model" is the axis of the devices that hold one copy
# together. The vocabulary is never divided, because any vocabulary size is allowed.
WIDE, TALL = (None, "model"), ("model", None)
DIVIDED = {
    r".*embedding/embeddings": WIDE,
    r".*query_key_value/kernel": WIDE,
    r".*query_key_value/bias": ("model",),
    r".*projection/kernel": TALL,
    r".*expand/kernel": WIDE,
    r".*expand/bias": ("model",),
    r".*contract/kernel": TALL,
    r"(.*/)?head/kernel": TALL,
}


def check(workers, recipe, init):
    """Refuse a recipe that the devices of some `Workers` cannot train together.

    Args:
        workers: `Workers`.
        recipe: `Recipe`.
        init: The model to continue from, if any.

    Raises:
        ValueError: if a size does not divide, or `init` is a model.
    """
    copies = workers.devices // workers.model_parts
    if recipe.batch_size % copies:
        rule = f"must be divisible by {copies}, the number of {'devices' if workers.model_parts == 1 else 'copies'}"
        size = -(-recipe.batch_size // copies) * copies
        advice = ["Try ", _checks.Argument("batch_size", size), "."]
        raise _checks.refuse("batch_size", rule, recipe.batch_size, advice)
    if init is not None and not isinstance(init, (str, os.PathLike)):
        rule = ["must be a path together with ", _checks.Argument("distribute")]
        raise _checks.refuse("init", rule, init)
    if workers.model_parts > 1:
        _check_widths(workers, recipe)


def _check_widths(workers, recipe):
    if recipe.model not in ("minilm", "rotary"):
        rule = ["must be a transformer with ", _checks.Argument("distribute", workers.distribute)]
        raise _checks.refuse("model", rule, recipe.model, ["Try ", _checks.Argument("distribute", "data"), "."])
    for name in ("embed_dim", "feed_forward_dim"):
        value = getattr(recipe, name)
        if value is not None and value % workers.model_parts:
            rule = [f"must be divisible by {workers.model_parts} with "]
            rule += [_checks.Argument("distribute", workers.distribute)]
            size = -(-value // workers.model_parts) * workers.model_parts
            raise _checks.refuse(name, rule, value, ["Try ", _checks.Argument(name, size), "."])


def distribution(workers):
    """Return Keras's distribution for some workers."""
    parts, devices = workers.model_parts, workers.devices
    if parts == 1:
        return keras.distribution.DataParallel(auto_shard_dataset=False)
    if workers.several:
        rule = "must be 'data' with several processes: a model is divided within one host"
        raise _checks.refuse("distribute", rule, workers.distribute)
    if devices % parts:
        rule = f"must have an N that divides the number of devices, {devices}"
        raise _checks.refuse("distribute", rule, workers.distribute)
    mesh = keras.distribution.DeviceMesh((devices // parts, parts), ("batch", "model"))
    layouts = keras.distribution.LayoutMap(mesh)
    for pattern, axes in DIVIDED.items():
        layouts[pattern] = axes
    return keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch", auto_shard_dataset=False)
