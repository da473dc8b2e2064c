"""Old names of settings, arguments and layouts: refused as arguments, read in files.

No Keras here.
"""

import functools

from tinylm_keras import _checks

# Settings of a recipe, arguments of models and of generation, entries of configs and of plans: old to new.
NAMES = {
    "accumulate": "gradient_accumulation_steps",
    "clip_norm": "global_clipnorm",
    "embedding_deviation": "embeddings_stddev",
    "logit_cap": "logit_soft_cap",
    "minimum_rate": "min_learning_rate_ratio",
    "warm_up": "warmup_steps",
    "weights": "quantize",
    "weights_deviation": "kernel_stddev",
}
LAYOUTS = {"lines": "padded", "windows": "packed"}


def refuse(given):
    """Raise if a name is an old one; the message gives the new name.

    Args:
        given: dict. Values by the name of a setting or an argument.

    Raises:
        ValueError: in one line.

    Example:

    >>> refuse({"warm_up": 5})
    Traceback (most recent call last):
    ...
    ValueError: `warm_up` is now `warmup_steps`. Received: warm_up=5. Use warmup_steps=5.
    """
    for name, value in given.items():
        if name in NAMES:
            new = NAMES[name]
            rule, advice = ["is now ", _checks.Argument(new)], ["Use ", _checks.Argument(new, value), "."]
            raise _checks.refuse(name, rule, value, advice)


def refused(function):
    """Return `function` with a check that refuses old keyword arguments as `refuse` does."""

    @functools.wraps(function)
    def checked(*arguments, **keywords):
        refuse(keywords)
        return function(*arguments, **keywords)

    return checked


def layout(name, value, choices, advice=""):
    """Return a layout, or raise unless it is one of `choices`; the message gives the new name of an old one."""
    if isinstance(value, str) and value in LAYOUTS:
        advice = f"{value!r} is now {LAYOUTS[value]!r}."
    return _checks.one_of(name, value, choices, advice)


def current(values):
    """Return settings or a plan from a file, with current names of settings and layouts.

    Args:
        values: dict.

    Returns:
        A dict. If a file has both the old and the new name, both stay, so that the reader refuses the old one.

    Example:

    >>> current({"warm_up": 5, "layout": "lines"})
    {'warmup_steps': 5, 'layout': 'padded'}
    """
    found = {name if NAMES.get(name, name) in values else NAMES.get(name, name): values[name] for name in values}
    if isinstance(found.get("layout"), str):
        found["layout"] = LAYOUTS.get(found["layout"], found["layout"])
    return found
