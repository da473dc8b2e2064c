"""Decodes the text of a file, a few megabytes at a time; errors name the likely encoding or format."""

import codecs
import io

from tinylm_keras import _checks
from tinylm_keras.text import binary_formats, encodings
from tinylm_keras.text.files import lines_before


def decoded(file, encoding, seen=lambda count: None):
    r"""Iterate over the text of a file, without its byte-order mark and with LF line ends.

    Args:
        file: `File`.
        encoding: str.
        seen: Function that gets the number of bytes of each block.

    Yields:
        str, none of them empty; they join to the whole text.

    Raises:
        ValueError: if the file cannot be read, is not text, or has another encoding; the message names the place and
            the likely encoding.

    Example:

    >>> import pathlib, tempfile
    >>> from tinylm_keras.text.files import File
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    >>> list(decoded(File(path), "utf-8"))
    ['one\ntwo']
    """
    decoder = _decoder(encoding, file.start)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    offset, lines, mark, beginning, before = file.start, 1, "" if file.start else "\ufeff", None, b""
    for block in file.blocks():
        if beginning is None:
            beginning = block[: encodings.SAMPLE]
            if not file.start:
                _check_beginning(file, encoding, beginning)
        pending = len(decoder.getstate()[0])
        try:
            text = newlines.decode(decoder.decode(block, final=not block), final=not block)
        except UnicodeDecodeError as error:
            before = before[: len(before) - pending]
            lines += lines_before(file)
            raise _undecodable(file, encoding, beginning, before, error, offset - pending, lines) from None
        except UnicodeError:  # some codecs raise other errors
            raise _no_encoding(encoding) from None
        offset, lines = offset + len(block), lines + block.count(b"\n")
        before = block[-encodings.SAMPLE :]
        seen(len(block))
        if text:
            text, mark = text.removeprefix(mark), ""
        if text:
            yield text


def _decoder(encoding, start=0):
    try:
        "".encode(encoding)  # refuses the codecs that are not for text
        if start and codecs.lookup(encoding).name == "utf-8-sig":  # a mark inside a file is a character
            encoding = "utf-8"
        return codecs.getincrementaldecoder(encoding)()
    except (LookupError, UnicodeError, ValueError):
        raise _no_encoding(encoding) from None


def _no_encoding(encoding):
    return _checks.refuse("encoding", "must be a text encoding that Python knows", encoding)


def _check_beginning(file, encoding, beginning):
    """Refuse files that are not text, or wide text that would be decoded without an error."""
    found = binary_formats.binary_format(beginning)
    if found:
        advice = "Save its text as a plain text file in UTF-8."
        raise _checks.refuse("source", f"must be a text file, but it is {found}", str(file), advice)
    if "a\n".encode(encoding) != b"a\n" or encodings.marked(beginning):  # wide text is expected or has its mark
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
    """Whether an encoding uses ASCII bytes for other characters."""
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
        return "Its encoding is unknown: save it as UTF-8."
    return [f"It looks like {found}: try ", _checks.Argument("encoding", found), "."]


def _whole_words(content, first, last):
    """Return a stretch of bytes that begins after white space if possible, and so with a whole character."""
    if first <= 0:
        return content[: max(last, 0)]
    stretch = content[first:last]
    places = [place for place in map(stretch.find, (b"\n", b" ")) if place >= 0]
    return stretch[min(places) + 1 :] if places else stretch
