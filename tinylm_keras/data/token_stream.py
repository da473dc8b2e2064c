"""Texts as ids, with the counts that bits per character needs."""

from __future__ import annotations

import collections
import dataclasses
import functools
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.data.exact_sum import ExactSum

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinylm_keras.tokenizers import Tokenizer

KEPT_FIRST_TOKENS = 256
KEPT_SPELLINGS = 65_536


@dataclasses.dataclass
class TokenStream:
    """All ids of some texts in one array, and counts of the original text.

    Attributes:
        ids: int32 array `[n]`.
        pad_id: int or None. The tokenizer's.
        tokens: int. Number of predicted tokens: all but the first.
        characters: int. Number of characters in these tokens.
        unknown: int. Number of unknown words among them.
        unknown_bits: float. Bits to spell the unknown words.
        first_tokens: list of (id, count). First tokens of the texts, the most frequent first.
    """

    ids: np.ndarray
    pad_id: int | None = None
    tokens: int = 0
    characters: int = 0
    unknown: int = 0
    unknown_bits: float = 0.0
    first_tokens: list = dataclasses.field(default_factory=list)


class TextCounter:
    """Counts characters, unknown words and first tokens, text by text."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.tokens = self.characters = self.unknown = 0
        self.bits, self.first = ExactSum(), collections.Counter()
        self._spelling_bits = functools.lru_cache(KEPT_SPELLINGS)(tokenizer.spelling_bits)

    def add(self, text, ids, first, last, begins=True):
        """Count the tokens `first` to `last` of a text or chunk with these ids; `begins`: whether a text starts."""
        unk_id = self.tokenizer.unk_id
        if begins and len(ids) and ids[0] != unk_id:
            self.first[int(ids[0])] += 1
        self.tokens += last - first
        unknown = np.flatnonzero(ids[first:last] == unk_id) + first if unk_id is not None else ()
        if first == 0 and last == len(ids) and not len(unknown):
            self.characters += len(text)
            return
        token_strings = self.tokenizer.token_strings(text)
        end = len(text) if last == len(ids) else _end_of(text, token_strings, last)
        self.characters += end - _end_of(text, token_strings, first)
        self.unknown += len(unknown)
        self.bits.add(self._spelling_bits(token_strings[i]) for i in unknown)

    @property
    def unknown_bits(self):
        """Bits to spell the unknown words."""
        return self.bits.value

    @property
    def first_tokens(self):
        """First ids of the texts with their counts, the most frequent first."""
        return self.first.most_common(KEPT_FIRST_TOKENS)

    def stream(self, parts, sequences=1):
        """Return the `TokenStream` of some arrays of ids, of which the first id of each sequence is not predicted."""
        ids = np.concatenate(parts).astype("int32") if parts else np.zeros(0, "int32")
        return TokenStream(
            ids=ids,
            pad_id=self.tokenizer.pad_id,
            tokens=max(len(ids) - sequences, 0),
            characters=self.characters,
            unknown=self.unknown,
            unknown_bits=self.unknown_bits,
            first_tokens=self.first_tokens,
        )


def _end_of(text, token_strings, count):
    """Return the index in `text` at the end of its first `count` token strings."""
    place = 0
    for token in token_strings[:count]:
        place = text.index(token, place) + len(token)
    return place


def list_of_texts(texts):
    """Return `texts` as a list, or raise if it is a str, whose characters would count as texts."""
    if isinstance(texts, str):
        raise _checks.refuse("texts", "must be a list of strings", texts, "Try data.read or [text].")
    return list(texts)


def concatenate(texts: Iterable[str], tokenizer: Tokenizer) -> TokenStream:
    """Return all texts as one stream of ids, for `windows`.

    With an end token, the stream is *end text end text … end*.

    Args:
        texts: list of str.
        tokenizer: `Tokenizer`.

    Returns:
        A `TokenStream`.

    Example:

    >>> from tinylm_keras.tokenizers import WhitespaceTokenizer
    >>> tokenizer = WhitespaceTokenizer(vocabulary=["a", "b"], end_token="<end>")
    >>> concatenate(["a b", "b"], tokenizer).ids
    array([4, 2, 3, 4, 3, 4], dtype=int32)
    """
    texts = list_of_texts(texts)
    counter = TextCounter(_checks.tokenizer("tokenizer", tokenizer))
    end = None if tokenizer.end_id is None else np.array([tokenizer.end_id], "int32")
    parts = [] if end is None else [end]
    for text, ids in zip(texts, tokenizer.tokenize(texts), strict=True):
        # Without an end token, the first token of the stream is not predicted.
        first = 1 if not parts and len(ids) else 0
        counter.add(text, ids, first, len(ids))
        parts.extend([ids] if end is None else [ids, end])
    return counter.stream(parts)
