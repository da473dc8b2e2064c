"""Loads model files, which `LanguageModel.save` writes."""

from __future__ import annotations

import contextlib
import threading
import warnings
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras.src.saving import saving_lib

# These modules register the classes that occur in files.
import tinylm_keras.baselines
import tinylm_keras.models
import tinylm_keras.schedules
import tinylm_keras.tokenizers
from tinylm_keras import _checks, archive, hub
from tinylm_keras.archive.refusal import listed
from tinylm_keras.models import after_run

if TYPE_CHECKING:
    from tinylm_keras._types import Path
    from tinylm_keras.archive.held import Held
    from tinylm_keras.models import LanguageModel

# Layers draw their seeds from Python's `random`, which all threads share. This lock prevents a thread from drawing
# numbers that another has seeded (see `training.start`).
construction = threading.RLock()


def load_model(path: Path, trusted: bool = False) -> LanguageModel:
    """Load a model that `LanguageModel.save` or a run wrote, compiled and ready for `fit` and `generate`.

    The model of a run is compiled with a constant learning rate (see `LanguageModel.fit`). Frozen layers stay frozen.

    The file may come from an untrusted source: before Keras reads it, its whole content is checked, and everything that
    this package would not write is refused (see `tinylm_keras.archive`). If the model was compiled with an optimizer,
    loss or metric of Keras that the check does not know, it is loaded without being compiled, with a warning.

    Args:
        path: str or path of a `.keras` file; or `"hf://owner/name"`, to download its `model.keras` from the Hugging
            Face hub.
        trusted: bool. True replaces the check by the `safe_mode` of Keras. Only for files of your own, if the model,
            tokenizer or loss is a custom class.

    Returns:
        A `LanguageModel`.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is empty, truncated, not a model of this package, or contains anything that such a
            model does not.

    Example:

    >>> import pathlib, tempfile
    >>> from tinylm_keras.models import MiniLM
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "tiny.keras"
    >>> MiniLM(vocabulary_size=10, context_length=4, embed_dim=8).save(path)
    >>> load_model(path).context_length
    4
    """
    if hub.is_address(path):
        if trusted:
            advice = "Leave it out, or fetch the file yourself."
            raise _checks.refuse("trusted", "must not be True for a model of the hub", trusted, advice)
        path = hub.fetch(path)
    with archive.hold(path, trusted) as held:
        model = load_held(held)
    after_run.settle(model)
    return model


def read_model(path: Path, trusted: bool = False) -> LanguageModel:
    """Like `load_model`, but the model of a run keeps its learning rate schedule, to resume the run."""
    with archive.hold(path, trusted) as held:
        return load_held(held)


def load_held(held: Held) -> LanguageModel:
    """Load a model from a file that `archive.hold` has opened, so that no other process can replace it.

    Args:
        held: `archive.held.Held`.

    Returns:
        A `LanguageModel`.

    Raises:
        ValueError: as `load_model`.
    """
    path, unknown = held.path, [] if held.contents is None else held.contents.unknown
    rewritten = None if held.contents is None else held.rewritten()
    try:
        # Not keras.saving.load_model: it takes only a path, and would open a file that may have been replaced.
        with construction, rewritten or contextlib.nullcontext(held.file) as file:
            model = saving_lib.load_model(file, compile=not unknown)
    except MemoryError:
        raise
    except Exception as error:  # Keras raises many kinds here, most with messages of several lines
        raise ValueError(f"{path} cannot be loaded: {archive.cut(error)}") from error
    if not isinstance(model, tinylm_keras.models.LanguageModel):
        raise ValueError(f"{path} holds a {type(model).__name__}, not a tinylm_keras model.")
    for weight in model.weights:  # including the statistics of a batch normalization
        if not np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(weight, "float32"))).all():
            raise ValueError(f"{path} holds weights that are not finite ({weight.path}): its training diverged.")
    if unknown:
        warnings.warn(
            f"{path} was compiled with {listed(unknown)}, which the check does not know: the model is not compiled. "
            "Compile it before fit. If the file is yours, load it in Python with tlm.load_model(path, trusted=True).",
            stacklevel=3,
        )
    return model
