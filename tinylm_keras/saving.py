"""Load a model's one file. (Writing is `LanguageModel.save`.)"""

from __future__ import annotations

import contextlib
import threading
import warnings
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras.src.saving import saving_lib

# These register the classes that a file may name.
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

# Layers draw their seeds from Python's `random`, which belongs to the whole process: threads that make models take
# turns, so that none draws what another has seeded (see `training.start`).
construction = threading.RLock()


def load_model(path: Path, trusted: bool = False) -> LanguageModel:
    """Load a model that `LanguageModel.save` or a run wrote, compiled as it was, so that `fit` and `generate` continue.

    `fit` continues as its docstring says: a model of a run at a constant rate. Layers that were frozen are so again.

    The file may come from anyone: before Keras sees it, everything in it is compared with what this package writes,
    and any other thing is refused (see `tinylm_keras.archive`). A model that was compiled with another optimizer, loss
    or metric of Keras than the usual ones is loaded without being compiled, with a warning.

    Args:
        path: str or path of a `.keras` file; or `"hf://owner/name"`, whose `model.keras` is fetched from the Hugging
            Face hub.
        trusted: bool. True leaves the check to Keras's own `safe_mode`. For a file that you made yourself, whose model,
            tokenizer or loss is a class of your own.

    Returns:
        A `LanguageModel`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty, truncated, not a model of this package, or holds what such a model never does;
            the message says which.

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
    """As `load_model`, but a model of a run keeps the schedule of its run, for a run that continues."""
    with archive.hold(path, trusted) as held:
        return load_held(held)


def load_held(held: Held) -> LanguageModel:
    """Load what `archive.hold` keeps: `read_model` with the file in hand, which no other process can change.

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
        # Not keras.saving.load_model: it takes a path alone, and would open again what somebody may have replaced.
        with construction, rewritten or contextlib.nullcontext(held.file) as file:
            model = saving_lib.load_model(file, compile=not unknown)
    except MemoryError:
        raise
    except Exception as error:  # Keras raises many kinds here, most with several lines of text
        raise ValueError(f"{path} cannot be loaded: {archive.cut(error)}") from error
    if not isinstance(model, tinylm_keras.models.LanguageModel):
        raise ValueError(f"{path} holds a {type(model).__name__}, not a tinylm_keras model.")
    for weight in model.weights:  # with the running statistics of a batch normalization
        if not np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(weight, "float32"))).all():
            raise ValueError(f"{path} holds weights that are not finite ({weight.path}): its training diverged.")
    if unknown:
        warnings.warn(
            f"{path} was compiled with {listed(unknown)}, which the check does not know: the model is not compiled. "
            "Compile it before fit. If the file is yours, load it in Python with tlm.load_model(path, trusted=True).",
            stacklevel=3,
        )
    return model
