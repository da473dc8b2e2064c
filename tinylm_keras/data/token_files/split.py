"""Which part of a source is kept for validation, decided in a pass that keeps little more than counts."""

import hashlib

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.text.chunks import HEAD
from tinylm_keras.text.sources import MOST_DOCUMENTS, near_white_space

TRAIN, VALIDATION = PARTS = ("train", "validation")

BUCKETS = 1 << 16
REACH = 1 << 15  # characters to either side in which a long text's cut looks for white space


def divide(documents, fraction, seed=0, looked=lambda: None):
    """Choose the part of a source that is kept for validation.

    Several texts: those with the smallest hashes of (seed, first 65,536 characters), as many as the share of the texts
    asks for. So texts stay whole, equal ones stay on one side, and the choice depends on no order. One text, or up to
    100 files that are kept whole: the end of each is cut off where `data.split` would cut it, except that white space
    is looked for within 32,768 characters.

    Args:
        documents: `Documents`, or what iterates over `Chunk` and has `whole`.
        fraction: float in [0, 1). 0 keeps nothing for validation.
        seed: int. Another seed chooses other texts.
        looked: Function that is called after each chunk of a pass.

    Returns:
        A function from chunks to pairs of "train" or "validation" and a chunk.

    Raises:
        ValueError: if one of the parts would be empty.

    Example:

    >>> from tinylm_keras.text.documents import Documents
    >>> documents = Documents(["one two three four"])
    >>> [(part, chunk.text) for part, chunk in divide(documents, 0.3)(documents)]
    [('train', 'one two three '), ('validation', 'four')]
    """
    if not fraction:
        return lambda chunks: ((TRAIN, chunk) for chunk in chunks)
    spans, counts = _survey(documents, seed, looked)
    count = int(counts.sum())
    if count == 1 or (documents.whole and count <= MOST_DOCUMENTS):
        places = list(_cutting_places(documents, spans, fraction, looked))
        held = count - places.count(None)
        _check(fraction, count, held)
        return lambda chunks: _cut_ends(chunks, places)
    edge = _edge(counts, fraction)
    held = int(counts[:edge].sum())
    _check(fraction, count - held, held, equal=np.count_nonzero(counts) == 1)
    return lambda chunks: _choose(chunks, seed, edge)


def _check(fraction, train, validation, equal=False):
    if not train or not validation:
        rule = (
            f"must leave text on both sides, but gives {train:,} texts for training and {validation:,} for validation"
        )
        more = f"All {train + validation:,} texts begin equally: use" if equal else "Use more text, or"
        advice = [f"{more} ", _checks.Argument("validation", 0), " to train without validation."]
        raise _checks.refuse("validation", rule, fraction, advice)


def _survey(documents, seed, looked):
    """Where texts begin and end (if they may be cut), and how many have each hash."""
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


def _edge(counts, fraction):
    """Below which hash texts are kept for validation."""
    below, count = np.cumsum(counts), int(counts.sum())
    wanted = min(max(1, round(count * fraction)), count - 1)
    edge = int(np.searchsorted(below, wanted, side="right"))
    if not edge or not below[edge - 1]:  # the texts with the smallest hash are more than the share
        edge = int(np.flatnonzero(counts)[0]) + 1
    return edge


def _choose(chunks, seed, edge):
    part = TRAIN
    for chunk in chunks:
        if chunk.first:
            part = VALIDATION if _bucket(chunk.text, seed) < edge else TRAIN
        yield part, chunk


def _cutting_places(documents, spans, fraction, looked):
    """Where each text is cut; None for one that is too short."""
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
    """Cut each text at its place: its head is for training, its tail for validation."""
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
