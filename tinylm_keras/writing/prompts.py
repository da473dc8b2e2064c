"""Prompts: the forms in which a caller may pass them, and their ids."""

import collections.abc
import dataclasses

import numpy as np

from tinylm_keras import _checks

RULE = "must be a str, ids, or a list of either"


def read(prompts):
    """Recognize the form of the prompts of `generate`.

    Args:
        prompts: str; ids `[n]`; or several of one kind: a sequence, an iterator, an array `[B]` of str or `[B, n]` of
            ids.

    Returns:
        (list of str, or of rows of ids that are not yet checked; whether they are text; whether there was one prompt).

    Raises:
        ValueError: for anything else.
    """
    if isinstance(prompts, str):
        return [_plain(prompts)], True, True
    if hasattr(prompts, "shape"):
        prompts = _from_array(prompts)
        if isinstance(prompts, str):
            return [prompts], True, True
        if isinstance(prompts, np.ndarray):
            return (list(prompts), False, False) if prompts.ndim == 2 else ([prompts], False, True)
    if not isinstance(prompts, (collections.abc.Sequence, collections.abc.Iterator)):
        raise _checks.refuse("prompts", RULE, prompts)
    if isinstance(prompts, (bytes, bytearray)):
        raise _checks.refuse("prompts", RULE, prompts, "Decode the bytes first.")
    items = list(prompts)
    texts = sum(isinstance(item, str) for item in items)
    if texts == len(items):
        return [_plain(text) for text in items], True, False
    if texts:
        raise _checks.refuse("prompts", "must be all text or all ids", prompts)
    single = all(_is_number(item) for item in items)
    return ([items] if single else items), False, single


def check_ids(argument, model, ids):
    """Return one row of ids as int32, or raise unless they are ids of the model's vocabulary."""
    try:
        array = np.asarray(ids)
    except ValueError:  # rows of different lengths where one row should be
        raise _checks.refuse(argument, RULE, ids) from None
    if array.shape == (0,):
        return np.zeros(0, "int32")
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise _checks.refuse(argument, RULE, ids)
    if array.min() < 0 or array.max() >= model.vocabulary_size:
        bad = int(array.min() if array.min() < 0 else array.max())
        raise _checks.refuse(argument, f"must hold ids in [0, {model.vocabulary_size})", bad)
    return array.astype("int32")


@dataclasses.dataclass
class Prompt:
    """A prompt that is ready for a `GenerationSession`.

    Attributes:
        ids: int32 array `[n]`.
        text: str or None. The prompt, if it was text.
        held: int. Number of characters at the end of the text that are left to the first new token.
        first: bool array `[V]` or None. The tokens that begin with these characters; None: any token may be first.
    """

    ids: np.ndarray
    text: str | None = None
    held: int = 0
    first: np.ndarray | None = None

    @classmethod
    def from_text(cls, model, text, allowed):
        """Return the prompt of a text; `allowed` is a bool array `[V]` of the tokens that may be written."""
        ids, held, first = model.tokenizer.tokenize_prompt(text)
        if held:
            first = np.pad(first, (0, len(allowed) - len(first)))  # a model may have ids beyond its tokenizer's
            if not (first & allowed).any() or (model.end_id is None and not len(ids)):
                ids, held, first = model.tokenizer.tokenize(text), 0, None
        return cls(model.after_end(ids), text, held, first)


def _from_array(prompts):
    """Return an array or tensor as a str, a list, or an array `[n]` or `[B, n]` of numbers."""
    array = np.asarray(prompts)
    if array.dtype.kind in "UO" and array.ndim < 2:
        return array.tolist()
    if array.ndim not in (1, 2):
        raise _checks.refuse("prompts", RULE, prompts)
    return array


def _is_number(item):
    return not isinstance(item, collections.abc.Sequence) and np.ndim(item) == 0


def _plain(text):
    """Return the text as a plain str; a subclass could override its methods."""
    return "".join(text)
