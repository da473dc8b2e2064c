"""Words and punctuation marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras.id_rules.spacing import Spacing, may_stand
from tinylm_keras.id_rules.words import WordRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinylm_keras._types import Ids

# The two engines that split text have different classes of characters (RE2's \w is ASCII; Python has no \pL; both
# follow some version of Unicode). So the classes are spelled out: a character that is neither space nor mark belongs to
# a word.
SPACE = "\x09-\x0d\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
MARK = (
    r"\x00-\x08\x0e-\x1b\x21-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f"  # ASCII, without _
    "\x80-\x84\x86-\x9f¡-©«¬®-´¶¸¹»-¿×÷"
    "\u037e\u0387՚-՟։־׀׃،؛؟٪-٭۔।॥"  # Greek, Armenian, Hebrew, Arabic, Devanagari
    "‐-‧‰-\u205e₠-\u20cf←-\u2bff⸀-⸮⸰-\u2e7f"  # dashes, quotes, currencies, arrows, symbols
    "、-〃〈-〠〰\ufe10-\ufe19︰-\ufe6f！-／：-＠［-＾｀｛-･"  # Chinese, Japanese, Korean
    "\U0001f000-\U0001fbff"  # emoji
)
WORD = f"[^{SPACE}{MARK}]"
# A number with its points; a word with the apostrophes and hyphens inside it; several hyphens (a typed dash); any other
# mark, such as an emoji with its modifiers. Both engines take the first alternative that matches.
TOKEN = (
    r"[0-9]+(?:[.,:][0-9]+)+"
    rf"|{WORD}+(?:['’\-‐‑]{WORD}+)*"
    r"|-+"
    f"|[{MARK}](?:[\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[{MARK}])*"
)
PATTERN = re.compile(TOKEN)


class WordPunctRules(WordRules):
    """The ids of `tokenizers.WordPunctTokenizer`."""

    def token_strings(self, text: str) -> list[str]:
        return PATTERN.findall(text)

    def tokenize_prompt(self, text: str) -> tuple[Ids, int, np.ndarray | None]:
        # The ids leave out the last blank, and the next token must be one that gets a blank in front.
        body = text[:-1]
        if not text.endswith(" ") or not body or body[-1].isspace():
            return super().tokenize_prompt(text)
        spacing = Spacing(body)
        silent = (self.pad_id, self.end_id)
        tokens = enumerate(self.get_vocabulary())
        return self.tokenize(body), 1, np.array([i not in silent and spacing.needs_blank(token) for i, token in tokens])

    def continuation(self, text: str, ids: Sequence[int]) -> str:
        spacing = Spacing(text)
        return "".join(map(spacing.add, self._written(ids)))

    def _may_stand(self, before, gap, word):
        return may_stand(before, gap, word)
