"""Reads a model's file, its config and its arrays, after the same check as before loading with Keras."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from tinylm_keras import archive, specs
from tinylm_keras.archive import checks, members, text
from tinylm_keras.archive.refusal import Refused


@dataclasses.dataclass(frozen=True)
class File:
    """The contents of a checked file.

    Attributes:
        path: str. The path of the file, for messages.
        kind: str. The class name of the model.
        config: dict. The settings of the model under their current names.
        weights: `Weights`.
        keras: str. The version of Keras that wrote it.
        precision: str. The precision in which Keras computes the model, such as "float32" or "mixed_bfloat16". The
            runtime always computes in float32.
        sha256: str or None.
    """

    path: str
    kind: str
    config: dict[str, Any]
    weights: Weights
    keras: str
    precision: str
    sha256: str | None


class Weights:
    """The arrays of a file by name. Each is checked when it is taken.

    Args:
        arrays: dict of numpy arrays; `"head/vars/0"` is the first weight of the layer "head".
        sizes: dict that counts the weights taken from each part of the model, or None.
        prefix: str. The beginning of every name.
        part: str or None. The part for which weights are counted; None: the first component of each name.
    """

    def __init__(self, arrays, sizes=None, prefix="", part=None):
        self._arrays, self._prefix, self._part = arrays, prefix, part
        self.sizes = {} if sizes is None else sizes

    def within(self, prefix, part=None):
        """Return the arrays of one part, to be taken by names without `prefix`."""
        return Weights(self._arrays, self.sizes, f"{self._prefix}{prefix}/", self._part or part)

    @property
    def total(self):
        """Number of weights taken so far."""
        return sum(self.sizes.values())

    def take(self, name, *shape):
        """Return an array as float32, or refuse the file unless it has that shape and finite numbers."""
        name = f"{self._prefix}{name}"
        array = self._arrays.get(name)
        if array is None or array.shape != shape or array.dtype.kind not in "fiu":
            found = "is missing" if array is None else f"has the shape {array.shape}"
            raise Refused(f"is damaged: the array {name} {found}, and its model needs {shape}.")
        with np.errstate(over="ignore", invalid="ignore"):
            array = np.array(array, "float32", order="C")
            finite = math.isfinite(array.sum()) or np.isfinite(array).all()
        if not finite:
            raise Refused(f"holds weights that are not finite ({name}): its training diverged.")
        part = self._part or name.partition("/")[0]
        self.sizes[part] = self.sizes.get(part, 0) + array.size
        return array


def read(path, digest=False):
    """Read a model's file.

    Args:
        path: str or path of a `.keras` file.
        digest: bool. Whether to compute its SHA-256.

    Returns:
        `File`.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if it does not pass the check. The message is one line and names the file.
    """
    with archive.hold(path) as held, checks.naming(held.path):
        tree, metadata = held.contents.tree, held.contents.places[members.METADATA]
        metadata.seek(0)
        metadata = text.parse(metadata.read(), members.METADATA)
        return File(
            held.path,
            tree["class_name"],
            current(tree["class_name"], tree["config"]),
            Weights(held.arrays()),
            str(metadata.get("keras_version") if isinstance(metadata, dict) else None),
            _precision(tree["config"].get("dtype")),
            held.sha256() if digest else None,
        )


def _precision(dtype):
    """Return the name of a dtype policy, which a config stores as text or as an object."""
    dtype = dtype["config"]["name"] if isinstance(dtype, dict) else dtype
    return "float32" if dtype is None else dtype


def current(kind, config):
    """Return the config of a model with the current names of its settings."""
    new = {old: name for name, old in specs.MODELS[kind].older.items()}
    return {new.get(name, name): value for name, value in config.items()}
