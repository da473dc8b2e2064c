"""What one part of the token files holds: counts that can be added up, in any division of the text."""

from __future__ import annotations

import collections
import dataclasses

from tinylm_keras import _checks
from tinylm_keras.data.exact_sum import ExactSum
from tinylm_keras.data.token_stream import KEPT_FIRST_TOKENS


@dataclasses.dataclass
class Tally:
    """Counts of some texts of one part.

    Attributes:
        ids: int. Number of ids, with the end tokens that close the texts.
        documents: int. Number of texts.
        characters, unknown, unknown_bits: int, int, `ExactSum`. As in `TextCounter`, but without the first token.
        first_tokens: Counter of ids. First tokens of the texts, in the order of their appearance.
        head: dict or None. "characters", "unknown" and "unknown_bits" of the first token; None if it counts as the
            others do, which is so with an end token, since that precedes it.
    """

    ids: int = 0
    documents: int = 0
    characters: int = 0
    unknown: int = 0
    unknown_bits: ExactSum = dataclasses.field(default_factory=ExactSum)
    first_tokens: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    head: dict | None = None

    def add(self, other):
        """Add the counts of texts that follow these; return the tally."""
        following, self.head = (other.head, self.head) if self.ids else (None, other.head)
        if following is not None:  # the first token of those texts is not the first one of all
            self.characters += following["characters"]
            self.unknown += following["unknown"]
            self.unknown_bits.add(following["unknown_bits"])
        self.ids += other.ids
        self.documents += other.documents
        self.characters += other.characters
        self.unknown += other.unknown
        self.unknown_bits.add(other.unknown_bits.parts)
        self.first_tokens.update(other.first_tokens)
        return self

    def entry(self, file, count, sha256):
        """Return the entry of the index for a file with `count` ids, or raise if these are too few."""
        if count < 2:
            rule = f"must give each part at least 2 tokens, but one has {count}"
            raise _checks.refuse("source", rule, f"{self.documents} texts", "Use more text, or another validation.")
        return {
            "file": file,
            "count": count,
            "documents": self.documents,
            "tokens": count - 1,
            "characters": self.characters,
            "unknown": self.unknown,
            "unknown_bits": self.unknown_bits.value,
            "first_tokens": self.first_tokens.most_common(KEPT_FIRST_TOKENS),
            "sha256": sha256,
        }

    def to_json(self):
        """Return the tally as a dict for JSON."""
        return {
            **vars(self),
            "unknown_bits": self.unknown_bits.parts,
            "first_tokens": list(self.first_tokens.items()),
        }

    @classmethod
    def from_json(cls, content):
        """Return the tally of a dict that `to_json` has made."""
        sums = {
            "unknown_bits": ExactSum(content["unknown_bits"]),
            "first_tokens": collections.Counter(dict(content["first_tokens"])),
        }
        return cls(**{**content, **sums})
