"""Marks between texts: `<|endoftext|>`, or a line that is only `%`, `---`, `* * *` or the like."""

import collections
import re

from tinylm_keras.text.survey.cuts import cut

# Written by programs that join texts.
TAGS = re.compile(
    r"<\|(?:endoftext|end_of_text|eos|eod|sep|end_of_document)\|>|</s>|<(?:eos|EOS|eod|EOD|sep|SEP|END|EOT)>"
    r"|\[(?:EOS|SEP|END|EOT)\]"
)
# A line of one repeated character between texts. Brackets, quotes and dots are excluded: code and chats have them.
RULE = re.compile(r"(?:[%§*⁂※~•●○◆◇★☆]|([-–—=_~*#+%§•●○◆◇★☆─━═＊＝])(?:[ \t]*\1){2,})")

LEAST_TEXTS = 10  # between such lines; fewer are parts of one text
LEAST_TEXTS_OF_FORTUNES = 3  # between lines that are only %, which have no other meaning
SHORTEST_UNDERLINE = 5  # signs
LONGEST_MEDIAN = 4000  # characters: longer parts are the scenes or chapters of one text
MOST_UNEVEN = 0.6  # share of the characters in the longest tenth of the parts


def lines_of_signs(lines):
    """Return the number of each line that is only a mark, as a Counter.

    Example:

    >>> lines_of_signs(["one", "* * *", "two", "}", "%"])
    Counter({'* * *': 1, '%': 1})
    """
    return collections.Counter(line for line in lines if RULE.fullmatch(line))


def find(stretches, lines, signs):
    r"""Return the separator of a mark between texts, or None if there is no mark.

    A mark with several uses, such as `---`, needs at least ten texts of similar length: in a novel it separates scenes,
    and under a title it is an underline.

    Args:
        stretches: list of str.
        lines: list of str. Their lines, stripped, blank ones included.
        signs: Counter, as from `lines_of_signs`.

    Example:

    >>> find(["a<|endoftext|>b"], ["a<|endoftext|>b"], {})
    '<|endoftext|>'
    >>> lines = ["one", "%", "two", "%", "three"]
    >>> find(["\n".join(lines)], lines, lines_of_signs(lines))
    '\n%\n'
    """
    tags = collections.Counter(tag for text in stretches for tag in TAGS.findall(text))
    for tag, _ in tags.most_common(1):
        if len(cut(stretches, tag)) > 1:
            return tag
    for mark, count in sorted(signs.items(), key=lambda item: -item[1])[:3]:
        least = LEAST_TEXTS_OF_FORTUNES if mark == "%" else LEAST_TEXTS
        if count >= least - 1 and not _underlines(mark, lines):
            lengths = sorted(map(len, cut(stretches, f"\n{mark}\n")))
            tenth = sum(lengths[-max(1, len(lengths) // 10) :])
            even = len(lengths) < LEAST_TEXTS or tenth <= MOST_UNEVEN * sum(lengths)
            if len(lengths) >= least and lengths[len(lengths) // 2] <= LONGEST_MEDIAN and even:
                return f"\n{mark}\n"
    return None


def _underlines(mark, lines):
    """Whether a mark is mostly the underline of a title."""
    places = [place for place, line in enumerate(lines) if line == mark]
    titles = sum(place > 0 and abs(len(lines[place - 1]) - len(mark)) <= 2 for place in places)
    return len(mark) >= SHORTEST_UNDERLINE and 2 * titles > len(places)
