"""One pass over a source: counts of all of it, and as much of its text as is looked at closely."""

import dataclasses

from tinylm_keras import _checks

# All of the first characters are looked at. Of what follows, stretches are, ever further apart, so that a source of any
# size is looked at with a few million characters: the first 2 ** BLOCK of a block, in at most 4 of each doubling.
BLOCK, WHOLE_BLOCKS, STRETCH = 20, 2, 1 << 16
SPACES = " \n\t\r"


@dataclasses.dataclass
class Sample:
    """What one pass found.

    Attributes:
        given: bool. Whether the source consists of texts already, as a list or a column does.
        characters: int. Characters of the source.
        line_ends: int. Line ends of the source.
        parts: int. Files, or texts where the source consists of texts.
        longest: int. Characters of the longest part.
        stretches: list of str. What is looked at closely: each text or file, or stretches of it.
        looked_at: int. Characters of the stretches.
    """

    given: bool
    characters: int = 0
    line_ends: int = 0
    parts: int = 0
    longest: int = 0
    stretches: list = dataclasses.field(default_factory=list)
    looked_at: int = 0

    @property
    def is_whole(self):
        """Whether all of the source was looked at."""
        return self.looked_at == self.characters

    @property
    def factor(self):
        """How many times as long the source is as what was looked at."""
        return self.characters / max(1, self.looked_at)


def take(documents):
    """Go over `Documents` once and return their `Sample`.

    Raises:
        ValueError: if the source cannot be read, holds only white space, or has no two different characters besides it.

    Example:

    >>> from tinylm_keras.text.documents import Documents
    >>> sample = take(Documents(["one", "two"]))
    >>> sample.parts, sample.characters, sample.stretches
    (2, 6, ['one', 'two'])
    """
    sample, stretches, only, length = Sample(documents.given), _Stretches(), _Only(), 0
    for chunk, first in documents.uncut():
        length = len(chunk) if first else length + len(chunk)
        sample.longest = max(sample.longest, length)
        sample.parts += first
        stretches.add(chunk, sample.characters, first)
        sample.characters += len(chunk)
        sample.line_ends += chunk.count("\n")
        only.see(chunk)
    received = ", ".join(documents.names)
    if not only.seen:
        raise _checks.refuse("source", "must hold text, but there is only white space or nothing", received)
    if len(only.seen) == 1:
        (one,) = only.seen
        how_often = "once" if only.count == 1 else f"{only.count:,} times"
        rule = f"must have at least two different characters, and it has only {one!r}, {how_often}"
        raise _checks.refuse("source", rule, received)
    sample.stretches = stretches.texts()
    sample.looked_at = sum(map(len, sample.stretches))
    return sample


class _Only:
    """The characters of a text besides white space, up to the second different one."""

    def __init__(self):
        self.seen, self.count = set(), 0

    def see(self, chunk):
        if len(self.seen) > 1:
            return
        for one in self.seen:
            count = chunk.count(one)
            self.count += count
            if count + sum(map(chunk.count, SPACES)) == len(chunk):
                return
        found = {one for one in set(chunk) if not one.isspace()} - self.seen
        self.count += 0 if self.seen or len(found) != 1 else chunk.count(next(iter(found)))
        self.seen |= found


class _Stretches:
    """The stretches of a long text that are looked at, while it comes in chunks."""

    def __init__(self):
        self._texts, self._end = [], -1

    def add(self, chunk, place, first):
        """Take from a chunk that begins at a place what is to be looked at."""
        for begin, end in _wanted(place, place + len(chunk)):
            part = chunk[begin - place : end - place]
            if (first and begin == place) or begin != self._end:
                self._texts.append([])
            self._texts[-1].append(part)
            self._end = end

    def texts(self):
        return ["".join(parts) for parts in self._texts]


def _wanted(begin, end):
    """The stretches between two places that are looked at, as pairs of places."""
    for block in range(begin >> BLOCK, (max(begin, end - 1) >> BLOCK) + 1):
        distance = max(0, block.bit_length() - 3)
        if block >= WHOLE_BLOCKS and block % (1 << distance):
            continue
        first = max(begin, block << BLOCK)
        last = min(end, (block << BLOCK) + ((1 << BLOCK) if block < WHOLE_BLOCKS else STRETCH))
        if first < last:
            yield first, last
