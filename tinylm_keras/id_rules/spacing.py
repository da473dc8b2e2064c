"""Puts blanks between words and marks as in printed English."""

import re

# No blank comes before a token that begins with one of the first, or after a text that ends with one of the second.
NO_BLANK_BEFORE = frozenset(",.!?;:)]}”’»…%‰°،؛؟۔।॥")
NO_BLANK_AFTER = frozenset("([{“‘„‚«¿¡$£€¥#@")
JOINING = frozenset("—/\\、。，！？：；「」『』（）《》〈〉【】〜・")

# Quotes of which one mark opens and closes, and line breaks; but no apostrophe between two letters or digits.
TURN = re.compile(r"\n|[\"`]|(?<![^\W_])'|'(?![^\W_])")
TURNING = frozenset("\n\"'`")  # a text without these has no match


def may_stand(before, gap, token):
    """Whether `token` may follow a text that ends with `before`, with the gap "" or " " between them."""
    if before == "-" or not (before or gap):  # perhaps the end of "--"; perhaps the beginning of the text
        return True
    before = before or "a"  # after a letter, the token alone decides about the blank
    spacing = Spacing(before)
    undecided = {before[-1], token[0]} & TURNING  # their meaning depends on quotes that opened earlier
    for opened in (set(), *({mark} for mark in undecided), undecided):
        spacing.open_quotes = opened
        if spacing.needs_blank(token) == bool(gap):
            return True
    return False


class Spacing:
    """A text that grows token by token, of which only the open quotes and the last characters are kept.

    A straight quote opens after a blank or a mark and closes otherwise; a line break closes all. An apostrophe after a
    word ("dogs'") opens nothing.

    Args:
        text: str. The text so far.

    Example:

    >>> spacing = Spacing("Tom said")
    >>> "".join(map(spacing.add, [",", '"', "Go", "!", '"']))
    ', "Go!"'
    """

    def __init__(self, text=""):
        self._tail = ""
        self.open_quotes = set()
        self._read(text[text.rfind("\n") + 1 :])

    def add(self, token):
        """Append a token; return it with a blank in front if it needs one."""
        written = f" {token}" if self.needs_blank(token) else token
        self._read(written)
        return written

    def needs_blank(self, token):
        """Whether a blank belongs between the text and this token."""
        last = self._tail[-1:]
        if not last or last.isspace() or token[0].isspace():
            return False
        if last in NO_BLANK_AFTER or last in JOINING or self._tail == "--" or last in self.open_quotes:
            return False
        return (
            token[0] not in NO_BLANK_BEFORE
            and token[0] not in JOINING
            and not (token.startswith("--") or token[0] in self.open_quotes)
        )

    def _read(self, text):
        if not TURNING.isdisjoint(text):
            seen = self._tail + text
            for turn in TURN.finditer(seen, len(self._tail)):
                self._turn(turn.group(), seen[: turn.start()][-1:])
        self._tail = (self._tail + text)[-2:]

    def _turn(self, mark, before):
        if mark == "\n":
            self.open_quotes.clear()
        elif mark in self.open_quotes:
            self.open_quotes.remove(mark)
        elif not before.isalnum():
            self.open_quotes.add(mark)
