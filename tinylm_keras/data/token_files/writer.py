"""`prepare`: converts a source to token files on disk, a few megabytes at a time."""

from __future__ import annotations

import contextlib
import hashlib
import time
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks, _files, _folders
from tinylm_keras.data.token_files import index as file_index
from tinylm_keras.data.token_files import reader
from tinylm_keras.data.token_files.split import PARTS, TRAIN, VALIDATION, divide
from tinylm_keras.data.token_stream import TextCounter
from tinylm_keras.text.documents import Documents

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from tinylm_keras._types import Path, Source
    from tinylm_keras.data.token_files.reader import TokenFiles
    from tinylm_keras.tokenizers import Tokenizer

# Chunks are tokenized together, up to this many characters and this many chunks.
CHARACTERS, CHUNKS = 1 << 20, 1 << 14

READING, LEARNING, WRITING = STAGES = ("reading", "learning the tokens", "writing")


def prepare(
    source: Source | Documents,
    tokenizer: Tokenizer,
    out: Path,
    *,
    validation: float = 0.1,
    separator: str | None = "auto",
    encoding: str = "utf-8",
    column: str | int | None = None,
    bad_rows: Literal["error", "skip"] = "error",
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[..., object] | None = None,
) -> TokenFiles:
    """Write a source as token files: a folder for `open_token_files` and `train(data=…)`.

    The folder holds `train.bin` and `validation.bin` (plain ids, little-endian, 16 bits each if the vocabulary allows
    it, otherwise 32), `tokenizer.json` and `index.json`, which describes them. The ids are those of `data.concatenate`:
    *end text end text … end* with an end token. The source is read two to four times, a few megabytes at a time, so
    it may be larger than the memory. All files are written, or none.

    Whole texts are held out for validation, chosen by their hash; for a single text, or files that are texts as a whole
    (`separator=None`), the end of each. See `data.token_files.split.divide` for the rule.

    Args:
        source: As for `read`, or `Documents`.
        tokenizer: `Tokenizer`. If it has no vocabulary, it is first adapted on the training part.
        out: str or path. A new folder.
        validation: float in [0, 1). Share held out for validation; 0 for none.
        separator, encoding, column, bad_rows: As for `read`; not used when `source` is `Documents`.
        seed: int. Seed of the choice of validation texts.
        overwrite: bool. Whether token files in an existing `out` may be replaced.
        progress: None, or a function that is called with the stage (one of `STAGES`), the bytes of this pass so far,
            the bytes of a pass (None if unknown), and the number of tokens written.

    Returns:
        The opened `TokenFiles`.

    Raises:
        ValueError: if the source, the tokenizer or `out` is invalid, or a part would have fewer than two tokens.
        OSError: if the files cannot be written.

    Example:

    >>> import pathlib, tempfile
    >>> from tinylm_keras.tokenizers import WhitespaceTokenizer
    >>> folder = pathlib.Path(tempfile.mkdtemp()) / "token_files"
    >>> opened = prepare(["a b", "b c", "c d", "d a"], WhitespaceTokenizer(), folder, validation=0.25)
    >>> opened.train.documents, opened.validation.documents
    (3, 1)
    """
    validation = _checks.real_number("validation", validation, 0, 1, include_high=False)
    seed = _checks.whole_number("seed", seed, 0, 2**63)
    file_index.check_tokenizer(tokenizer)
    with _folders.claimed(out, overwrite, "token files") as out:
        documents = source
        if not isinstance(source, Documents):
            how = {"separator": separator, "encoding": encoding, "column": column, "bad_rows": bad_rows}
            documents = Documents(source, **how)
        report = _Reporter(documents, progress)
        division = divide(documents, validation, seed, report)
        if not file_index.has_vocabulary(tokenizer):
            report.stage = LEARNING
            tokenizer.adapt(_training_texts(division(documents), report))
        report.stage = WRITING
        _write(documents, division, tokenizer, out, PARTS if validation else (TRAIN,), report)
        return reader.open_token_files(out)


def _training_texts(divided, report):
    for part, chunk in divided:
        report()
        if part == TRAIN:
            yield chunk.text


