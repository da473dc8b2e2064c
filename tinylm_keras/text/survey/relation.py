"""Measures whether neighbouring lines or paragraphs belong together or are separate texts."""

import collections
import dataclasses
import itertools
import re

MOST_LOOKED_AT = 4000  # texts
WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")

SENTENCE_END = re.compile("[.!?…。！？।]")
# Ends of lines whose sentence continues.
GOES_ON = frozenset(",;:-–—、，；：،؛")
TIME = re.compile(r"[\[(<]?(?:\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4}|\d\d?:\d\d)\b")
# A name and a colon, a name in brackets, or a tag: "ANN: hello", "<ann> hello", "<p>hello</p>".
LABEL = re.compile(r"(?:([^\W\d_][\w .'\-]{0,24}\s?)[:：](?=\s?\S)|(<[^<>]{1,100}>)|(\[[^\[\]]{1,30}\])(?=\s))")

FREQUENT = 0.1  # share of the texts; words in more of them are ignored
RELATED = 1.5  # shared words of neighbours, as a multiple of what an arbitrary order would give
CERTAIN = 4.0  # standard deviations above that
MOST_LABELS = 0.2  # distinct labels, as a share of the lines that have one
SINGLE = 0.1  # neighbours without a blank line between, as a share of the lines: with fewer, blank lines part nothing
CAPITALS = 0.05  # share of the lines; with fewer, lowercase beginnings are ignored


@dataclasses.dataclass(frozen=True)
class Relation:
    """How lines of a text are connected.

    Attributes:
        indented: float. Share of lines that begin with a space or a tab.
        open_ends: float. Share of lines that end in a comma or the like, before another line.
        continued: float. Share of lines that seem to continue in the next: they have an open end, or the next line
            begins in lowercase although others begin with a capital.
        labelled: float. Share of lines that begin with a speaker, a time or a tag.
        sentences: float. Share of lines with the end of a sentence.
        ordered: bool. Whether the lines are in alphabetical order.
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
        lines: list of str, not stripped. Lines on both sides of a blank line are not neighbours, unless nearly all
            lines are separated by blank lines.

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
    """Return the number of lines that begin with a time or with one of a few repeated labels."""
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
    """Return the shared words of neighbouring texts, as a multiple of those in a random order.

    In a novel, names and things often occur in neighbouring paragraphs; in a list of independent texts, neighbours
    share no more words than any two texts. The measure does not depend on the language.

    Args:
        texts: list of str. Equal texts count once; only the first 4,000 are examined.
        blanks: bool. Whether there are spaces between words; if not, pairs of characters are used as words.

    Returns:
        float. About 1 for independent texts; 2 and more for neighbours in prose, verse and plays. 0 if too few
        words are shared.

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
