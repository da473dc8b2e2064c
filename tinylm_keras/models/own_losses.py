"""Losses and metrics of Keras with a model that returns logits: by default most of them expect probabilities."""

import inspect
import warnings

import keras
from keras import ops
from keras.src.backend.common.masking import set_keras_mask

from tinylm_keras import _checks

# Losses and metrics of Keras without an argument `from_logits`.
OF_PROBABILITIES = {
    *("KLDivergence", "Poisson", "Dice", "Tversky", "kl_divergence", "poisson", "dice", "tversky"),
    *("BinaryAccuracy", "binary_accuracy", "Precision", "Recall", "PrecisionAtRecall", "RecallAtPrecision"),
    *("SensitivityAtSpecificity", "SpecificityAtSensitivity"),
    *("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"),
}
_ALWAYS = "`perplexity` is always reported; pass others with from_logits=True."
ADVICE = {
    "loss": "Leave it out for cross-entropy without padding, or pass "
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True).",
    "metrics": _ALWAYS,
    "weighted_metrics": _ALWAYS,
}

# Loss classes by the name of the loss function.
_CLASSES = {
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "categorical_focal_crossentropy": keras.losses.CategoricalFocalCrossentropy,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "binary_focal_crossentropy": keras.losses.BinaryFocalCrossentropy,
}


def check(model, arguments):
    """Refuse losses and metrics that would take the logits of a model for probabilities.

    Args:
        model: `LanguageModel`. A subclass that overrides `call` may not return logits, and is not checked.
        arguments: dict. The arguments of `compile`.

    Raises:
        ValueError: naming the first of them.
    """
    for argument in _arguments_of(model):
        for one in _flat(arguments.get(argument)):
            if _takes_probabilities(_made(one, argument)):
                rule = "must take logits, which this model returns, and this one takes probabilities"
                shown = one if isinstance(one, str) else getattr(one, "__name__", type(one).__name__)
                raise _checks.refuse(argument, rule, shown, ADVICE[argument])


def repair(model, arguments):
    """Return the arguments of `compile` from a file, changed so that losses and metrics take logits where possible.

    Earlier versions allowed losses that take probabilities. Each change causes a warning.
    """
    repaired = {argument: _repaired(arguments.get(argument), argument) for argument in _arguments_of(model)}
    return {**arguments, **{name: value for name, value in repaired.items() if name in arguments}}


def leave_out_padding(model, token_ids, logits):
    """Mark the logits `[B, T, V]` of positions whose token in `token_ids` `[B, T]` is padding, as Keras's masks do."""
    if model.pad_id is not None and len(token_ids.shape) == 2 and len(logits.shape) == 3:
        set_keras_mask(logits, ops.not_equal(token_ids, model.pad_id))


def _arguments_of(model):
    base = next(kind for kind in type(model).__mro__ if kind.__name__ == "LanguageModel")
    return tuple(ADVICE) if type(model).call is base.call else ()


def _repaired(value, argument):
    if isinstance(value, dict) and "class_name" not in value:
        return {name: _repaired(one, argument) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_repaired(one, argument) for one in value]
    made = _made(value, argument)
    if not _takes_probabilities(made):
        return value
    if inspect.isfunction(made):
        made = _CLASSES.get(made.__name__, lambda: made)()
    try:
        repaired = type(made).from_config({**made.get_config(), "from_logits": True})
    except (TypeError, ValueError, AttributeError):
        return value  # it takes only probabilities
    name = type(made).__name__
    warnings.warn(
        f"The `{argument}` of this file took logits for probabilities: {name} now takes logits.", stacklevel=2
    )
    return repaired


def _flat(value):
    if isinstance(value, dict) and "class_name" not in value:
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [one for inner in value for one in _flat(inner)]
    return [] if value is None else [value]


def _made(identifier, argument):
    """Return the function or object that Keras makes of an identifier; None if Keras will refuse it."""
    if identifier is None or (isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc")):
        return None
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        return keras.losses.sparse_categorical_crossentropy
    try:
        return (keras.losses if argument == "loss" else keras.metrics).get(identifier)
    except (ValueError, TypeError):
        return None


def _takes_probabilities(made):
    if made is None:
        return False
    named = made if inspect.isfunction(made) else type(made)
    if named.__module__.split(".")[0] == "keras" and named.__name__ in OF_PROBABILITIES:
        return getattr(made, "top_k", None) is None  # the top k are the same
    told = _told(made)
    if told is not None:
        return not told
    inner = next((getattr(made, name) for name in ("fn", "_fn") if callable(getattr(made, name, None))), made)
    return _takes_probabilities(inner) if inner is not made else False


def _told(made):
    """Return `from_logits` of an object or a function; None if it has no such argument."""
    if isinstance(made, (keras.losses.Loss, keras.metrics.Metric)):
        try:
            return made.get_config().get("from_logits")
        except Exception:  # a custom class without a config
            return getattr(made, "from_logits", None)
    try:
        parameter = inspect.signature(made).parameters.get("from_logits")
    except (TypeError, ValueError):
        return None
    return None if parameter is None or parameter.default is inspect.Parameter.empty else parameter.default
