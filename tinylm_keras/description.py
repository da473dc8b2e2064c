"""Describes models: their parts, sizes and tokenizer, and the recipe next to the file. Does not import Keras."""

from __future__ import annotations

import collections
import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import runtime
from tinylm_keras.training import run_record

if TYPE_CHECKING:
    import keras

    from tinylm_keras._types import Path
    from tinylm_keras.models import LanguageModel

FIRST_TOKENS = 12

# Entries of a model's config that are not sizes or types.
NO_SIZES = ("name", "dtype", "format_version", "training")


def describe(model: LanguageModel | runtime.Model, path: Path | None = None) -> dict[str, Any]:
    """Describe a model as data for JSON.

    Args:
        model: A `LanguageModel`, or a `runtime.Model`, which needs no Keras.
        path: str, `os.PathLike` or None. The model's file, for its size and the recipe next to it.

    Returns:
        dict with "class", "sizes", "parameters" (per part of the model, and "total"), "tokenizer",
        "generation_defaults" and "keras" (the present version; for a `runtime.Model` that of the file); with `path`
        also "file", "bytes", "recipe" (None without a recipe) and, if it cannot be read, "recipe_problem".

    Example:

    >>> import tinylm_keras as tlm
    >>> model = tlm.MiniLM(vocabulary_size=10, context_length=8, embed_dim=8, num_heads=2, feed_forward_dim=8)
    >>> describe(model)["sizes"]["num_blocks"]
    2
    """
    if isinstance(model, runtime.Model):
        kind, config, keras = model.file.kind, model.file.config, model.file.keras
        parameters = {**model.file.weights.sizes, "total": model.file.weights.total}
        tokenizer_kind = (config.get("tokenizer") or {}).get("class_name")
    else:
        import importlib.metadata  # it takes as long as everything else here

        kind, config, keras = type(model).__name__, model.get_config(), importlib.metadata.version("keras")
        parameters, tokenizer_kind = count_parameters(model), type(model.tokenizer).__name__
    description = {
        "class": kind,
        "sizes": {
            name: value
            for name, value in config.items()
            if name not in NO_SIZES and isinstance(value, (int, float, str)) and not isinstance(value, bool)
        },
        "parameters": parameters,
        "tokenizer": _describe_tokenizer(model.tokenizer, tokenizer_kind),
        "generation_defaults": dict(model.generation_defaults),
        "keras": keras,
    }
    if path is not None:
        path = pathlib.Path(path)
        recipe, problem = _recipe_of(path)
        description |= {"file": str(path), "bytes": path.stat().st_size, "recipe": recipe}
        description |= {"recipe_problem": problem} if problem else {}
    return description


def _describe_tokenizer(tokenizer, kind):
    if tokenizer is None:
        return None
    vocabulary = list(tokenizer.get_vocabulary())
    return {
        "class": kind,
        "vocabulary_size": tokenizer.vocabulary_size(),
        "end_token": tokenizer.end_token,
        "first_tokens": vocabulary[:FIRST_TOKENS],
    }


def count_parameters(model: keras.Model) -> dict[str, int]:
    """Return the number of weights in each part of a model, in order, and their sum as "total"; without seeds."""
    counts = collections.Counter()
    for layer in model.layers:
        size = sum(int(np.prod(weight.shape)) for weight in layer.weights if "seed" not in weight.name)
        if size:
            counts[layer.name] += size
    return {**counts, "total": sum(counts.values())}


def read_recipe(path: Path) -> dict[str, Any] | None:
    """Return the content of recipe.json next to the model file, as a dict; None if it does not exist or is damaged."""
    return _recipe_of(path)[0]


def _recipe_of(path):
    """Return the result of `read_recipe`, and the reason if an existing recipe cannot be read, otherwise ""."""
    try:
        return run_record.read(pathlib.Path(path).parent).values, ""
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError) as error:
        return None, str(getattr(error, "strerror", None) or error)