def _write(documents, division, tokenizer, out, parts, report):
    """Write all files under temporary names and rename them when all are complete, the index last."""
    dtype = file_index.dtype_for(tokenizer.vocabulary_size())
    for part in PARTS:
        _files.sweep(out / file_index.file_of(part))  # even if there is no such part now
    with contextlib.ExitStack() as stack:
        names = [file_index.INDEX, file_index.TOKENIZER, *map(file_index.file_of, parts)]
        paths = {name: stack.enter_context(_files.atomic_path(out / name)) for name in names}  # renamed last to first
        paths[file_index.TOKENIZER].write_text(file_index.tokenizer_json(tokenizer), encoding="utf-8")
        writers = {
            part: stack.enter_context(_Writer(paths[file_index.file_of(part)], tokenizer, dtype)) for part in parts
        }
        for part, chunk in division(documents):
            writers[part].add(chunk)
            report(sum(writer.count for writer in writers.values()))
        splits = {part: {"file": file_index.file_of(part), **writer.finish()} for part, writer in writers.items()}
        report(sum(writer.count for writer in writers.values()), last=True)
        index = file_index.describe(tokenizer, dtype, splits, documents.names)
        paths[file_index.INDEX].write_text(index, encoding="utf-8")
        for name in (file_index.INDEX, *file_index.FILES[VALIDATION]):  # of the old token files
            (out / name).unlink(missing_ok=True)


class _Writer:
    """The file of one part: tokenizes chunks and writes their ids."""

    def __init__(self, path, tokenizer, dtype):
        self.tokenizer, self.dtype = tokenizer, dtype
        self.count = self.documents = 0
        self._counter, self._digest = TextCounter(tokenizer), hashlib.sha256()
        self._chunks, self._characters, self._begun = [], 0, False
        self._end = [] if tokenizer.end_id is None else [np.array([tokenizer.end_id], "int32")]
        self._file = path.open("wb")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.close()

    def add(self, chunk):
        """Add a chunk; the chunks of a text come in order."""
        self._chunks.append(chunk)
        self._characters += len(chunk.text)
        if self._characters >= CHARACTERS or len(self._chunks) >= CHUNKS:
            self._flush()

    def finish(self):
        """Write the remaining ids and return the index entry of this file."""
        self._flush()
        self._file.close()
        if self.count < 2:
            rule = f"must give each part at least 2 tokens, but one has {self.count}"
            raise _checks.refuse("source", rule, f"{self.documents} texts", "Use more text, or another validation.")
        return {
            "count": self.count,
            "documents": self.documents,
            "tokens": self.count - 1,
            "characters": self._counter.characters,
            "unknown": self._counter.unknown,
            "unknown_bits": self._counter.unknown_bits,
            "first_tokens": self._counter.first_tokens,
            "sha256": self._digest.hexdigest(),
        }

    def _flush(self):
        chunks, self._chunks, self._characters = self._chunks, [], 0
        rows = []
        for chunk, ids in zip(chunks, self.tokenizer.tokenize([chunk.text for chunk in chunks]), strict=True):
            if not self._begun:
                rows.extend(self._end)
            # Without an end token, the first token of all is not predicted.
            first = 0 if self._begun or self._end else min(1, len(ids))
            self._begun = self._begun or bool(self._end) or bool(first)
            self._counter.add(chunk.text, ids, first, len(ids), begins=chunk.first)
            rows.append(ids)
            if chunk.last:
                rows.extend(self._end)
            self.documents += chunk.first
        if rows:
            self._write(np.concatenate(rows))

    def _write(self, ids):
        size = self.tokenizer.vocabulary_size()
        if ids.size and not 0 <= ids.min() <= ids.max() < size:
            rule = f"must give ids in [0, {size}), its vocabulary"
            raise _checks.refuse("tokenizer", rule, int(ids.max() if ids.min() >= 0 else ids.min()))
        content = ids.astype(self.dtype).tobytes()
        self._digest.update(content)
        self._file.write(content)
        self.count += len(ids)


class _Reporter:
    """Reports the progress of a pass, at most ten times a second."""

    def __init__(self, documents, progress):
        self.documents, self.progress = documents, progress
        self.stage, self._told, self._told_at = READING, None, 0.0

    def __call__(self, tokens=0, last=False):
        now = time.monotonic()
        if self.progress is not None and (last or self.stage != self._told or now - self._told_at >= 0.1):
            self._told, self._told_at = self.stage, now
            self.progress(self.stage, self.documents.done, self.documents.size, tokens)
