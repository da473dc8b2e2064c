"""A model's file: what it says and the arrays that it holds, after the check that Keras's loader uses too."""

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
    """What a checked file holds.

    Attributes:
        path: str. Where it was, for messages.
        kind: str. The class of its model.
        config: dict. The settings of the model, by the names of today.
        weights: `Weights`.
        keras: str. The version of Keras that wrote it.
        precision: str. What Keras computes the model in, such as "float32" or "mixed_bfloat16"; here it is float32.
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
    """The arrays of a file by their names. Each is taken once, and checked then.

    Args:
        arrays: dict of numpy arrays; `"head/vars/0"` is the first weight of the layer "head".
        sizes: dict that counts the numbers taken of each part of the model, or None.
        prefix: str. What stands before every name.
        part: str or None. The part that the numbers taken belong to; None: what a name begins with.
    """

    def __init__(self, arrays, sizes=None, prefix="", part=None):
        self._arrays, self._prefix, self._part = arrays, prefix, part
        self.sizes = {} if sizes is None else sizes

    def within(self, prefix, part=None):
        """The arrays of one part, whose names are given without `prefix`."""
        return Weights(self._arrays, self.sizes, f"{self._prefix}{prefix}/", self._part or part)

    @property
    def total(self):
        """How many numbers have been taken."""
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
        digest: bool. Whether its SHA-256 is wanted.

    Returns:
        `File`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it does not pass the check; in one line that names it.
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
    """The name of a dtype policy, which a config has as text or as an object."""
    dtype = dtype["config"]["name"] if isinstance(dtype, dict) else dtype
    return "float32" if dtype is None else dtype


def current(kind, config):
    """The config of a model with the names of today."""
    new = {old: name for name, old in specs.MODELS[kind].older.items()}
    return {new.get(name, name): value for name, value in config.items()}
