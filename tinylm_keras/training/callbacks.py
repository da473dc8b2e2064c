"""Callbacks for people who call `fit` themselves: a sample of the model's writing, and the best model in one file."""

from __future__ import annotations

import json
import math
import pathlib
import zipfile
from typing import TYPE_CHECKING, Any

import keras

from tinylm_keras import _checks, _terminal, archive
from tinylm_keras._files import atomic_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tinylm_keras._types import Path

__all__ = ["BestModel", "SampleText"]


class SampleText(keras.callbacks.Callback):
    """Shows what the model writes, every few epochs.

    Args:
        every: int. Epochs between two samples.
        prompts: str or list of str. Beginnings to continue from; "" starts a new text.
        max_new_tokens: int or None. Length; None takes the model's generation defaults, as the next two do.
        temperature: float or None.
        top_k: int or None.
        seed: int. The same numbers are drawn each time, so that a change comes from the model.
        out: Called with each text. Defaults to `print`.

    Raises:
        ValueError: if `every` is less than 1 or `prompts` is empty.
        TypeError: if a prompt is not a string or `out` cannot be called.

    Example:

    >>> texts = []
    >>> callback = SampleText(every=5, prompts="Once upon", max_new_tokens=8, out=texts.append)
    """

    def __init__(
        self,
        every: int = 1,
        prompts: str | Sequence[str] = "",
        *,
        max_new_tokens: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        seed: int = 0,
        out: Callable[[str], object] = print,
    ) -> None:
        super().__init__()
        self.every = _checks.whole_number("every", every, 1)
        self.prompts = [prompts] if isinstance(prompts, str) else list(prompts)
        for prompt in self.prompts:
            _checks.text("prompts", prompt)
        if not self.prompts:
            raise _checks.refuse("prompts", "must hold at least one prompt", prompts, 'Pass "" to start a new text.')
        if not callable(out):
            raise _checks.refuse("out", "must be a function of one string", out, error=TypeError)
        self.settings = {"max_new_tokens": max_new_tokens, "temperature": temperature, "top_k": top_k}
        self.seed = _checks.whole_number("seed", seed)
        self.out = out

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if (epoch + 1) % self.every == 0:
            for text in self.model.generate(self.prompts, seed=self.seed, **self.settings):
                self.out(_terminal.harmless(text) if self.out is print else text)


class BestModel(keras.callbacks.Callback):
    """Keeps the model with the lowest score in one file.

    The score stands in the file itself, as the comment of its zip archive. So a later `fit` into the same file starts
    from it: 0.5, restart, 0.9 leaves the file as it is. A score that is not a number is never the best, and a first
    one that is not does not keep later ones out. A file that was moved away is not to be beaten any more: the next
    score begins anew. The file is replaced whole or not at all.

    Scores are compared as they are: after a change of the validation data, choose another file.

    Args:
        path: str or `os.PathLike` that ends in ".keras".
        monitor: str. Name in the logs of `fit`, `"loss"` without validation data. Lower is better.

    Raises:
        ValueError: if `path` does not end in ".keras", when training begins if the file there holds no such score, and
            after an epoch if `fit` does not report `monitor`.

    Example:

    >>> BestModel("best.keras").monitor
    'val_loss'
    """

    def __init__(self, path: Path, monitor: str = "val_loss") -> None:
        super().__init__()
        self.path = pathlib.Path(path)
        if self.path.suffix != ".keras":
            raise _checks.refuse("path", "must end in .keras", str(path))
        self.monitor = _checks.text("monitor", monitor)
        self.best = math.inf

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.best = read_score(self.path, self.monitor) if self.path.exists() else math.inf

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.monitor not in (logs or {}):
            advice = f"There are: {', '.join(logs or {})}. Give fit validation_data, or watch one of these."
            raise _checks.refuse("monitor", "must be reported by fit", self.monitor, advice)
        score = float(logs[self.monitor])
        if not self.path.exists():  # it was moved away: what it held is no longer to be beaten
            self.best = math.inf
        if score < self.best:  # never so for nan
            save_with_score(self.model, self.path, self.monitor, score)
            self.best = score


def save_with_score(model: keras.Model, path: Path, monitor: str, score: float) -> None:
    """Save a model to `path` with its score in the comment of the archive, whole or not at all."""
    with atomic_path(path) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as opened:
            opened.comment = json.dumps({monitor: score}).encode()


def read_score(path: Path, monitor: str) -> float:
    """Return the score that `save_with_score` left in `path`; refuse a file that holds none."""
    try:
        score = float(archive.parse(archive.comment(path), "comment")[monitor])
        if math.isnan(score):  # no score is lower: nothing would ever be saved
            raise ValueError("it is not a number")
        return score
    except (ValueError, KeyError, TypeError):
        advice = "Choose another path, or move that file away."
        raise _checks.refuse("path", f"must be new or hold a model with its {monitor}", str(path), advice) from None
