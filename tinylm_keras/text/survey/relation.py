"""Whether neighbouring lines or paragraphs continue with each other, or are texts of their own in some order."""

import collections
import dataclasses
import itertools
import re

MOST_LOOKED_AT = 4000  # texts
WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")

SENTENCE_END = re.compile("[.!?…。！？।]")
# What a line ends with whose sentence continues.
GOES_ON = frozenset(",;:-–—、，；：،؛")
TIME = re.compile(r"[\[(<]?(?:\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4}|\d\d?:\d\d)\b")
# A name and a colon, a name in brackets, or a tag: "ANN: hello", "<ann> hello", "<p>hello</p>".
LABEL = re.compile(r"(?:([^\W\d_][\w .'\-]{0,24}\s?)[:：](?=\s?\S)|(<[^<>]{1,100}>)|(\[[^\[\]]{1,30}\])(?=\s))")

FREQUENT = 0.1  # of the texts: words that more of them have tell nothing
RELATED = 1.5  # shared words of neighbours, as a multiple of what an arbitrary order would give
CERTAIN = 4.0  # standard deviations above that
MOST_LABELS = 0.2  # distinct labels, as a share of the lines that have one
SINGLE = 0.1  # neighbours without a blank line between, as a share of the lines: with fewer, blank lines part nothing
CAPITALS = 0.05  # of the lines: with fewer, small letters at the beginning tell nothing


@dataclasses.dataclass(frozen=True)
class Relation:
    """How lines of a text hang together.

    Attributes:
        indented: float. Share of lines that begin with a blank or a tab.
        open_ends: float. Share of lines that end in a comma or the like, before another line.
        continued: float. Share of lines that seem to continue in the next: they end so, or the next begins with a small
            letter where others begin with a capital one.
        labelled: float. Share of lines that begin with a speaker, a time or a tag.
        sentences: float. Share of lines in which a sentence ends.
        ordered: bool. Whether the lines stand in alphabetical order.
    """

    indented: float
    open_ends: float
    continued: float
    labelled: float
    sentences: float
    ordered: bool


def of_lines(lines):
    """Return the `Relation` of some lines.

    Args:
        lines: list of str, not stripped. What blank lines part does not continue, unless they part nearly all lines.

    Example:

    >>> found = of_lines(["Of man's first disobedience,", "  and the fruit"])
    >>> found.indented, found.open_ends, found.continued, found.labelled
    (0.5, 1.0, 1.0, 0.0)
    """
    full = [line for line in lines if line.strip()]
    number = max(1, len(full))
    pairs = [(one, two) for one, two in itertools.pairwise(lines) if one.strip() and two.strip()]
    if len(pairs) < SINGLE * number:  # every line stands between blank lines
        pairs = list(itertools.pairwise(full))
    pairs = [(one.rstrip(), two.lstrip()) for one, two in pairs]
    capitals = sum(line.lstrip()[0].isupper() for line in full) / number
    open_ends = [one[-1] in GOES_ON for one, _ in pairs]
    small = [two[0].islower() and capitals >= CAPITALS for _, two in pairs]
    ascending = sum(one.casefold() <= two.casefold() for one, two in pairs) / max(1, len(pairs))
    return Relation(
        sum(line[0] in " \t\u3000" for line in full) / number,
        sum(open_ends) / max(1, len(pairs)),
        sum(map(max, open_ends, small)) / max(1, len(pairs)),
        _labelled(full) / number,
        sum(bool(SENTENCE_END.search(line)) for line in full) / number,
        len(pairs) > 1 and not 0.2 < ascending < 0.8,
    )


def _labelled(lines):
    """How many lines begin with a time, or with one of a few labels that return."""
    labels, times = collections.Counter(), 0
    for line in lines:
        line = line.strip()
        found = LABEL.match(line)
        if TIME.match(line):
            times += 1
        elif found:
            labels[found[0]] += 1
    returning = sum(labels.values())
    return times + (returning if 2 <= len(labels) <= max(2, MOST_LABELS * returning) else 0)


def cohesion(texts, blanks=True):
    """Return how many more words neighbouring texts share than they would in an arbitrary order.

    In a novel, a name or a thing stands in one paragraph and in the next; in a list of independent texts, a word stands
    in neighbours no more often than in any two. The measure needs no knowledge of a language.

    Args:
        texts: list of str. Equal ones count once, and the first 4,000 are looked at.
        blanks: bool. Whether blanks stand between words; else pairs of characters are taken for words.

    Returns:
        float. About 1 for independent texts; 2 and more for neighbours in prose, verse and plays. 0 where too few words
        are shared to tell.

    References:
        Halliday and Hasan, "Cohesion in English", 1976; Hearst, "TextTiling", Computational Linguistics 23, 1997.

    Example:

    >>> round(cohesion([f"{name} {did}." for name in "abcdefghijklmnopqrstuvwxyz" for did in ("ran", "fell")]))
    26
    """
    texts = list(itertools.islice(dict.fromkeys(texts), MOST_LOOKED_AT))
    places = collections.defaultdict(list)
    for place, text in enumerate(texts):
        for word in _words(text, blanks):
            places[word].append(place)
    shared = expected = 0.0
    for found in places.values():
        if 2 <= len(found) <= max(2, FREQUENT * len(texts)):
            shared += sum(two - one == 1 for one, two in itertools.pairwise(found))
            expected += len(found) * (len(found) - 1) / len(texts)
    if expected <= 0 or shared - expected < CERTAIN * expected**0.5:
        return min(1.0, shared / expected) if expected >= 1 else 0.0
    return shared / expected


def _words(text, blanks):
    if blanks:
        return set(WORD.findall(text.lower()))
    letters = "".join(WORD.findall(text))
    return {letters[place : place + 2] for place in range(len(letters) - 1)}
