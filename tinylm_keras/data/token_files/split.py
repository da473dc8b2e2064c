"""Chooses the validation part of a source, in a pass that needs little memory."""

import dataclasses
import hashlib

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.text.chunks import HEAD
from tinylm_keras.text.sources import MOST_DOCUMENTS, near_white_space

TRAIN, VALIDATION = PARTS = ("train", "validation")

BUCKETS = 1 << 16
REACH = 1 << 15  # distance from the exact place within which a long text is cut at white space


def divide(documents, fraction, seed=0, looked=lambda: None):
    """Choose the validation part of a source.

    If there are several texts, those with the smallest hashes of (seed, first 65,536 characters) are held out. So texts
    stay whole, equal texts are on the same side, and their order does not matter. If so many equal texts have the
    smallest hash that they exceed the share, the hash with the fewest texts is held out instead. A single text, or up
    to 100 files that are texts as a whole, are split in two as by `data.split`, except that the cut is at white space
    within 32,768 characters of the exact place.

    Args:
        documents: `Documents`, or an iterable of `Chunk` with an attribute `whole`.
        fraction: float in [0, 1). Share for validation; 0 for none.
        seed: int. Another seed chooses other texts.
        looked: Function that is called after each chunk of a pass.

    Returns:
        A `Division`, which is called with chunks and iterates over pairs of "train" or "validation" and a chunk.

    Raises:
        ValueError: if one of the parts would be empty.

    Example:

    >>> from tinylm_keras.text.documents import Documents
    >>> documents = Documents(["one two three four"])
    >>> [(part, chunk.text) for part, chunk in divide(documents, 0.3)(documents)]
    [('train', 'one two three '), ('validation', 'four')]
    """
    if not fraction:
        return Division()
    return decide(look(documents, fraction, seed, looked), documents.whole, fraction, seed)


@dataclasses.dataclass
class Look:
    """What a pass over some texts found.

    Attributes:
        counts: int64 array `[BUCKETS]`. Number of texts with each hash.
        places: list of int or None, or None. Where each text would be cut in two, None for one that is too short;
            None instead of the list if these texts are not cut, however many others there are.
    """

    counts: np.ndarray
    places: list | None

    @property
    def number(self):
        """Number of texts."""
        return int(self.counts.sum())

    def add(self, other):
        """Add what was found in the texts that follow."""
        self.counts = self.counts + other.counts
        both = self.places is not None and other.places is not None and self.number <= MOST_DOCUMENTS
        self.places = self.places + other.places if both else None


def look(documents, fraction, seed=0, looked=lambda: None):
    """Return a `Look` at some texts, which may be a part of a source; arguments as for `divide`."""
    spans, counts = _survey(documents, seed, looked)
    number = int(counts.sum())
    may_be_cut = fraction > 0 and (number <= 1 or (documents.whole and number <= MOST_DOCUMENTS))
    return Look(counts, list(_cutting_places(documents, spans, fraction, looked)) if may_be_cut else None)


def decide(found, whole, fraction, seed=0):
    """Return the `Division` of a source from a `Look` at all of it; other arguments as for `divide`."""
    counts, number, places = found.counts, found.number, found.places
    if number == 1 or (whole and number <= MOST_DOCUMENTS):
        held = number - places.count(None)
        _check(fraction, number, held)
        return Division(places=places)
    low, edge = _edges(counts, fraction)
    held = int(counts[low:edge].sum())
    _check(fraction, number - held, held, equal=np.count_nonzero(counts) == 1)
    return Division(seed, edge, low=low)


@dataclasses.dataclass
class Division:
    """Which part a text belongs to: validation if its hash is from `low` to below the edge, or from a place in it.

    Attributes:
        seed: int. Seed of the hash.
        edge: int. 0 for no validation part.
        places: list of int or None, or None. Where each text is cut, in their order.
        low: int. The smallest hash that is held out.
    """

    seed: int = 0
    edge: int = 0
    places: list | None = None
    low: int = 0

    def __call__(self, chunks):
        """Iterate over pairs of "train" or "validation" and a chunk."""
        if self.places is not None:
            return _cut_ends(chunks, self.places)
        return _choose(chunks, self.seed, self.low, self.edge) if self.edge else ((TRAIN, chunk) for chunk in chunks)


def _check(fraction, train, validation, equal=False):
    if not train or not validation:
        rule = (
            f"must leave text in both parts, but gives {train:,} texts for training and {validation:,} for validation"
        )
        more = f"All {train + validation:,} texts have the same beginning: use" if equal else "Use more text, or"
        advice = [f"{more} ", _checks.Argument("validation", 0), " to train without validation."]
        raise _checks.refuse("validation", rule, fraction, advice)


def _survey(documents, seed, looked):
    """Return the length, begin and end of the first texts, and the number of texts with each hash."""
    spans, counts = [], np.zeros(BUCKETS, "int64")
    position = begin = end = 0
    for chunk in documents:
        if chunk.first:
            counts[_bucket(chunk.text, seed)] += 1
            position, begin = 0, len(chunk.text) - len(chunk.text.lstrip())
        solid = len(chunk.text.rstrip())
        end = position + solid if solid else end
        position += len(chunk.text)
        if chunk.last and len(spans) < MOST_DOCUMENTS:
            spans.append((position, begin, end))
        looked()
    return spans, counts


def _bucket(text, seed):
    key = int(seed).to_bytes(8, "little")
    return int.from_bytes(
        hashlib.blake2b(text[:HEAD].encode("utf-8", "surrogatepass"), digest_size=2, key=key).digest(), "big"
    )


def _edges(counts, fraction):
    """Return the range of hashes whose texts are held out."""
    below, count = np.cumsum(counts), int(counts.sum())
    wanted = min(max(1, round(count * fraction)), count - 1)
    edge = int(np.searchsorted(below, wanted, side="right"))
    if edge and below[edge - 1]:
        return 0, edge
    # The texts with the smallest hash, many equal ones, exceed the share: take the hash with the fewest texts.
    low = int(np.argmin(np.where(counts > 0, counts, count + 1)))
    return low, low + 1


def _choose(chunks, seed, low, edge):
    part = TRAIN
    for chunk in chunks:
        if chunk.first:
            part = VALIDATION if low <= _bucket(chunk.text, seed) < edge else TRAIN
        yield part, chunk


def _cutting_places(documents, spans, fraction, looked):
    """Iterate over the place where each text is cut; None for a text that is too short."""
    texts, window = iter(spans), ""
    for chunk in documents:
        if chunk.first:
            (length, begin, end), position, window = next(texts), 0, ""
            exact = round(length * (1 - fraction))
            reach = min(min(exact, length - exact) // 2, REACH)
        window += chunk.text[max(exact - reach - position, 0) : max(exact + reach - position, 0)]
        position += len(chunk.text)
        if chunk.last:
            place = exact - reach + near_white_space(window, reach, reach)
            yield place if begin < place < end else None
        looked()


def _cut_ends(chunks, places):
    """Split each text at its place into a training part and a validation part."""
    texts, position = iter(places), 0
    for chunk in chunks:
        if chunk.first:
            place, position = next(texts), 0
        after = position + len(chunk.text)
        if place is None or after <= place:
            yield TRAIN, chunk._replace(last=chunk.last or after == place)
        elif position >= place:
            yield VALIDATION, chunk._replace(first=position == place)
        else:
            yield TRAIN, chunk._replace(text=chunk.text[: place - position], last=True)
            yield VALIDATION, chunk._replace(text=chunk.text[place - position :], first=True)
        position = after
