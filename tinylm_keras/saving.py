"""Load a model's one file. (Writing is `LanguageModel.save`.)"""

import json
import pathlib
import zipfile

import keras
import numpy as np

# Both register the classes that a file may name.
import tinylm_keras.models
import tinylm_keras.tokenizers

MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}


def load_model(path):
    """Load a model that `LanguageModel.save` wrote, compiled as it was, so that `fit` and `generate` go on.

    Args:
        path: str or path of a `.keras` file.

    Returns:
        A `LanguageModel`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty, truncated, or not a model of this package; the message says which.

    Example:

    >>> import pathlib, tempfile
    >>> from tinylm_keras.models import MiniLM
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "tiny.keras"
    >>> MiniLM(vocabulary_size=10, context_length=4, embed_dim=8).save(path)
    >>> load_model(path).context_length
    4
    """
    path = pathlib.Path(path)
    _check_file(path)
    try:
        model = keras.saving.load_model(path)
    except Exception as error:  # Keras raises many kinds here, most with several lines of text
        first_line = str(error).strip().split("\n")[0]
        raise ValueError(f"{path} cannot be loaded: {first_line}") from error
    if not isinstance(model, tinylm_keras.models.LanguageModel):
        raise ValueError(f"{path} holds a {type(model).__name__}, not a tinylm_keras model.")
    for weight in model.weights:  # with the running statistics of a batch normalization
        if not np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(weight, "float32"))).all():
            raise ValueError(f"{path} holds weights that are not finite ({weight.path}): its training diverged.")
    return model


def _check_file(path):
    """Say what is wrong with a file that cannot be a model; Keras says "File not found" to all of these."""
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. Check the name; a model file ends in .keras.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder. Name the .keras file in it.")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: it was cut off while it was written, or never written.")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is no .keras file, or a part of one: it is not a whole zip archive.")
    if path.suffix != ".keras":
        raise ValueError(f"{path} must end in .keras. Rename it.")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if names != MEMBERS:
            raise ValueError(
                f"{path} is not a tinylm_keras model: it must hold {sorted(MEMBERS)}, not {sorted(names)[:5]}."
            )
        try:
            config = json.loads(archive.read("config.json"))
            registered = str(config.get("registered_name"))
        except (ValueError, AttributeError, zipfile.BadZipFile, OSError) as error:
            raise ValueError(f"{path} is damaged: its config.json cannot be read.") from error
    if not registered.startswith("tinylm_keras>"):
        raise ValueError(f"{path} is not a tinylm_keras model: it holds {config.get('class_name')!r}.")
