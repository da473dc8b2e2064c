"""What the page of a model carries: its settings, tokenizer and weights as plain JSON values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.explain.arrays import PRECISIONS
from tinylm_keras.explain.contents import Contents, logits
from tinylm_keras.explain.recorded import record
from tinylm_keras.writing.arguments import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinylm_keras.runtime import Model

FORMAT = 1
LARGEST_LIVE = 2_000_000  # parameters of a transformer up to which every view is computed in the page

# The logits that the page compares its own with, and how far they may be apart.
MOST_POSITIONS, MOST_PLACES, MOST_LOGITS = 32, 4, 256
TOLERANCES = {"float32": 1e-4, "float16": 0.05, "int8": 0.05}
LARGE, EPSILON = 100, 4e-6  # logits beyond 100 have an error of float32 in proportion to their size


@dataclasses.dataclass(frozen=True)
class Reference:
    """Who computed the logits that the page compares its own with.

    Attributes:
        name: str. Shown in the page.
        logits: function of (ids, part) that returns float32 `[T, V]`. `part` is "model", or "network" where the page
            holds the network of a mixture alone.
    """

    name: str
    logits: Callable[[np.ndarray, str], np.ndarray]


def payload(
    model: Model,
    prompt: str = "",
    *,
    weights: str = "float16",
    counts: bool = True,
    reference: Reference | None = None,
) -> dict[str, Any]:
    """Return what the page of a model carries.

    Args:
        model: `runtime.Model`.
        prompt: str. The text that the page begins with.
        weights: "float16", "float32" or "int8".
        counts: bool. Whether the tables of counted n-grams, which hold pieces of the training text, are included.
        reference: `Reference` or None. Computes the logits that the page checks its own against; None: `runtime`.

    Returns:
        dict of values that JSON takes.

    Raises:
        ValueError: if the model has no tokenizer, has weights that float16 cannot hold, or consists of counts alone
            that are left out.
    """
    _checks.one_of("weights", weights, PRECISIONS)
    prompt = _checks.text("prompt", prompt)
    if model.tokenizer is None:
        raise ValueError("A page needs a model with a tokenizer. This one has none: it reads and writes ids, not text.")
    contents = Contents(model, counts)
    arrays, parameters = contents.arrays(weights)
    is_recorded = parameters > LARGEST_LIVE and contents.has_attention
    return {
        "format": FORMAT,
        "model": {
            "kind": contents.kind,
            "config": contents.description(),
            "parameters": parameters,
            "context_length": model.context_length,
            "vocabulary_size": model.vocabulary_size,
            "pad_id": model.pad_id,
        },
        "tokenizer": _tokenizer(model),
        "weights": {"precision": weights, "arrays": arrays},
        "counts": contents.counts,
        "generation": {"stop": [], **DEFAULTS, **model.generation_defaults},
        "first_tokens": [[int(token), int(count)] for token, count in model.first_tokens],
        "check": _check(model, contents, prompt, weights, reference),
        "prompt": prompt,
        "live": not is_recorded,
        "recorded": record(contents, model.prompt_ids(prompt), parameters) if is_recorded else None,
    }


def _tokenizer(model):
    """The kind, vocabulary and merges of the tokenizer of a model."""
    tokenizer, stored = model.tokenizer, model.file.config["tokenizer"]
    words = tokenizer.get_vocabulary()
    described = {"kind": stored["class_name"], "end_token": tokenizer.end_token}
    if stored["class_name"] == "BytePairTokenizer":
        return described | {"vocabulary": words[:-1], "merges": list(stored["config"]["merges"])}
    return described | {"vocabulary": words[2 : None if tokenizer.end_token is None else -1]}


def _check(model, contents, prompt, precision, reference):
    """Logits for the page to compare its own with."""
    ids = model.prompt_ids(prompt)[: min(MOST_POSITIONS, model.context_length)]
    if len(ids) < min(8, model.context_length):  # a prompt this short says little about a cache
        spread = np.arange(min(8, model.context_length) - len(ids)) * 7 % model.vocabulary_size
        ids = np.concatenate([ids, spread.astype("int32")])
    exact = logits(contents.network, ids)
    given = exact if reference is None else np.asarray(reference.logits(ids, contents.part), "float32")
    if not (np.isfinite(exact).all() and np.isfinite(given).all()):
        raise ValueError("The model's logits are not finite numbers. Its weights are damaged: load an earlier file.")
    rounding = 0.0 if precision == "float32" else float(np.abs(logits(contents.rounded(precision), ids) - exact).max())
    largest = float(np.abs(given).max())
    rows = np.unique(np.linspace(0, len(ids) - 1, MOST_PLACES).astype(int)).tolist()
    size = model.vocabulary_size
    some = np.unique(np.linspace(0, size - 1, min(size, MOST_LOGITS)).astype(int))
    places = []
    for row in rows:
        chosen = np.unique([*some, given[row].argmax()])
        values = [float(f"{value:.8g}") for value in given[row, chosen].tolist()]
        places.append({"position": row, "ids": chosen.tolist(), "logits": values})
    return {
        "reference": "numpy" if reference is None else reference.name,
        "ids": ids.tolist(),
        "places": places,
        "rounding": rounding,
        "tolerance": max(TOLERANCES[precision], EPSILON * largest if largest > LARGE else 0, 2 * rounding),
    }
