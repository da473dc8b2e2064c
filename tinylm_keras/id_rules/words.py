"""The base class of rules that look up strings in a vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.id_rules import printing, strings
from tinylm_keras.id_rules.base import IdRules
from tinylm_keras.id_rules.word_counts import WordCounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from tinylm_keras._types import Texts

PAD, UNKNOWN = "", "[UNK]"


class WordRules(IdRules):
    """A vocabulary of strings.

    A subclass defines how a text is split (`token_strings`), how words are joined (`continuation`), and which gaps this
    leaves between them (`_may_stand`).

    Id 0 is padding, id 1 is for unknown words, then come the words. The end token, if there is one, has the last id.
    """

    pad_id = 0
    unk_id = 1
    unknown_text = UNKNOWN  # printed for an unknown word

    least_tokens = 3  # padding, [UNK] and a word

    def restored(self, config: Mapping[str, Any]) -> Self:
        super().restored(config)
        self._check_end_token()
        words = config.get("vocabulary")
        self._set_words(None if words is None else self._checked_words(words))
        return self

    # Learning a vocabulary

    def adapt(self, texts: Texts) -> Self:
        """Build the vocabulary from the most frequent tokens, up to `max_tokens` including special tokens.

        Args:
            texts: str, list of str, any iterable of str, or a `tf.data.Dataset` of strings (batched or not).

        Returns:
            The tokenizer itself.

        Raises:
            TypeError: if `texts` is neither a str nor an iterable of str.
            ValueError: if the texts contain no token, or are not valid Unicode.
        """
        return self.learn(self.count(texts))

    def count(self, texts: Texts) -> WordCounts:
        """Count the words and characters of texts; needs no vocabulary.

        `learn` builds the vocabulary from the counts. `adapt` does both; separately, texts can be counted in several
        processes, and the counts merged.

        Args:
            texts: As for `adapt`; read once, a few megabytes at a time.

        Returns:
            `WordCounts`.

        Raises:
            TypeError: if `texts` is neither a str nor an iterable of str.
            ValueError: if a text is not valid Unicode.
        """
        counts = WordCounts()
        for batch in strings.batches(texts):
            counts.add(batch, self.token_strings)
        return counts

    def learn(self, counts: WordCounts) -> Self:
        """Build the vocabulary from counts; see `adapt`.

        Args:
            counts: `WordCounts` of this kind of tokenizer.

        Returns:
            The tokenizer itself.

        Raises:
            TypeError: if `counts` is not a `WordCounts`.
            ValueError: if no token was counted.

        Example:

        >>> from tinylm_keras.tokenizers import WhitespaceTokenizer
        >>> tokenizer = WhitespaceTokenizer()
        >>> counts = tokenizer.count(["the cat sat"]).merge(tokenizer.count(["the dog"]))
        >>> tokenizer.learn(counts).get_vocabulary()
        ['', '[UNK]', 'the', 'sat', 'dog', 'cat']
        """
        if not isinstance(counts, WordCounts):
            advice = "Use learn(count(texts)), or adapt(texts)."
            raise _checks.refuse("counts", "must be a WordCounts", counts, advice, error=TypeError)
        # The vocabularies are those of Keras, which selects `max_tokens` words and then drops NUL at their ends. This
        # can make two words equal: the second is an unknown word. So are the strings of control tokens in a text.
        words = [word for word in counts.most_frequent() if word not in (PAD, UNKNOWN)][: self.max_tokens]
        words = dict.fromkeys(word.rstrip("\0") for word in words)
        words = [word for word in words if word not in (PAD, UNKNOWN, self.end_token)]
        if not words:
            raise ValueError("`texts` must hold at least one token to adapt to. Received: only blank text.")
        most = None if self.max_tokens is None else self.max_tokens - 2 - (self.end_token is not None)
        self._set_words(self._ordered(words[:most]))
        self.__dict__["character_counts"] = dict(sorted(counts.characters.items()))
        return self

    def _ordered(self, words):
        """Return the learned words, the most frequent first, in the order of their ids."""
        return words

    # Vocabulary

    def get_vocabulary(self) -> list[str]:
        """All tokens in the order of their ids, as a list of str: "" (padding), "[UNK]", the words, the end token."""
        end = [] if self.end_token is None else [self.end_token]
        return [PAD, UNKNOWN, *self._known_words(), *end]

    def vocabulary_size(self) -> int:
        """Number of ids, including the special ones."""
        return 2 + len(self._known_words()) + (self.end_token is not None)

    @property
    def end_id(self) -> int | None:
        """Id of the end token, the last of the vocabulary; None without one."""
        return None if self.end_token is None else self.vocabulary_size() - 1

    def token_to_id(self, token: str) -> int | None:
        """The id of this token; `unk_id` if it is not in the vocabulary."""
        if _checks.text("token", token) == self.end_token:
            return self.end_id
        return self.pad_id if token == PAD else self._word_ids().get(token, self.unk_id)

    def can_write(self, text: str, allow_unknown: bool = False) -> bool:
        words = self._known_words()
        return printing.can_print(text, [*words, self.unknown_text] if allow_unknown else words, self._may_stand)

    def _may_stand(self, before, gap, word):
        """Whether `word` may be printed after `before` with this gap in between; see `printing.can_print`."""
        raise NotImplementedError

    def _written(self, ids):
        """Return the tokens of `ids` as printed, without padding and the end token."""
        words, silent = self._known_words(), (self.pad_id, self.end_id)
        return [self.unknown_text if i == self.unk_id else words[i - 2] for i in ids if i not in silent]

    def _encode(self, texts):
        look_up, unknown = self._word_ids().get, self.unk_id
        return [np.array([look_up(token, unknown) for token in self.token_strings(text)], "int32") for text in texts]

    # State: in `__dict__`, which Keras does not track

    def _set_words(self, words):
        self.__dict__.update(_words=None if words is None else tuple(words), _ids=None)

    def _known_words(self):
        words = self.__dict__["_words"]
        if words is None:
            raise ValueError(f"This {self._kind} has no vocabulary yet. Call adapt(texts) first, or pass `vocabulary`.")
        return words

    def _word_ids(self):
        """Return a dict of ids by word, without control tokens, whose characters in a text are unknown words."""
        if self.__dict__["_ids"] is None:
            self.__dict__["_ids"] = {word: index for index, word in enumerate(self._known_words(), 2)}
        return self.__dict__["_ids"]

    def _check_end_token(self):
        if self.end_token in (PAD, UNKNOWN):
            raise _checks.refuse("end_token", f"must differ from {UNKNOWN!r}", self.end_token)

    def _checked_words(self, vocabulary):
        """The words of a `vocabulary` argument: a list of strings, with or without the special tokens."""
        if isinstance(vocabulary, str) or not isinstance(vocabulary, (list, tuple)):
            advice = "A path is not read: read the file and pass its words."
            raise _checks.refuse("vocabulary", "must be a list of strings", vocabulary, advice)
        words = list(vocabulary)
        if words[:2] == [PAD, UNKNOWN]:
            words = words[2:]
        if self.end_token is not None and words and words[-1] == self.end_token:
            words = words[:-1]
        if not words:
            raise _checks.refuse("vocabulary", "must hold at least one word", vocabulary)
        for word in words:
            if not isinstance(word, str) or word in (PAD, UNKNOWN, self.end_token) or word.endswith("\0"):
                rule = "must hold non-empty strings that are not special tokens and do not end in NUL"
                raise _checks.refuse("vocabulary", rule, word)
        if len(set(words)) < len(words):
            raise _checks.refuse("vocabulary", "must not hold a word twice", _checks.first_repeated(words))
        self._check_size(len(words) + 2 + (self.end_token is not None))
        return words
