"""The packed layout: all ids are one sequence, and examples are windows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.data import shares
from tinylm_keras.data.batches import Batches
from tinylm_keras.data.token_stream import TokenStream

if TYPE_CHECKING:
    from tinylm_keras._types import AnyIds


def windows(
    ids: AnyIds | TokenStream,
    *,
    context_length: int,
    batch_size: int,
    steps: int | None = None,
    seed: int = 0,
    pad_id: int | None = None,
) -> Batches:
    """Batches of windows of `context_length` ids, with the next ids as targets.

    With `steps`, for training, windows start at random places, drawn from numpy's `default_rng((seed, step))`. Without
    `steps`, for validation, windows cover all ids once, without overlap; the last one is padded.

    Args:
        ids: int array `[n]`; a `TokenStream` of `data.concatenate`, which also has characters and padding; or a
            `TokenFile` of `data.open_token_files`, whose ids stay on disk.
        context_length: int. Columns of x.
        batch_size: int.
        steps: int or None. Batches of one epoch; None: enough to cover all ids.
        seed: int.
        pad_id: int or None. Padding of the last window; needed for an array of ids without `steps`.

    Returns:
        `Batches` with int32 x, y `[batch_size, context_length]`, for `LanguageModel.fit` and `evaluate`.

    Raises:
        ValueError: if there are fewer than `context_length + 1` ids (with `steps`), fewer than 2, or no `pad_id`.

    Example:

    >>> import numpy as np
    >>> x, y = windows(np.arange(1, 8), context_length=4, batch_size=2, pad_id=0).batch(0)
    >>> x
    array([[1, 2, 3, 4], [5, 6, 7, 0]], dtype=int32)
    >>> y
    array([[2, 3, 4, 5], [6, 7, 0, 0]], dtype=int32)
    """
    context_length = _checks.whole_number("context_length", context_length, 1)
    batch_size = _checks.whole_number("batch_size", batch_size, 1)
    seed = _checks.whole_number("seed", seed, 0)
    stream = ids if isinstance(ids, TokenStream) else _bare(ids, pad_id)
    least = 2 if steps is None else context_length + 1
    if len(stream.ids) < least:
        raise _checks.refusal(
            f"The text must have at least {least} tokens in the packed layout"
            f"{'' if steps is None else ' (context_length + 1)'}. Received: {len(stream.ids)} tokens, ",
            _checks.Argument("context_length", context_length),
            ". Use a longer text, a smaller context_length, or data.lines.",
        )
    if steps is None:
        return CoveringWindows(stream, context_length, batch_size, seed)
    return RandomWindows(stream, context_length, batch_size, _checks.whole_number("steps", steps, 1), seed)


class RandomWindows(Batches):
    """Windows at random places; see `windows`."""

    def __init__(self, stream, context_length, batch_size, steps, seed):
        super().__init__(stream.ids, context_length, batch_size, steps, seed, stream)
        self.tokens = steps * batch_size * context_length

    def _starts(self, step):
        places = len(self.ids) - self.length
        return np.random.default_rng((self.seed, step)).integers(0, places, self.batch_size)


class CoveringWindows(Batches):
    """Windows that cover all ids once; see `windows`."""

    def __init__(self, stream, context_length, batch_size, seed):
        if stream.pad_id is None:
            raise _checks.refuse("pad_id", "is needed to fill the last window", None, "Pass pad_id, or steps.")
        count = -(-(len(stream.ids) - 1) // context_length)
        batch_size = shares.whole(min(batch_size, count))
        steps = -(-count // batch_size)
        ids, self.pad_id = stream.ids, stream.pad_id
        if not isinstance(ids, np.memmap):
            ids = np.full(steps * batch_size * context_length + 1, stream.pad_id, "int32")
            ids[: len(stream.ids)] = stream.ids
        super().__init__(ids, context_length, batch_size, steps, seed, stream)
        self.tokens = len(stream.ids) - 1

    def _rows(self, starts):
        if not self.on_disk:
            return super()._rows(starts)
        # Ids on disk are not copied, so padding is added here.
        places = starts[:, np.newaxis] + np.arange(self.length + 1)
        rows = self.ids[np.minimum(places, len(self.ids) - 1)]
        return np.where(places < len(self.ids), rows, self.pad_id).astype("int32")

    def _starts(self, step):
        first = (step % self.steps_per_epoch) * self.batch_size
        return np.arange(first, first + self.batch_size) * self.length


def _bare(ids, pad_id):
    if _checks.holds_text(ids):
        advice = "Pass data.concatenate(texts, tokenizer), or lay the texts out with data.lines."
        raise _checks.refuse("ids", "must be token ids, not text", ids, advice)
    ids = np.asarray(ids)
    if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
        raise _checks.refuse("ids", "must be a row of whole numbers", f"{ids.dtype} array of shape {ids.shape}")
    if ids.size and ids.min() < 0:
        raise _checks.refuse("ids", "must not be negative", int(ids.min()))
    return TokenStream(ids=ids.astype("int32"), pad_id=pad_id)
