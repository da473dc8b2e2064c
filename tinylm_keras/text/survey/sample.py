"""One pass over a source: counts of all of it, and a sample of its text."""

import dataclasses

from tinylm_keras import _checks

# The first blocks are examined completely, and after them stretches at growing distances (at most 4 per doubling), so
# that a sample has at most a few million characters. A block has 2 ** BLOCK characters.
BLOCK, WHOLE_BLOCKS, STRETCH = 20, 2, 1 << 16
SPACES = " \n\t\r"


@dataclasses.dataclass
class Sample:
    """The result of one pass.

    Attributes:
        given: bool. Whether the source already consists of texts, such as a list or a column.
        characters: int. Number of characters in the source.
        line_ends: int. Number of line ends in the source.
        parts: int. Number of files, or of texts if the source consists of texts.
        longest: int. Characters of the longest part.
        stretches: list of str. The sample: each text or file, or stretches of it.
        looked_at: int. Characters of the sample.
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
        """Whether the sample is all of the source."""
        return self.looked_at == self.characters

    @property
    def factor(self):
        """Length of the source divided by that of the sample."""
        return self.characters / max(1, self.looked_at)


def take(documents):
    """Read `Documents` once and return their `Sample`.

    Raises:
        ValueError: if the source cannot be read, is blank, or has fewer than two different characters.

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
        rule = f"must have at least two different characters, but it has only {one!r}, {how_often}"
        raise _checks.refuse("source", rule, received)
    sample.stretches = stretches.texts()
    sample.looked_at = sum(map(len, sample.stretches))
    return sample


class _Only:
    """Finds the first two different characters of a text besides white space."""

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
    """Collects the sampled stretches of a text that is read in chunks."""

    def __init__(self):
        self._texts, self._end = [], -1

    def add(self, chunk, place, first):
        """Add the sampled parts of a chunk that begins at `place`."""
        for begin, end in _wanted(place, place + len(chunk)):
            part = chunk[begin - place : end - place]
            if (first and begin == place) or begin != self._end:
                self._texts.append([])
            self._texts[-1].append(part)
            self._end = end

    def texts(self):
        return ["".join(parts) for parts in self._texts]


def _wanted(begin, end):
    """Iterate over the sampled stretches between two places, as pairs of places."""
    for block in range(begin >> BLOCK, (max(begin, end - 1) >> BLOCK) + 1):
        distance = max(0, block.bit_length() - 3)
        if block >= WHOLE_BLOCKS and block % (1 << distance):
            continue
        first = max(begin, block << BLOCK)
        last = min(end, (block << BLOCK) + ((1 << BLOCK) if block < WHOLE_BLOCKS else STRETCH))
        if first < last:
            yield first, last
