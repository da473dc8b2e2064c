"""Reads the rows of a JSON table: an object on every line, or an array of objects."""

import json
import re
import shlex

from tinylm_keras import _checks
from tinylm_keras.text.rows import LONGEST, BadRow, listed, split_lines

# Whole numbers become floats, because Python refuses integers of more than 4,300 digits.
_DECODER = json.JSONDecoder(parse_int=float)
_SPACE = re.compile(r"[ \t\n\r]*")
_NAMES = {type(None): "null", bool: "true or false", float: "a number", list: "an array", dict: "an object"}


class JsonLines:
    """The rows of a file with a JSON object on every line.

    Args:
        path: str or `os.PathLike`. Names the file in messages.
        read: Function without arguments that iterates over its text, in blocks of any length.
    """

    def __init__(self, path, read):
        self.path, self.read = path, read

    def column(self, name):
        """Iterate over pairs of a line number and the text under a key, or a `BadRow`."""
        for line, entry in self._entries(name):
            yield line, entry if isinstance(entry, BadRow) else _text(entry, name)

    def sample(self, count):
        """Return the keys of the first objects, and these objects."""
        rows = []
        for _, entry in self._entries():
            if isinstance(entry, dict):
                rows.append(entry)
            if len(rows) == count:
                break
        return list(dict.fromkeys(key for row in rows for key in row)), rows

    def _entries(self, name=None):
        for number, line in enumerate(split_lines(self.read()), 1):
            if line.strip():
                yield number, _entry(line)


class JsonValues(JsonLines):
    """The rows of a file that is one JSON array of objects, or objects one after the other."""

    def _entries(self, name=None):
        buffer = _Buffer(self.path, self.read())
        array, alone = buffer.take("["), True
        while not buffer.at_end():
            if array and buffer.take("]"):
                array = False
                continue
            line, value = buffer.line, buffer.value()
            if alone and not array and buffer.at_end():
                self._check_not_wrapped(value, name)
            alone = False
            yield line, value
            if array and not buffer.take(",") and not buffer.begins_with("]"):
                raise buffer.broken("a comma or the end of the array is missing")
        if array:
            raise buffer.broken("the array has no end")

    def _check_not_wrapped(self, value, name):
        """Refuse a file that is a single object with the rows under a key."""
        key = _key_of_rows(value)
        if key is None or isinstance(value.get(name), str) or (name is None and any(map(_is_text, value.values()))):
            return
        rule = f"must be an array of objects, but {self.path} is one object with the array under {key!r}"
        advice = f"Write that array to a separate file: jq {shlex.quote(_path(key))} {shlex.quote(str(self.path))}"
        raise _checks.refuse("source", rule, str(self.path), f"{advice} > rows.json")


class _Buffer:
    """The unparsed text of a JSON file, and the number of its first line."""

    def __init__(self, path, blocks):
        self.path, self.line = path, 1
        self._blocks, self._text, self._place = iter(blocks), "", 0

    def at_end(self):
        """Skip white space; return whether the file ends here."""
        while True:
            self._go_to(_SPACE.match(self._text, self._place).end())
            if self._place < len(self._text):
                return False
            if not self._more():
                return True

    def begins_with(self, sign):
        """Skip white space; return whether this character is next."""
        return not self.at_end() and self._text[self._place] == sign

    def take(self, sign):
        """Skip this character if it is next; return whether it was."""
        found = self.begins_with(sign)
        self._place += found
        return found

    def value(self):
        """Return the next value and skip it."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
                if end < len(self._text) or not self._more():  # a number might continue
                    self._go_to(end)
                    return value
            except RecursionError:
                raise self.broken("it nests too deeply") from None
            except ValueError as error:  # perhaps it continues in the next block
                if len(self._text) - self._place > LONGEST:
                    advice = ""
                    if self._text.startswith("{", self._place):
                        advice = "If it is one object with the rows under a key, write the rows to a separate file."
                    raise self.broken(f"no value ends within {LONGEST:,} characters", advice) from None
                if not self._more():
                    raise self.broken(getattr(error, "msg", str(error))) from None

    def broken(self, reason, advice=""):
        """Return the error for invalid JSON."""
        rule = f"must be JSON, but line {self.line:,} is not ({reason})"
        return _checks.refuse("source", rule, str(self.path), advice)

    def _go_to(self, place):
        self.line += self._text.count("\n", self._place, place)
        self._place = place

    def _more(self):
        """Read until the text has doubled, so that a long value is not parsed again for every block."""
        parts, wanted = [self._text[self._place :]], 2 * (len(self._text) - self._place) + 1
        while sum(map(len, parts)) < wanted and (block := next(self._blocks, "")):
            parts.append(block)
        self._text, self._place = "".join(parts), 0
        return len(parts) > 1


def _key_of_rows(value):
    """Return the key under which an object has an array of objects, or None."""
    if not isinstance(value, dict):
        return None
    return next(
        (key for key, rows in value.items() if isinstance(rows, list) and rows and isinstance(rows[0], dict)), None
    )


def _is_text(value):
    """Whether a value is a text of several words, not a note such as a version."""
    return isinstance(value, str) and len(value.split()) > 3


def _path(key):
    """Return a key as a jq path."""
    return f".{key}" if re.fullmatch("[A-Za-z_][A-Za-z_0-9]*", key) else f".[{json.dumps(key)}]"


def _entry(line):
    """Return the object on a line, or a `BadRow`."""
    try:
        return _DECODER.decode(line)
    except RecursionError:
        return BadRow("nests too deeply")
    except ValueError as error:
        return BadRow(f"is not JSON ({getattr(error, 'msg', error)})")


def _text(entry, name):
    if not isinstance(entry, dict):
        return BadRow(f"holds {_NAMES.get(type(entry), 'a string')} instead of an object")
    if name not in entry:
        return BadRow(f"has no such key; there are: {listed(entry)}")
    text = entry[name]
    if not isinstance(text, str):
        return BadRow(f"holds {_NAMES[type(text)]} there")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return BadRow(f"holds half of a surrogate pair there, {text[error.start : error.start + 1]!r}")
    return text
