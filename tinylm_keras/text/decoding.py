"""The text of a file, a few megabytes at a time: bytes decoded, and what cannot be decoded refused with what it is."""

import codecs
import io

from tinylm_keras import _checks
from tinylm_keras.text import binary_formats, encodings


def decoded(file, encoding, seen=lambda count: None):
    r"""Iterate over the text of a file without byte-order mark, its line ends all LF.

    Args:
        file: `File`.
        encoding: str.
        seen: Function that is told how many bytes were read, block by block.

    Yields:
        str, none of them empty; they join to the whole text.

    Raises:
        ValueError: if the file cannot be read, holds no text, or holds bytes of another encoding: the message says
            where, and which encoding they look like.

    Example:

    >>> import pathlib, tempfile
    >>> from tinylm_keras.text.files import File
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    >>> list(decoded(File(path), "utf-8"))
    ['one\ntwo']
    """
    decoder = _decoder(encoding)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    offset, lines, mark, beginning, before = 0, 1, "\ufeff", b"", b""
    for block in file.blocks():
        if not offset:
            beginning = block[: encodings.SAMPLE]
            _check_beginning(file, encoding, beginning)
        pending = len(decoder.getstate()[0])
        try:
            text = newlines.decode(decoder.decode(block, final=not block), final=not block)
        except UnicodeDecodeError as error:
            before = before[: len(before) - pending]
            raise _undecodable(file, encoding, beginning, before, error, offset - pending, lines) from None
        except UnicodeError:  # a codec that fails in its own words
            raise _no_encoding(encoding) from None
        offset, lines = offset + len(block), lines + block.count(b"\n")
        before = block[-encodings.SAMPLE :]
        seen(len(block))
        if text:
            text, mark = text.removeprefix(mark), ""
        if text:
            yield text


def _decoder(encoding):
    try:
        "".encode(encoding)  # refuses the codecs that are not for text
        return codecs.getincrementaldecoder(encoding)()
    except (LookupError, UnicodeError, ValueError):
        raise _no_encoding(encoding) from None


def _no_encoding(encoding):
    return _checks.refuse("encoding", "must be a text encoding that Python knows", encoding)


def _check_beginning(file, encoding, beginning):
    """Refuse what is no text, or is wide text that would be decoded without an error."""
    found = binary_formats.binary_format(beginning)
    if found:
        advice = "Save its text as a plain text file in UTF-8."
        raise _checks.refuse("source", f"must be a text file, but it is {found}", str(file), advice)
    if "a\n".encode(encoding) != b"a\n" or encodings.marked(beginning):  # wide text is expected, or found by its mark
        return
    wide = encodings.wide(beginning)
    found = wide or (None if _shifts(encoding) else encodings.seven_bit(beginning))
    if found:
        rule = f"must be {encoding} text, but it looks like {found}{' without a byte-order mark' if wide else ''}"
        raise _checks.refuse("source", rule, str(file), ["Try ", _checks.Argument("encoding", found), "."])
    if binary_formats.is_binary(beginning):
        advice = "Save its text as a plain text file in UTF-8."
        raise _checks.refuse("source", "must be a text file, but it is full of control characters", str(file), advice)


def _shifts(encoding):
    """Whether an encoding has other characters than ASCII in bytes of ASCII."""
    name = codecs.lookup(encoding).name
    return name.startswith(("iso2022", "hz", "utf-7"))


def _undecodable(file, encoding, beginning, before, error, offset, lines):
    place = error.start
    shown = f"0x{error.object[place : place + 1].hex()}"
    line = lines + error.object.count(b"\n", 0, place)
    rule = f"must be {encoding} text, but the byte {shown} at offset {offset + place:,}, in line {line:,}, is not"
    advice = _advice(encoding, beginning, before + error.object, len(before) + place)
    return _checks.refuse("source", rule, str(file), advice)


def _advice(encoding, beginning, content, place):
    mark = encodings.marked(beginning)
    around = _whole_words(content, place - encodings.SAMPLE // 2, place + encodings.SAMPLE // 2)
    if codecs.lookup(encoding).name == "utf-8" and not mark and encodings.is_mixed(beginning + b" " + around):
        found = encodings.guess(encodings.words_that_are_not_utf8(around))
        seems = f"this looks like {found}" if found else "this is not"
        return f"Other parts of it are UTF-8, and {seems}: convert it to UTF-8 as a whole."
    found = mark or encodings.guess(around, beginning)
    if found is None or found == encoding:
        return "Which encoding it has is not clear: save it as UTF-8."
    return [f"It looks like {found}: try ", _checks.Argument("encoding", found), "."]


def _whole_words(content, first, last):
    """A stretch of bytes, begun after white space where there is some, so that it begins with a whole character."""
    if first <= 0:
        return content[: max(last, 0)]
    stretch = content[first:last]
    places = [place for place in map(stretch.find, (b"\n", b" ")) if place >= 0]
    return stretch[min(places) + 1 :] if places else stretch
