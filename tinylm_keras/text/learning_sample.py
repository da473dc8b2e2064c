"""Chooses the part of a text from which byte pairs are learned."""

from __future__ import annotations

import hashlib
import heapq
from typing import TYPE_CHECKING

from tinylm_keras.id_rules import strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tinylm_keras.text.chunks import Chunk

# Characters of a piece: a short text is one piece, a long one is cut where no tokenizer's ids change.
PIECE = 1 << 16

LAST = (1 << 64) - 1  # the largest hash


def pieces(chunks: Iterable[Chunk]) -> Iterator[str]:
    """Iterate over the pieces of texts that are given in chunks. They do not depend on where the chunks end.

    Example:

    >>> from tinylm_keras.text.chunks import Chunk
    >>> list(pieces([Chunk("to be", True, False), Chunk(" or not", False, True)]))
    ['to be or not']
    """
    held = ""
    for chunk in chunks:
        *ready, held = strings.parts(chunk.text if chunk.first else held + chunk.text, PIECE)
        yield from ready
        if chunk.last:
            yield held


class LearningSample:
    """The pieces with the smallest hashes, as many as fit into a number of bytes.

    So the sample depends on the text alone: not on its order, and not on how it is divided among files and workers. Of
    equal pieces, as many as fit are taken. A text that fits is its own sample. At least one piece is kept, however
    large it is.

    Args:
        limit: int or None. Bytes in UTF-8 of all its pieces; None for no limit.
        last: int. Pieces with a larger hash are only counted.

    Attributes:
        bytes: int. Size of the pieces that are kept.
        of_bytes: int. Size of all pieces that were added.
        last: int. All pieces with a smaller hash are kept, and of those with this hash perhaps some.

    Example:

    >>> from tinylm_keras.text.chunks import Chunk
    >>> sample = LearningSample(limit=5).add(Chunk(text, True, True) for text in ("one", "two", "three"))
    >>> sample.bytes, sample.of_bytes, list(sample)
    (5, 11, ['three'])
    """

    def __init__(self, limit: int | None, last: int = LAST) -> None:
        self.limit, self.last = limit, last
        self.bytes = self.of_bytes = 0
        self._heap = []  # the largest hash first

    @classmethod
    def restored(cls, limit: int | None, last: int, of_bytes: int, pieces: Iterable[str]) -> LearningSample:
        """Return the sample with these attributes and these pieces, in any order."""
        sample = cls(limit, last)._add(pieces)
        sample.of_bytes = of_bytes
        return sample

    def add(self, chunks: Iterable[Chunk]) -> LearningSample:
        """Add the pieces of texts that are given in chunks; return the sample."""
        return self._add(pieces(chunks))

    def _add(self, pieces):
        for piece in pieces:
            content = piece.encode("utf-8", "surrogatepass")
            self.of_bytes += len(content)
            self._keep(_hash(content), len(content), piece)
        return self

    def merge(self, other: LearningSample) -> LearningSample:
        """Add the pieces of a sample with the same limit; return the sample."""
        self.of_bytes += other.of_bytes
        self.last = min(self.last, other.last)
        while self._heap and -self._heap[0][0] > self.last:
            self._drop()
        for hashed, size, piece in other._heap:
            self._keep(-hashed, size, piece)
        return self

    def __iter__(self) -> Iterator[str]:
        """Iterate over the pieces in the order of their hashes."""
        return (piece for *_, piece in sorted(self._heap, reverse=True))

    def _keep(self, hashed, size, piece):
        if hashed > self.last:
            return
        heapq.heappush(self._heap, (-hashed, size, piece))
        self.bytes += size
        while self.limit is not None and self.bytes > self.limit and len(self._heap) > 1:
            self.last = min(self.last, self._drop())

    def _drop(self):
        """Drop a piece with the largest hash; return the hash."""
        hashed, size, _ = heapq.heappop(self._heap)
        self.bytes -= size
        return -hashed


def _hash(content):
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
