"""Callbacks for your own `fit`: sample text of the model, and the best model in one file."""

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
    """Shows sample text of the model every few epochs.

    Args:
        every: int. Epochs between two samples.
        prompts: str or list of str. Beginnings of the samples; "" starts a new text.
        max_new_tokens: int or None. Length. None: the model's generation defaults, also for the next two.
        temperature: float or None.
        top_k: int or None.
        seed: int. The same random numbers each time, so that the samples change only with the model.
        out: Function that is called with each text. Defaults to `print`.

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

    The score is stored in the file, as the comment of its zip archive, so a later `fit` with the same file replaces it
    only with a better model: after 0.5, a restart and 0.9 the file is unchanged. A score of nan is never the best. If
    the file was moved away, the next model is saved whatever its score. The write is atomic.

    Scores on different validation data cannot be compared: choose another file after a change of the data.

    Args:
        path: str or `os.PathLike` that ends in ".keras".
        monitor: str. Name in the logs of `fit`, `"loss"` without validation data. Lower is better.

    Raises:
        ValueError: if `path` does not end in ".keras"; at the start of training, if the file there has no such score;
            after an epoch, if `fit` does not report `monitor`.

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
        if not self.path.exists():  # it was moved away
            self.best = math.inf
        if score < self.best:  # False for nan
            save_with_score(self.model, self.path, self.monitor, score)
            self.best = score


def save_with_score(model: keras.Model, path: Path, monitor: str, score: float) -> None:
    """Save a model to `path` with its score in the comment of the archive, atomically."""
    with atomic_path(path) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as opened:
            opened.comment = json.dumps({monitor: score}).encode()


def read_score(path: Path, monitor: str) -> float:
    """Return the score that `save_with_score` stored in `path`; refuse a file without one."""
    try:
        score = float(archive.parse(archive.comment(path), "comment")[monitor])
        if math.isnan(score):  # no score would be lower
            raise ValueError("it is not a number")
        return score
    except (ValueError, KeyError, TypeError):
        advice = "Choose another path, or move that file away."
        raise _checks.refuse("path", f"must be new or hold a model with its {monitor}", str(path), advice) from None
