"""Checks of token ids that a user passes as plain arrays, because XLA would clamp wrong ids silently.

Data sets and generators are not checked: that would consume them.
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tinylm_keras import _checks

if TYPE_CHECKING:
    from tinylm_keras.models import LanguageModel

MAKE_BATCHES = "Make batches with data.lines(texts, tokenizer, …), or windows of data.concatenate(texts, tokenizer)."
PAIRS = "From rows of ids, make x = ids[:, :-1] and y = ids[:, 1:]."


# A subclass that overrides one of these may take any targets, or none.
_TAKE_TARGETS = ("compute_loss", "train_step", "test_step")


def check(
    model: LanguageModel, x: Any, y: Any, names: tuple[str, str] = ("x", "y"), needs_targets: bool = True
) -> tuple[Any, Any]:
    """Return inputs and targets as Keras takes them, or raise unless they are ids of the model.

    Data that only the model can judge is not checked: inputs that are not ids if the model overrides `call`, targets
    that are not ids with a loss passed to `compile`, and all targets if it overrides `compute_loss` or a step.

    Args:
        model: `LanguageModel`.
        x: Ids `[B, T]` as an array, a tensor or lists; anything else is returned as it is.
        y: Ids `[B, T]`, or None.
        names: Names of the two arguments in messages.
        needs_targets: bool. Whether there must be a `y`.

    Returns:
        (x, y). Lists, tables and whole numbers that are floats become int32 arrays: a layer of lower precision would
        round such a float to another id.

    Raises:
        ValueError: naming the argument, for text, ids outside the vocabulary (`pad_id` belongs to it here), numbers
            that are not whole, rows of different lengths or longer than the context, and targets that are missing or
            have another shape.
    """
    if x is None:
        raise _checks.refuse(names[0], "must be token ids of the shape (B, T)", None, MAKE_BATCHES)
    _no_text(names[0], x)
    any_inputs, own_loss = _has_own(model, "LanguageModel", "call"), model._compile_loss is not None
    if isinstance(x, (dict, numbers.Number)) and not any_inputs:
        raise _checks.refuse(names[0], "must be token ids of the shape (B, T)", x, MAKE_BATCHES)
    if not _is_array(x):
        return x, y
    x, shape = _ids(model, x, names[0], any_inputs)
    if not any_inputs and shape[1] > model.context_length:
        advice = f"Cut the rows, or let data.windows(ids, context_length={model.context_length}, …) do it."
        rule = [f"must have at most {model.context_length} columns, the model's ", _checks.Argument("context_length")]
        raise _checks.refuse(names[0], rule, f"shape {shape}", advice)
    if (y is None and not needs_targets) or _has_own(model, "TrainingMixin", *_TAKE_TARGETS):
        return x, y
    if y is None:
        raise _checks.refuse(names[1], "must hold the token that follows at each position", None, PAIRS)
    _no_text(names[1], y)
    if not _is_array(y):
        return x, y
    y, target_shape = _ids(model, y, names[1], own_loss)
    if not own_loss and not any_inputs and target_shape != shape:
        raise _checks.refuse(names[1], f"must have the shape of {names[0]}, {shape}", f"shape {target_shape}", PAIRS)
    return x, y


def check_pair(model: LanguageModel, argument: str, data: Any) -> Any:
    """As `check`, for one argument that holds `(x, y)` or `(x, y, sample_weight)`, such as `validation_data`."""
    if data is None:
        return None
    _no_text(argument, data)
    if isinstance(data, (list, tuple)) and len(data) in (1, 2, 3) and _is_array(data[0]) and _depth(data[0]) > 1:
        names = (f"x of {argument}", f"y of {argument}")
        x, y = check(model, data[0], data[1] if len(data) > 1 else None, names)
        return (x, y, *data[2:])
    if _is_array(data) and not _has_own(model, "TrainingMixin", *_TAKE_TARGETS):
        raise _checks.refuse(argument, "must be a tuple (x, y)", data, PAIRS)
    return data


def _has_own(model, base, *names):
    """Whether the class of a model overrides what its base class has under one of these names."""
    base = next(one for one in type(model).__mro__ if one.__name__ == base)
    return any(getattr(type(model), name) is not getattr(base, name) for name in names)


def _no_text(argument, data):
    if _checks.holds_text(data):
        raise _checks.refuse(argument, "must be token ids, not text", data, MAKE_BATCHES)


def _is_array(data):
    """Whether this can become an array without being consumed; a dict of inputs cannot."""
    if isinstance(data, (list, tuple, np.ndarray)) or keras.ops.is_tensor(data) or _is_ragged(data):
        return True
    return hasattr(data, "__array__") and hasattr(data, "shape")


def _is_ragged(data):
    return hasattr(data, "row_lengths") and hasattr(data, "to_tensor")


def _depth(data):
    """Number of dimensions, judged by the first row."""
    if hasattr(data, "shape"):
        return len(data.shape)
    return 1 + (_depth(data[0]) if isinstance(data, (list, tuple)) and len(data) else 0)


def _ids(model, data, argument, any_values):
    """Return the ids and their shape. With `any_values`, only tables of whole numbers are checked."""
    array = _array(data, argument, any_values)
    if any_values and (array is None or array.ndim != 2 or array.dtype.kind not in "iu"):
        return data, None if array is None else array.shape
    if array.size == 0:
        raise _checks.refuse(argument, "must hold at least one row of token ids", f"shape {array.shape}")
    if array.ndim != 2:
        advice = "Add the axis of the batch: ids[np.newaxis]." if array.ndim == 1 else ""
        if isinstance(data, (list, tuple)) and len(data) in (2, 3) and array.ndim == 3:
            advice = "Pass x and y as two arguments."
        raise _checks.refuse(argument, "must have the shape (B, T)", f"shape {array.shape}", advice)
    if array.dtype.kind not in "iuf":
        raise _checks.refuse(argument, "must be token ids, which are whole numbers", f"dtype {array.dtype}")
    wrong = _outside(array, model)
    if wrong is not None:
        padding = (
            ""
            if model.pad_id is None or 0 <= model.pad_id < model.vocabulary_size
            else f", or {model.pad_id}, the padding"
        )
        rule = f"must hold token ids in [0, {model.vocabulary_size}), the model's vocabulary{padding}"
        raise _checks.refuse(argument, rule, wrong)
    if array.dtype.kind == "f":
        if (array != np.floor(array)).any():
            wrong = float(array[array != np.floor(array)][0])
            raise _checks.refuse(argument, "must be token ids, which are whole numbers", wrong)
        return array.astype("int32"), array.shape
    return (data if isinstance(data, np.ndarray) or keras.ops.is_tensor(data) else array), array.shape


def _array(data, argument, any_values):
    """Return the data as a numpy array, if possible without a copy; None if it is no array but `any_values` is set."""
    try:
        if _is_ragged(data):
            raise ValueError("rows of several lengths")
        array = keras.ops.convert_to_numpy(data) if keras.ops.is_tensor(data) else np.asarray(data)
        return array.astype("float32") if array.dtype.name == "bfloat16" else array
    except (ValueError, TypeError):
        if any_values:
            return None
        advice = "Pad the rows with the model's pad_id, or let data.lines(texts, tokenizer, …) do it."
        raise _checks.refuse(argument, "must be token ids in rows of one length", data, advice) from None


def _outside(array, model):
    """Return the first number that is neither an id of the model nor its padding; None if there is none."""
    lowest, highest = array.min(), array.max()  # nan if the array holds one
    if lowest >= 0 and highest < model.vocabulary_size:
        return None
    good = (array >= 0) & (array < model.vocabulary_size)
    if model.pad_id is not None:
        good |= array == model.pad_id
    return None if good.all() else array[~good][0].item()
