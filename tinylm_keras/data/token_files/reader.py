"""Token files on disk, which are never loaded as a whole."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import pathlib
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.data.token_files import index as file_index
from tinylm_keras.data.token_files.index import refuse
from tinylm_keras.data.token_stream import TokenStream
from tinylm_keras.text import remote_files

if TYPE_CHECKING:
    from typing import Literal

    from tinylm_keras._types import Path
    from tinylm_keras.tokenizers import Tokenizer

SCANNED = 1 << 22  # bytes scanned at once


@dataclasses.dataclass
class TokenFile(TokenStream):
    """The ids of one part, for `data.windows`; `ids` is a read-only `numpy.memmap`.

    Attributes:
        documents: int. Number of texts.
        sha256: str. Fingerprint of the file.
        largest_id: int or None. The largest id, found when the file was scanned.
    """

    documents: int = 0
    sha256: str = ""
    largest_id: int | None = None


@dataclasses.dataclass
class TokenFiles:
    """An opened folder of token files.

    Attributes:
        path: `pathlib.Path`.
        train: `TokenFile`.
        validation: `TokenFile` or None.
        tokenizer: `Tokenizer` that made the ids.
        sources: list of str. The sources of their text.
        learned_from: dict or None. "bytes" of the sample from which byte pairs were learned, and "of_bytes" of text.
    """

    path: pathlib.Path
    train: TokenFile
    validation: TokenFile | None
    tokenizer: object
    sources: list
    learned_from: dict | None = None

    @property
    def sha256(self) -> str:
        """Fingerprint of the tokenizer and of all ids."""
        parts = [self.train, self.validation] if self.validation else [self.train]
        return file_index.fingerprint(self.tokenizer.fingerprint(), [part.sha256 for part in parts])


def open_token_files(
    folder: Path, *, dtype: Literal["uint16", "uint32"] | None = None, tokenizer: Tokenizer | None = None
) -> TokenFiles:
    """Open token files that `prepare` wrote, or plain files of ids.

    Every file is scanned once, a few megabytes at a time: it must match the index, and no id may lie outside the
    vocabulary.

    Args:
        folder: str or path. It holds `index.json`, `tokenizer.json`, `train.bin` and perhaps `validation.bin` (or
            `val.bin`).
        dtype: None, "uint16" or "uint32". Only for a folder without an index, such as nanoGPT's: the type of its ids.
        tokenizer: `Tokenizer` or None. Only for a folder without an index: the tokenizer of its ids.

    Returns:
        `TokenFiles`.

    Raises:
        ValueError: if the folder does not hold token files, or they do not match their index.

    Example:

    >>> import tempfile
    >>> from tinylm_keras.tokenizers import WhitespaceTokenizer
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> np.array([2, 3, 2], "<u2").tofile(folder / "train.bin")
    >>> token_files = open_token_files(folder, dtype="uint16", tokenizer=WhitespaceTokenizer(vocabulary=["a", "b"]))
    >>> token_files.train.ids.tolist(), token_files.validation
    ([2, 3, 2], None)
    """
    if not isinstance(folder, (str, os.PathLike)):
        raise _checks.refuse("folder", "must be the path of a folder", folder, error=TypeError)
    if remote_files.is_address(folder):
        advice = "Copy it to this machine, or mount it: training reads a window here and a window there."
        raise _checks.refuse("folder", "must be a local or mounted folder, not an address", str(folder), advice)
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise _checks.refuse("folder", "must be a folder of token files", str(folder), "Make one: tinylm prepare")
    if not os.path.lexists(folder / file_index.INDEX):
        return _open_bare(folder, dtype, tokenizer)
    for name, value in (("dtype", dtype), ("tokenizer", tokenizer)):
        if value is not None:
            raise _checks.refuse(name, f"must be left out, because there is an {file_index.INDEX}", value)
    index = file_index.read_index(folder)
    tokenizer = file_index.read_tokenizer(folder)
    _check_tokenizer(folder, index, tokenizer)
    parts = {
        part: _token_file(folder, part, index["dtype"], tokenizer, split) for part, split in index["splits"].items()
    }
    learned_from = index["tokenizer"].get("learned_from")
    return TokenFiles(folder, parts["train"], parts.get("validation"), tokenizer, index["sources"], learned_from)


def _check_tokenizer(folder, index, tokenizer):
    if tokenizer.fingerprint() != index["tokenizer"]["sha256"]:
        raise refuse(folder, f"{file_index.TOKENIZER} is not the tokenizer of the index")
    for name, value in (("vocabulary_size", tokenizer.vocabulary_size()), ("pad_id", tokenizer.pad_id)):
        if index[name] != value:
            raise refuse(folder, f"the index has {name}={index[name]}, but its tokenizer has {value}")


def _open_bare(folder, dtype, tokenizer):
    if dtype is None or tokenizer is None:
        advice = 'For plain ids, pass their type and tokenizer: open_token_files(folder, dtype="uint16", tokenizer=…).'
        raise refuse(folder, f"there is no {file_index.INDEX}", advice)
    _checks.one_of("dtype", dtype, tuple(file_index.DTYPES))
    file_index.check_tokenizer(tokenizer)
    parts = {
        part: _token_file(folder, part, dtype, tokenizer)
        for part, names in file_index.FILES.items()
        if part == "train" or any((folder / name).exists() for name in names)
    }
    return TokenFiles(folder, parts["train"], parts.get("validation"), tokenizer, [])


def _token_file(folder, part, dtype, tokenizer, split=None):
    """Open and scan one file; `split` is its entry in the index."""
    path = _existing(folder, part, split)
    dtype = np.dtype(file_index.DTYPES[dtype])
    # Opened once, so that the mapped file is the scanned one, even if another file takes its name.
    with path.open("rb") as file:
        return _opened(folder, path, file, part, dtype, tokenizer, split)


def _opened(folder, path, file, part, dtype, tokenizer, split):
    size = os.fstat(file.fileno()).st_size
    if size % dtype.itemsize or size < 2 * dtype.itemsize:
        width = dtype.itemsize
        raise refuse(folder, f"{path.name} has {size:,} bytes, not a multiple of {width} of at least {2 * width}")
    count = size // dtype.itemsize
    if split is not None and count != split["count"]:
        raise refuse(folder, f"{path.name} has {count:,} ids, but the index has {split['count']:,}")
    largest, sha256 = _look_through(file, dtype)
    if largest >= tokenizer.vocabulary_size():
        size = tokenizer.vocabulary_size()
        raise refuse(folder, f"{path.name} has the id {largest}, but the vocabulary is [0, {size})")
    found = {"ids": np.memmap(file, dtype, mode="r"), "pad_id": tokenizer.pad_id, "largest_id": largest}
    if split is None:
        return TokenFile(**found, tokens=count - 1, sha256=sha256)
    if sha256 != split["sha256"]:
        raise refuse(folder, f"{path.name} is not the file that the index describes: its checksum differs")
    facts = {name: split[name] for name in ("tokens", "characters", "unknown", "unknown_bits", "documents", "sha256")}
    return TokenFile(**found, first_tokens=list(map(tuple, split["first_tokens"])), **facts)


def _existing(folder, part, split):
    names = file_index.FILES[part] if split is None else dict.fromkeys([split["file"], *file_index.FILES[part]])
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise refuse(folder, f"there is no {next(iter(names))}")


def _look_through(file, dtype):
    """Return the largest id and the checksum of a file. It is read, not mapped, so that it does not stay in memory."""
    largest, digest = 0, hashlib.sha256()
    while block := file.read(SCANNED):
        largest = max(largest, int(np.frombuffer(block, dtype).max()))
        digest.update(block)
    return largest, digest.hexdigest()
