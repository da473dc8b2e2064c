"""The base class of all rules: text to ids, ids to text, and the special ids. It needs no Keras."""

from __future__ import annotations

import abc
import collections
import math
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from tinylm_keras import _checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

    from tinylm_keras._types import AnyIds, Ids, SeveralIds


class IdRules:
    """The part of a tokenizer that needs no Keras: `tokenizers.Tokenizer` inherits from it, and the runtime uses it.

    A subclass defines `_encode`, `token_strings`, `continuation` and `get_vocabulary`, those of the three special ids
    that it has, and in `restored` what it reads from a config.
    """

    pad_id: int | None = None
    unk_id: int | None = None
    end_id: int | None = None
    end_token: str | None = None
    max_tokens: int | None = None
    sequence_length: int | None = None
    least_tokens = 1  # the smallest `max_tokens`, without the end token
    learning_limit: int | None = None  # bytes of text from which `prepare` and `train` learn; None: all of it

    @property
    def _kind(self):
        """Class of the tokenizer, for messages; the rules alone have the name of the tokenizer that they belong to."""
        return type(self).__name__.replace("Rules", "Tokenizer")

    def restored(self, config: Mapping[str, Any]) -> Self:
        """Take over the config of a tokenizer, checked like the arguments of the tokenizer; return self."""
        self._take_settings(*(config.get(name) for name in ("max_tokens", "sequence_length", "end_token")))
        self.__dict__["character_counts"] = dict(config.get("character_counts") or {})
        return self

    def _take_settings(self, max_tokens, sequence_length, end_token):
        if end_token is not None and (not isinstance(end_token, str) or not end_token):
            raise _checks.refuse("end_token", "must be a non-empty string or None", end_token)
        self.end_token = None if end_token is None else _checks.text("end_token", end_token)
        if max_tokens is not None:
            least = self.least_tokens + (end_token is not None)
            max_tokens = _checks.whole_number("max_tokens", max_tokens, least, advice="The special tokens count too.")
        if sequence_length is not None:
            sequence_length = _checks.whole_number("sequence_length", sequence_length, 1)
        self.max_tokens, self.sequence_length = max_tokens, sequence_length

    @overload
    def tokenize(self, inputs: str) -> Ids: ...

    @overload
    def tokenize(self, inputs: list[str] | tuple[str, ...]) -> list[Ids]: ...

    def tokenize(self, inputs: str | Sequence[str]) -> Ids | list[Ids]:
        """Ids of a text, unpadded, without the end token.

        Args:
            inputs: str, or a list of str.

        Returns:
            int32 numpy array `[n]`; a list of such arrays for a list.
        """
        if isinstance(inputs, str):
            return self._encode([_checks.text("inputs", inputs)])[0]
        if not isinstance(inputs, (list, tuple)):
            raise _checks.refuse("inputs", "must be a str or a list of str", inputs, error=TypeError)
        texts = list(inputs)
        for text in texts:
            _checks.text("inputs", text)
        return self._encode(texts) if texts else []

    @overload
    def detokenize(self, inputs: AnyIds) -> str: ...

    @overload
    def detokenize(self, inputs: SeveralIds) -> list[str]: ...

    def detokenize(self, inputs: Any) -> str | list[str]:
        """Text of ids; padding and the end token are not printed.

        Args:
            inputs: ids `[n]`, or `[batch, n]`, or a list of arrays of ids.

        Returns:
            str, or a list of str.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        if isinstance(inputs, (list, tuple)) and inputs and np.ndim(inputs[0]) > 0:
            return [self.detokenize(row) for row in inputs]
        ids = np.asarray(inputs)
        if ids.ndim > 1:
            return [self.detokenize(row) for row in ids]
        return self.continuation("", self._check_ids(ids.reshape(-1)))

    @abc.abstractmethod
    def continuation(self, text: str, ids: Sequence[int]) -> str:
        """The string to append to `text` so that it continues with `ids` (a list of ints in range).

        Ids may be passed in one call or in several, each with the text so far: the result is the same, except where
        `unfinished` says that a call ends too early.
        """
        raise NotImplementedError

    def unfinished(self, ids: Sequence[int]) -> int:
        """Number of last `ids` whose characters may change when more ids follow; 0 if every token is complete text."""
        return 0

    @abc.abstractmethod
    def token_strings(self, text: str) -> list[str]:
        """The part of `text` that each id of `tokenize(text)` stands for, as it is written there: a list of str."""
        raise NotImplementedError

    def tokenize_prompt(self, text: str) -> tuple[Ids, int, np.ndarray | None]:
        """Ids of a text to be continued, whose last character may belong to the next token.

        "Once upon a " continues with " time", where the blank and the word are one token. So the blank must not be a
        token of its own at the end of the prompt (known as token healing).

        Args:
            text: str.

        Returns:
            int32 ids `[n]`; the number of characters at the end that these ids leave out, 0 or 1; and a bool array
            `[vocabulary_size]` of the tokens that begin with the character left out, or None.
        """
        return self.tokenize(text), 0, None

    def can_write(self, text: str, allow_unknown: bool = False) -> bool:
        """Whether generated text can ever contain `text`. True if that is not certain."""
        return True

    def unknown_tokens(self, texts: str | Iterable[str]) -> collections.Counter[str]:
        """The words of `texts` that are not in the vocabulary, with their counts, as a `collections.Counter`."""
        counts = collections.Counter()
        texts = [texts] if isinstance(texts, str) else list(texts)
        if self.unk_id is None:
            return counts
        for text, ids in zip(texts, self.tokenize(texts), strict=True):
            if self.unk_id in ids:
                token_strings = self.token_strings(text)
                counts.update(token_strings[i] for i in np.flatnonzero(ids == self.unk_id))
        return counts

    @abc.abstractmethod
    def get_vocabulary(self) -> list[str]:
        """All tokens in the order of their ids, as a list of str."""
        raise NotImplementedError

    def vocabulary_size(self) -> int:
        """Number of ids."""
        return len(self.get_vocabulary())

    def id_to_token(self, id: int) -> str:
        """The token with this id."""
        return self.get_vocabulary()[_checks.whole_number("id", id, 0, self.vocabulary_size() - 1)]

    def token_to_id(self, token: str) -> int | None:
        """The id of this token; `unk_id` if it is not in the vocabulary."""
        vocabulary = self.get_vocabulary()
        return vocabulary.index(token) if _checks.text("token", token) in vocabulary else self.unk_id

    def spelling_bits(self, word: str) -> float:
        """Bits to spell an unknown word letter by letter, given the character counts of the adapted text.

        The counts are add-one smoothed, and an end mark closes the word; a character that the text never had costs an
        escape and its 21-bit code point. Without these bits, word tokenizers would seem to need too few per character.
        """
        total = sum(self.character_counts.values())
        choices = len(self.character_counts) + 2  # the end mark and the escape
        bits = math.log2(total + choices)  # the end mark, counted once
        for character in word:
            count = self.character_counts.get(character)
            bits += math.log2((total + choices) / ((count or 0) + 1)) + (0 if count else 21)
        return bits

    @abc.abstractmethod
    def _encode(self, texts):
        """Ids of each text in a list that is not empty: a list of int32 numpy arrays."""
        raise NotImplementedError

    def _check_size(self, size):
        """Raise if a `vocabulary` argument makes more than `max_tokens` ids."""
        if self.max_tokens is not None and size > self.max_tokens:
            raise _checks.refusal(
                *(_checks.Argument("vocabulary"), " must not be longer than ", _checks.Argument("max_tokens")),
                f", the special tokens included. Received: {size} tokens, ",
                *(_checks.Argument("max_tokens", self.max_tokens), ". Raise max_tokens or shorten the list."),
            )

    def _check_ids(self, ids):
        size = self.vocabulary_size()
        if ids.size and not np.issubdtype(ids.dtype, np.integer):
            raise _checks.refuse("ids", "must be whole numbers", ids.dtype.name)
        if ids.size and (ids.min() < 0 or ids.max() >= size):
            bad = int(ids.min() if ids.min() < 0 else ids.max())
            raise _checks.refuse("id", f"must be in [0, {size}), the vocabulary", bad)
        return ids.tolist()
