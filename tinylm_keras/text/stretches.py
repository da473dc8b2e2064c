"""Chooses evenly spread validation stretches of a few long or unequal texts. No Keras."""

from __future__ import annotations

import bisect
import itertools
import re

STRETCHES = 10
SHORTEST = 400  # least characters of a stretch, if the text is long enough

_LINE_END, _WORD_END = re.compile(r"\n+"), re.compile(r"\s+")


def spread(texts: list[str], share: float, stretches: int = STRETCHES) -> list[list[int]]:
    r"""Choose evenly spread stretches of texts for validation, with about a share of the characters in total.

    A stretch begins and ends after a line break or, within a long line, after white space; without white space,
    anywhere. So every part of a book is represented in training and validation, and no word is cut.

    Args:
        texts: list of str.
        share: float in (0, 1). Share of the characters to hold out.
        stretches: int. Number of stretches; fewer if they would have less than 400 characters.

    Returns:
        list of [number of the text, first character, place after the last], in order; empty if the texts are too
        short.

    Example:

    >>> spread(["one two three four five six seven eight nine ten"], 0.2, stretches=1)
    [[0, 19, 28]]
    """
    lengths = list(map(len, texts))
    total = sum(lengths)
    begins = [0, *itertools.accumulate(lengths)]
    count = max(1, min(stretches, int(total * share / SHORTEST)))
    size, found = total * share / count, []
    for number in range(count):
        middle = total * (number + 0.5) / count
        first, last = round(middle - size / 2), round(middle + size / 2)
        for text in range(bisect.bisect_right(begins, first) - 1, len(texts)):
            begin = begins[text]
            if begin >= last:
                break
            begun, ended = (_place(texts[text], place - begin, size) for place in (first, last))
            least = found[-1][2] if found and found[-1][0] == text else 0
            begun = max(begun, least)
            if texts[text][begun:ended].strip():
                found.append([text, begun, ended])
    left = total - sum(last - first for _, first, last in found)
    return found if left >= total / 2 else []


def _place(text, exact, size):
    """Return the end of the line or word nearest to a place, at most a quarter of a stretch away."""
    if exact <= 0:
        return 0
    if exact >= len(text):
        return len(text)
    reach = max(1, int(size / 4))
    window = text[max(0, exact - reach) : exact + reach]
    for ends in (_LINE_END, _WORD_END):
        places = [max(0, exact - reach) + found.end() for found in ends.finditer(window)]
        if places:
            return min(places, key=lambda place: abs(place - exact))
    return exact
