"""Writes a model as a graph with Keras's own `export`: ids in, logits out, without tokenizer and sampling."""

from __future__ import annotations

import contextlib
import importlib.util
import logging

import keras

from tinylm_keras import _checks, _streams
from tinylm_keras.interop.refusal import refuse

# What Keras calls each format.
KINDS = {"saved-model": "tf_saved_model", "onnx": "onnx", "litert": "litert"}


def check(model, to):
    """Raise unless the packages for a format are installed and the format can represent the model."""
    for package in ("tf2onnx", "onnx") if to == "onnx" else ():
        if importlib.util.find_spec(package) is None:
            rule = f"needs the package {package}, which is not installed"
            raise _checks.refuse("format", rule, to, 'Run: pip install "tinylm-keras[onnx]"', error=ImportError)
    if keras.backend.backend() != "tensorflow":
        rule = "must be another one on this backend, because Keras exports this one only from TensorFlow"
        raise _checks.refuse("format", rule, to, "Set KERAS_BACKEND=tensorflow.")
    if to != "saved-model" and model.dtype_policy.compute_dtype != "float32":
        what, advice = f"A model of {model.dtype_policy.name}", _checks.Argument("format", "saved-model")
        raise refuse(what, to, "Keras converts only float32", "Use ", advice, ".")


def write(model, path, to):
    """Write a model to a file, or to a folder for "saved-model": int32 ids `[B, T]` of any size in, logits out."""
    with _quiet():
        model.export(str(path), format=KINDS[to], verbose=False)


@contextlib.contextmanager
def _quiet():
    """A context that holds back the output of the converters, from Python and C++, unless they fail."""
    levels = {name: logging.getLogger(name).level for name in ("tf2onnx", "tensorflow", "absl")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with _streams.held_back():
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
