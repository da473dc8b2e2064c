"""Refuses unknown keyword arguments of a class before they are passed on to Keras."""

import difflib
import inspect

from tinylm_keras import _checks

KERAS = ("name", "dtype", "trainable", "autocast", "activity_regularizer")


def refuse_unknown(owner, keywords, further=()):
    """Raise unless each of `keywords` is an argument of every Keras layer, or one of `further`.

    Args:
        owner: The object under construction; the message lists the arguments of its class.
        keywords: dict. The remaining keyword arguments of its `__init__`.
        further: tuple of str. Other accepted names.

    Raises:
        ValueError: names the first unknown argument and the nearest known one, or all known ones.

    Example:

    >>> class Model:
    ...     def __init__(self, embed_dim=64, **kwargs):
    ...         refuse_unknown(self, kwargs)
    >>> Model(embed_dims=32)
    Traceback (most recent call last):
    ValueError: `embed_dims` must be an argument of Model. Received: embed_dims=32. Did you mean embed_dim?
    """
    for name, value in keywords.items():
        if name not in KERAS and name not in further:
            known = [*_own(type(owner)), *KERAS[:3]]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            advice = f"Did you mean {near[0]}?" if near else f"It takes {', '.join(known)}."
            raise _checks.refuse(name, f"must be an argument of {type(owner).__name__}", value, advice)


def _own(kind):
    """Return the named arguments of a class and of the base classes that get its `**kwargs`, in order."""
    names = {}
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] in ("keras", "keras_hub"):
            break
        if "__init__" in vars(base):
            parameters = list(inspect.signature(base.__init__).parameters.values())[1:]
            names |= {one.name: None for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
            if all(one.kind is not one.VAR_KEYWORD for one in parameters):
                break
    return list(names)
