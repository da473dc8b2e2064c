"""Checks texts given in Python: strings in a fixed order that are not names of files."""

import collections.abc
import os
import re

from tinylm_keras import _checks

# An entry of a list that exists as a path and has a slash or the ending of a text file is taken for a file name.
_ENDING = re.compile(
    r"\S*\.(?:txt|text|md|csv|tsv|json|jsonl|ndjson|log|html?|xml|rtf|docx?|odt|epub|pdf"
    r"|parquet|arrow|zip|tar|gz|bz2|xz|zst)",
    re.IGNORECASE,
)
_SLASH = re.compile(r"(?=.*\w).*[/\\].*")
LONGEST_LIST_OF_PATHS = 1000


def checked(source):
    """Return texts given in Python as a list, or raise.

    Args:
        source: Iterable of str.

    Raises:
        ValueError: if it is a list of file names, or a text has a lone surrogate.
        TypeError: if it is not an iterable of strings in a fixed order.

    Example:

    >>> checked(text for text in ("one", "two"))
    ['one', 'two']
    """
    if isinstance(source, (bytes, bytearray)) or not isinstance(source, collections.abc.Iterable):
        raise _checks.refuse("source", "must be a path, a name or an iterable of strings", source, error=TypeError)
    if isinstance(source, collections.abc.Mapping) or hasattr(source, "columns"):  # a DataFrame
        rule = "must be an iterable of strings, but iterating over this gives the names of its columns"
        raise _checks.refuse("source", rule, source, "Pass the column that holds the texts.", error=TypeError)
    if isinstance(source, (set, frozenset)):  # its order differs between processes
        raise _checks.refuse("source", "must have an order, and a set has none", source, "Sort it.", error=TypeError)
    texts = source if isinstance(source, (list, tuple)) else list(source)
    for place, text in enumerate(texts):
        if isinstance(text, os.PathLike):
            raise _list_of_paths(os.fspath(text), texts)
        if not isinstance(text, str):
            raise _checks.refuse("source", "must be an iterable of strings only", text, error=TypeError)
        try:
            text.isascii() or text.encode("utf-8")
        except UnicodeEncodeError as error:
            rule = f"must be valid Unicode, but the text at index {place:,} has a lone surrogate"
            raise _checks.refuse("source", rule, text[error.start : error.start + 1]) from None
    _check_no_paths(texts)
    return texts


def _check_no_paths(texts):
    """Refuse a list of file names, because nobody trains on the names themselves."""
    if not 0 < len(texts) <= LONGEST_LIST_OF_PATHS:
        return
    given, texts = texts, [text.strip() for text in texts]  # names read from a file end in a line end
    named = [text for text in texts if any(map(str.isalnum, text)) and _exists(text)]  # "." is a text
    clear = [text for text in named if _SLASH.fullmatch(text) or _ENDING.fullmatch(text.replace(" ", "_"))]
    files_alone = [text for text in named if os.path.isfile(os.path.expanduser(text))]
    if clear or 2 * len(files_alone) >= len(texts) or len(named) == len(texts):  # or folders alone
        raise _list_of_paths((clear or named)[0], given)
    if all(map(_ENDING.fullmatch, texts)):
        rule = f"must be a list of texts, but {texts[0]!r} looks like the name of a file that does not exist"
        raise _checks.refuse("source", rule, given, "Read each file with `read`, and join the lists.")


def _list_of_paths(name, texts):
    rule = f"must be one path or a list of texts, but {name!r} in this list is the name of a file"
    return _checks.refuse("source", rule, texts, "Read each file with `read`, and join the lists.")


def _exists(text):
    try:
        return len(text) < 4096 and os.path.exists(os.path.expanduser(text))
    except ValueError:  # a NUL inside
        return False
