"""Text files: which ones a name stands for, and their text, a few megabytes at a time."""

import codecs
import glob
import io
import pathlib
import re

from tinylm_keras import _checks
from tinylm_keras.data import tables

BLOCK = 1 << 20  # bytes read at a time


def find(name, column=None):
    """Return the files that `name` stands for, sorted: itself, a folder's, or a glob's.

    Args:
        name: str. As for `read`.
        column: str or None. With a column, a folder stands for its tables instead of its `*.txt` files.

    Returns:
        A list of `pathlib.Path`.

    Raises:
        ValueError: if there is no such file.
    """
    if not name:  # the empty path is the current folder
        raise _checks.refuse("source", "must not be empty", name)
    path = pathlib.Path(name).expanduser()
    try:
        if path.is_dir():
            endings = (".txt",) if column is None else tables.ENDINGS
            paths = sorted(found for found in path.rglob("*") if found.suffix.lower() in endings and found.is_file())
            if not paths:
                rule = f"must be a folder with files that end in {' or '.join(endings)}"
                raise _checks.refuse("source", rule, name)
            return paths
        if path.exists():
            return [path]
    except OSError:  # a name that no file can have, for example because it is too long
        pass
    if re.search(r"[*?\[]", name):
        paths = sorted(map(pathlib.Path, glob.iglob(str(path), recursive=True)))
        paths = [found for found in paths if found.is_file()]
        if paths:
            return paths
        raise _checks.refuse("source", "must be a pattern that some file matches", name)
    advice = "To train on a text itself, put it in a list."
    raise _checks.refuse("source", "must be a file, a folder or a pattern that exists", name, advice)


def decoded(path, encoding, seen=lambda count: None):
    r"""Iterate over the text of a file without byte-order mark, its line ends all LF.

    Args:
        path: `pathlib.Path`.
        encoding: str.
        seen: Function that is told how many bytes were read, block by block.

    Yields:
        str, none of them empty; they join to the whole text.

    Raises:
        ValueError: if the file cannot be read, or holds bytes of another encoding (the message says where).

    Example:

    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    >>> list(decoded(path, "utf-8"))
    ['one\ntwo']
    """
    decoder = _decoder(encoding)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    offset, mark = 0, "\ufeff"
    for block in _blocks(path):
        if not offset:
            beginning = block[:2]
        pending = len(decoder.getstate()[0])
        try:
            text = newlines.decode(decoder.decode(block, final=not block), final=not block)
        except UnicodeDecodeError as error:
            raise _undecodable(path, encoding, beginning, error, offset - pending) from None
        except UnicodeError:  # a codec that fails in its own words
            raise _no_encoding(encoding) from None
        offset += len(block)
        seen(len(block))
        if text:
            text, mark = text.removeprefix(mark), ""
        if text:
            yield text


def _blocks(path):
    """The bytes of a file, and an empty block at its end."""
    try:
        with path.open("rb") as file:
            block = None
            while block != b"":
                block = file.read(BLOCK)
                yield block
    except OSError as error:
        raise _checks.refuse("source", f"must be a file that can be read ({error.strerror})", str(path)) from None


def _decoder(encoding):
    try:
        "".encode(encoding)  # refuses the codecs that are not for text
        return codecs.getincrementaldecoder(encoding)()
    except (LookupError, UnicodeError, ValueError):
        raise _no_encoding(encoding) from None


def _no_encoding(encoding):
    return _checks.refuse("encoding", "must be a text encoding that Python knows", encoding)


def _undecodable(path, encoding, beginning, error, offset):
    shown = error.object[error.start : error.start + 1].hex()
    guess = "utf-16" if beginning in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    rule = f"must be {encoding} text, but the byte 0x{shown} at offset {offset + error.start:,} is not"
    advice = ["Name the file's encoding, for example ", _checks.Argument("encoding", guess), "."]
    return _checks.refuse("source", rule, str(path), advice)
