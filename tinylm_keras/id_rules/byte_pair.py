"""Byte-pair encoding: a frequent sequence of letters is one token."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.id_rules import byte_level, byte_pair_engine
from tinylm_keras.id_rules.base import IdRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Self

    from tinylm_keras._types import Ids

PAD = ""
NO_SPACE = "\x1c\x1d\x1e\x1f"  # white space for Python, but not for Unicode and GPT-2's pattern


class BytePairRules(IdRules):
    """The ids of `tokenizers.BytePairTokenizer`, found by the package `tokenizers`."""

    least_tokens = 257  # the bytes and padding
    learning_limit = 100_000_000  # learning takes a third of a second for each megabyte; more text hardly changes it

    def restored(self, config: Mapping[str, Any]) -> Self:
        super().restored(config)
        self._take_vocabulary(config.get("vocabulary"), config.get("merges"))
        return self

    def _take_vocabulary(self, vocabulary, merges):
        if (vocabulary is None) != (merges is None):
            missing = "merges" if merges is None else "vocabulary"
            raise _checks.refuse(missing, "must be given when the other of `vocabulary` and `merges` is", None)
        self._set_tokens(None, None)
        if vocabulary is not None:
            tokens = byte_level.check_vocabulary(vocabulary)
            self._set_tokens(tokens, byte_level.check_merges(merges, tokens))
            self._check_size(self.vocabulary_size())

    def get_vocabulary(self) -> list[str]:
        """All tokens in the order of their ids, as a list of str in GPT-2's byte letters; "" is padding, the last."""
        return [*self._known_tokens(), PAD]

    def vocabulary_size(self) -> int:
        """Number of ids, padding included."""
        return len(self._known_tokens()) + 1

    @property
    def pad_id(self) -> int | None:
        """Id of padding, one after the last token; None without a vocabulary."""
        return None if self.__dict__["_tokens"] is None else len(self.__dict__["_tokens"])

    @property
    def end_id(self) -> int | None:
        """Id of the end token; None without one."""
        if self.end_token is None or self.__dict__["_tokens"] is None:
            return None
        return self._token_ids()[self.end_token]

    def id_to_token(self, id: int) -> str:
        """The token with this id."""
        size = self.vocabulary_size()
        id = _checks.whole_number("id", id, 0, size - 1)
        return PAD if id == size - 1 else self._known_tokens()[id]

    def token_to_id(self, token: str) -> int | None:
        """The id of this token, written in GPT-2's byte letters; None if it is not in the vocabulary."""
        return self.pad_id if _checks.text("token", token) == PAD else self._token_ids().get(token)

    def continuation(self, text: str, ids: Sequence[int]) -> str:
        silent = (self.pad_id, self.end_id)
        table = self._table()
        return b"".join([table[i] for i in ids if i not in silent]).decode("utf-8", "replace")

    def unfinished(self, ids: Sequence[int]) -> int:
        table, silent = self._table(), (self.pad_id, self.end_id)
        last = [b"" if i in silent else table[i] for i in ids]
        open_bytes = byte_level.unfinished_bytes(b"".join(last))
        count = 0
        while open_bytes > 0:
            count += 1
            open_bytes -= len(last[-count])
        return count

    def tokenize_prompt(self, text: str) -> tuple[Ids, int, np.ndarray | None]:
        last = text[-1:]
        if not last.isspace() or last in NO_SPACE:
            return super().tokenize_prompt(text)
        # In front of a word, GPT-2's pattern splits off the last white space character; a blank joins the word.
        known = self.tokenize(text[:-1])
        if last != " ":
            return np.concatenate([known, self.tokenize(last)]), 0, None
        silent = (self.pad_id, self.end_id)
        first = [index not in silent and token.startswith(b" ") for index, token in enumerate(self._table())]
        return known, 1, np.array([*first, False])  # padding has no bytes

    def token_strings(self, text: str) -> list[str]:
        """As in every tokenizer; a character of several tokens belongs to the last of them, and the others get ""."""
        table, decoder = self._table(), codecs.getincrementaldecoder("utf-8")()
        return [decoder.decode(table[i]) for i in self.tokenize(text)]

    def _encode(self, texts):
        if self.__dict__["_engine"] is None:
            self.__dict__["_engine"] = byte_pair_engine.build(self._token_ids(), self.__dict__["_merges"])
        return byte_pair_engine.encode(self.__dict__["_engine"], texts)

    # State: held outside Keras's tracking, and built when it is first used

    def _set_tokens(self, tokens, merges):
        if tokens is not None and self.end_token is not None:
            made = {merge.replace(" ", "") for merge in merges} | byte_level.alphabet().keys()
            if self.end_token in made:
                advice = 'Choose one that no text becomes, such as "<|endoftext|>".'
                raise _checks.refuse("end_token", "must not be a token of text", self.end_token, advice)
            if self.end_token not in tokens:
                tokens = [*tokens, self.end_token]
        state = (None, None) if tokens is None else (tuple(tokens), tuple(merges))
        self.__dict__.update(_tokens=state[0], _merges=state[1], _ids=None, _bytes=None, _engine=None)

    def _known_tokens(self):
        tokens = self.__dict__["_tokens"]
        if tokens is None:
            raise ValueError(f"This {self._kind} has no vocabulary yet. Call adapt(texts) first, or use from_files.")
        return tokens

    def _token_ids(self):
        if self.__dict__["_ids"] is None:
            self.__dict__["_ids"] = {token: index for index, token in enumerate(self._known_tokens())}
        return self.__dict__["_ids"]

    def _table(self):
        if self.__dict__["_bytes"] is None:
            self.__dict__["_bytes"] = byte_level.token_bytes(self._known_tokens())
        return self.__dict__["_bytes"]
