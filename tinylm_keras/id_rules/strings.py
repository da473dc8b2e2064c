"""Splits texts into bounded amounts, at places where no tokenizer's ids change."""

import re

import numpy as np

from tinylm_keras import _checks

MOST_TEXTS, MOST_CHARACTERS = 4096, 1_000_000  # of one batch

# White space after a non-space. Only before ASCII white space, because other spaces are part of a word in some
# tokenizers; another space in front belongs to the same run. No tokenizer's ids change when a text is cut here.
CUT = re.compile(r"(?<=\S)(?=[ \t\n\v\f\r])")


def parts(text, size):
    r"""Yield `text` in parts of `size` characters or a little more, cut where no tokenizer's ids change.

    A text is cut before white space that follows a non-space, and nowhere else. A text without such a place is not
    cut.

    Args:
        text: str.
        size: int, at least 1. Minimum number of characters of each part but the last.

    Yields:
        str; joined they are `text`.

    Example:

    >>> list(parts("to be or not", 4))
    ['to be', ' or not']
    """
    place = 0
    while len(text) - place > size:
        cut = CUT.search(text, place + size)
        if cut is None:
            break
        yield text[place : cut.start()]
        place = cut.start()
    yield text[place:]


def batches(texts):
    """Yield lists of strings of bounded length from the texts that `adapt` accepts.

    Args:
        texts: str, any iterable of str, or a `tf.data.Dataset` of strings (batched or not).

    Yields:
        list of str. Long texts come in parts.

    Raises:
        TypeError, ValueError: if an item is not a string or not valid Unicode.
    """
    yield from bounded((part for text in _strings(texts) for part in parts(text, MOST_CHARACTERS)), len)


def bounded(items, length):
    """Yield the items in lists of at most `MOST_TEXTS` items and about `MOST_CHARACTERS`, counted by `length(item)`."""
    batch, characters = [], 0
    for item in items:
        batch.append(item)
        characters += length(item)
        if len(batch) >= MOST_TEXTS or characters >= MOST_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _strings(texts):
    try:
        items = iter([texts] if isinstance(texts, str) else texts)
    except TypeError:
        raise _checks.refuse("texts", "must be a str or an iterable of str", texts, error=TypeError) from None
    for item in items:
        if isinstance(item, str):
            yield _checks.text("texts", item)
        else:  # an element of a tf.data.Dataset: a scalar or a vector of bytes
            for string in np.asarray(item, dtype=object).reshape(-1):
                yield string.decode("utf-8") if isinstance(string, bytes) else _checks.text("texts", string)
