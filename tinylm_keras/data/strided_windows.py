"""Overlapping windows for evaluation, so that each token is predicted from at least half a context."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.data import shares
from tinylm_keras.data.batches import Batches, _Epoch
from tinylm_keras.data.token_stream import TextCounter, TokenStream, concatenate, list_of_texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Literal

    from tinylm_keras._types import IdTable
    from tinylm_keras.tokenizers import Tokenizer


def strided_windows(
    texts: Iterable[str] | TokenStream,
    tokenizer: Tokenizer,
    *,
    context_length: int,
    batch_size: int = 32,
    layout: Literal["padded", "packed"] = "packed",
) -> StridedWindows:
    """Batches that predict each token once, from at least half a context if the text is long enough.

    Windows of `context_length` tokens start half a context apart. Only the second half of a window counts; of the first
    window of a text both halves count. So all of a text is evaluated, however long it is.

    Args:
        texts: list of str, or a `TokenStream`, whose layout is "packed".
        tokenizer: `Tokenizer` that pads.
        context_length: int. Columns of x.
        batch_size: int. At most the number of windows is used.
        layout: "packed" (all texts are one sequence) or "padded" (each text starts a new window).

    Returns:
        `StridedWindows` with int32 x, y `[batch_size, context_length]`; targets that do not count are padding.

    Raises:
        ValueError: if no text has a token to predict, or the tokenizer has no padding id.

    Example:

    >>> from tinylm_keras.tokenizers import CharacterTokenizer
    >>> tokenizer = CharacterTokenizer().adapt("abcdef")
    >>> for x, y in strided_windows(["abcdef"], tokenizer, context_length=4, batch_size=1):
    ...     print(x[0], y[0])
    [2 3 4 5] [3 4 5 6]
    [4 5 6 7] [0 0 7 0]

    References:
        Hugging Face, "Perplexity of fixed-length models" (strided evaluation).
    """
    context_length = _checks.whole_number("context_length", context_length, 1)
    batch_size = _checks.whole_number("batch_size", batch_size, 1)
    if tokenizer.pad_id is None:
        raise _checks.refuse("tokenizer", "must have a padding id", type(tokenizer).__name__)
    if isinstance(texts, TokenStream):
        stream, bounds = texts, [0, len(texts.ids)]
    elif layout == "packed":
        stream = concatenate(texts, tokenizer)
        bounds = [0, len(stream.ids)]
    else:
        stream, bounds = _padded(list_of_texts(texts), tokenizer)
    return StridedWindows(stream, np.asarray(bounds), tokenizer.pad_id, context_length, batch_size)


class StridedWindows(Batches):
    """See `strided_windows`."""

    def __init__(self, stream, bounds, pad_id, context_length, batch_size):
        stride, lengths = max(1, context_length // 2), np.diff(bounds)
        starts, counted = [], []  # of each window: its first id, and its number of skipped targets
        for first, length in zip(bounds[:-1], lengths, strict=True):
            if length < 2:
                continue
            windows = 1 + max(0, -(-(length - 1 - context_length) // stride))
            starts.append(first + stride * np.arange(windows))
            counted.append(np.where(np.arange(windows) == 0, 0, context_length - stride))
        if not starts:
            rule = "must hold a text with a token to predict: two tokens, or one with an end token"
            raise _checks.refuse("texts", rule, "none")
        self._first, self._skipped = np.concatenate(starts), np.concatenate(counted)
        self._end = bounds[np.searchsorted(bounds, self._first, side="right")]
        self._bounds = bounds
        self.pad_id, batch_size = pad_id, shares.whole(min(batch_size, len(self._first)))
        super().__init__(stream.ids, context_length, batch_size, -(-len(self._first) // batch_size), 0, stream)
        self.tokens = int(np.maximum(lengths - 1, 0).sum())

    def rows(self) -> list[np.ndarray]:
        """The ids of each text, or of all texts in one array (packed): list of int arrays."""
        return [self.ids[first:end] for first, end in zip(self._bounds[:-1], self._bounds[1:], strict=True)]

    def window_of_targets(self) -> np.ndarray:
        """The number of the window that predicts each token, in the order of the tokens: int array `[tokens]`."""
        predicted = np.minimum(self.length, self._end - self._first - 1) - self._skipped
        return np.repeat(np.arange(len(self._first)), predicted)

    def only(self, numbers: np.ndarray) -> StridedWindows:
        """A copy with only the windows of these numbers, in batches of the same size."""
        some = copy.copy(self)
        some._first, some._skipped, some._end = (part[numbers] for part in (self._first, self._skipped, self._end))
        some.steps_per_epoch = -(-len(some._first) // some.batch_size)
        some.tokens = int(np.isin(self.window_of_targets(), numbers).sum())
        return some

    def batch(self, step: int) -> tuple[IdTable, IdTable]:
        """x and y of a step: int32 arrays `[batch_size, length]`; targets that do not count are padding."""
        rows = slice(step * self.batch_size, (step + 1) * self.batch_size)
        first, end, skipped = (part[rows, np.newaxis] for part in (self._first, self._end, self._skipped))
        places = first + np.arange(self.length + 1)
        ids = np.asarray(self.ids[np.minimum(places, len(self.ids) - 1)], "int32")
        ids = np.where(places < end, ids, self.pad_id)
        targets = np.where(np.arange(self.length) < skipped, self.pad_id, ids[:, 1:])
        missing = ((0, self.batch_size - len(ids)), (0, 0))
        return tuple(
            np.pad(part, missing, constant_values=self.pad_id).astype("int32") for part in (ids[:, :-1], targets)
        )

    def for_fit(self, endless: bool, first: int = 0) -> Any:
        """One epoch for `evaluate`; these windows are not for training."""
        if endless:
            raise _checks.refusal("These windows are for evaluation. Train on `data.windows` or `data.lines`.")
        return _Epoch(self)


def _padded(texts, tokenizer):
    """Return a `TokenStream` of *end text end* for each text, and the index where each text begins."""
    counter = TextCounter(_checks.tokenizer("tokenizer", tokenizer))
    end = [] if tokenizer.end_id is None else [tokenizer.end_id]
    parts, bounds = [], [0]
    for text, ids in zip(texts, tokenizer.tokenize(texts), strict=True):
        if not len(ids):
            continue
        parts.append(np.concatenate([end, ids, end]))
        counter.add(text, ids, 0 if end else 1, len(ids))
        bounds.append(bounds[-1] + len(parts[-1]))
    return counter.stream(parts, len(parts)), bounds
