"""Tokenizes the texts of one part and writes their ids."""

import hashlib

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.data.token_files.tally import Tally
from tinylm_keras.data.token_stream import TextCounter

# Chunks are tokenized together, up to this many characters and this many chunks.
CHARACTERS, CHUNKS = 1 << 20, 1 << 14

DTYPES = {"uint16": "<u2", "uint32": "<u4"}


def dtype_for(vocabulary_size):
    """Return the name of the smallest type that can hold every id.

    Example:

    >>> dtype_for(65_536), dtype_for(65_537)
    ('uint16', 'uint32')
    """
    return next(name for name in DTYPES if vocabulary_size - 1 <= np.iinfo(name).max)


class IdsFile:
    """A file of ids, with their number and their digest.

    Args:
        file: A file opened for writing bytes.
        dtype: str. One of `DTYPES`.
    """

    def __init__(self, file, dtype):
        self.file, self.dtype, self.count = file, DTYPES[dtype], 0
        self._digest = hashlib.sha256()

    def write(self, ids):
        """Append an array of ids."""
        self.write_bytes(ids.astype(self.dtype).tobytes())

    def write_bytes(self, content):
        """Append the bytes of ids."""
        self._digest.update(content)
        self.file.write(content)
        self.count += len(content) // np.dtype(self.dtype).itemsize

    @property
    def sha256(self):
        """Digest of the whole file, 64 hexadecimal digits."""
        return self._digest.hexdigest()


class PartWriter:
    """Tokenizes chunks and writes their ids.

    Args:
        ids_file: `IdsFile`.
        tokenizer: `Tokenizer`, or its rules.
        leading: bool. Whether the end token, if there is one, also precedes the first text.
    """

    def __init__(self, ids_file, tokenizer, leading=True):
        self.ids_file, self.tokenizer, self.tally = ids_file, tokenizer, Tally()
        self._size = tokenizer.vocabulary_size()
        self._counter = TextCounter(tokenizer)
        self._chunks, self._characters, self._begun = [], 0, False
        self._end = [] if tokenizer.end_id is None else [np.array([tokenizer.end_id], "int32")]
        self._leading = self._end if leading else []

    def add(self, chunk):
        """Add a chunk; the chunks of a text come in order."""
        self._chunks.append(chunk)
        self._characters += len(chunk.text)
        if self._characters >= CHARACTERS or len(self._chunks) >= CHUNKS:
            self._flush()

    def finish(self):
        """Write the remaining ids and return the `Tally`."""
        self._flush()
        counter, tally = self._counter, self.tally
        tally.characters, tally.unknown, tally.unknown_bits = counter.characters, counter.unknown, counter.bits
        tally.first_tokens = counter.first
        return tally

    def _flush(self):
        chunks, self._chunks, self._characters = self._chunks, [], 0
        rows = []
        for chunk, ids in zip(chunks, self.tokenizer.tokenize([chunk.text for chunk in chunks]), strict=True):
            if self._leading:
                self._write(self._leading)
                self._leading = []
            self._count(chunk, ids)
            rows.append(ids)
            self.tally.ids += len(ids)
            if chunk.last:
                rows.extend(self._end)
                self.tally.ids += len(self._end)
            self.tally.documents += chunk.first
        if rows:
            self._write(rows)

    def _count(self, chunk, ids):
        first = 0
        if not self._begun and len(ids):
            self._begun = True
            if not self._end:  # the first token of all is not predicted
                first = 1
                self.tally.head = self._head(chunk.text, ids)
        self._counter.add(chunk.text, ids, first, len(ids), begins=chunk.first)

    def _head(self, text, ids):
        """Return the counts that the first token adds to those of the others."""
        whole, others = TextCounter(self.tokenizer), TextCounter(self.tokenizer)
        whole.add(text, ids, 0, len(ids), begins=False)
        others.add(text, ids, 1, len(ids), begins=False)
        return {
            "characters": whole.characters - others.characters,
            "unknown": whole.unknown - others.unknown,
            "unknown_bits": whole.bits.add(-part for part in others.bits.parts).parts,
        }

    def _write(self, rows):
        ids = np.concatenate(rows)
        if ids.size and not 0 <= ids.min() <= ids.max() < self._size:
            rule = f"must give ids in [0, {self._size}), its vocabulary"
            raise _checks.refuse("tokenizer", rule, int(ids.max() if ids.min() >= 0 else ids.min()))
        self.ids_file.write(ids)
