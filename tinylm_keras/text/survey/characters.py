"""The characters of a text: their number, white space, and the script of the letters."""

import collections
import unicodedata

# Scripts without spaces between words.
WITHOUT_BLANKS = {"Chinese", "Japanese", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan"}
_NAMES = {
    "CJK": "Chinese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
    "IDEOGRAPHIC": "Chinese",
}
KANA = 0.1  # share of kana among the letters above which ideographs count as Japanese


def count(stretches):
    """Return the number of each character in some texts, as a Counter."""
    counts = collections.Counter()
    for text in stretches:
        counts.update(text)
    return counts


def white_space(counts):
    """Return the share of characters that are white space."""
    return sum(number for one, number in counts.items() if one.isspace()) / max(1, sum(counts.values()))


def script(counts):
    """Return the name of the script of most letters; "" for a text without letters.

    Args:
        counts: Counter of characters.

    Example:

    >>> script(count(["私は本を読んだ。"])), script(count(["two words"])), script(count(["12"]))
    ('Japanese', 'Latin', '')
    """
    scripts = collections.Counter()
    for one, number in counts.items():
        if one.isalpha():
            name = unicodedata.name(one, "unknown").split(" ")[0].split("-")[0]
            scripts[_NAMES.get(name, name.capitalize())] += number
    letters = sum(scripts.values())
    if not letters:
        return ""
    if scripts["Japanese"] > KANA * letters:
        return "Japanese"
    return max(scripts, key=scripts.get)
