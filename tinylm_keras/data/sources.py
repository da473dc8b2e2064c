"""Text from wherever it lies (files, folders, tables, TensorFlow Datasets, the built-in stories), and its split."""

import collections.abc
import glob
import os
import pathlib
import re

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.data import tables

DEFAULT_STORIES = 60_000


def read(source, *, separator="auto", encoding="utf-8", column=None):
    r"""Read texts from one source.

    A byte-order mark is removed, and the line ends CRLF and CR become LF. White space around a text is removed, except
    with `separator=None`, which keeps a file as it is. Blank texts are left out. Memory: at most about four times the
    largest file (eight times when it holds characters outside the basic plane), above the texts themselves.

    Args:
        source: One of
            - str or `os.PathLike`: a text file; a folder (all its `*.txt` files, also in folders below, sorted); a glob
              such as `"books/*.txt"`; a `.csv`, `.tsv` or `.jsonl` file together with `column`;
            - a list or other iterable of str: these are the texts themselves, taken as they are;
            - `"stories"` or `"stories:5000"`: that many of the built-in stories (a folder of that name is "./stories");
            - `"tfds:NAME[/config][:split][#key]"`: a data set of TensorFlow Datasets, which may download it; the split
              is `train` and the key `text` where left out.
        separator: str or None. Where a file is cut into texts. `"auto"`: at blank lines when it has any, else each line
            is a text. `"\n"`: each line. `"\n\n"`: at blank lines. Another string: wherever it stands. None: nowhere.
            The entries of tables and data sets are texts already; they are cut only by a separator other than "auto".
        encoding: str. Encoding of the files.
        column: str or None. Column (of a JSONL file: key) that holds the texts.

    Returns:
        A list of str, none of them blank.

    Raises:
        ValueError: if there is nothing to read: the message names the file, and for bytes of another encoding their
            place in it.
        TypeError: if `source` is none of the above.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "two.txt"
    >>> _ = path.write_text("Mia has a\nred ball.\n\nTom is sad.\n")
    >>> read(path)
    ['Mia has a\nred ball.', 'Tom is sad.']
    >>> read(path, separator="\n")
    ['Mia has a', 'red ball.', 'Tom is sad.']
    """
    if separator is not None and not _checks.text("separator", separator):
        raise _checks.refuse("separator", "must not be the empty string", separator, "None keeps each file whole.")
    _checks.text("encoding", encoding)
    if not isinstance(source, (str, os.PathLike)):
        return _from_iterable(source)
    name = os.fspath(source)
    if re.fullmatch(r"stories(:.*)?", name):
        return _from_stories(name)
    if name.startswith("tfds:"):
        from tinylm_keras.data import tfds_source  # TensorFlow Datasets takes seconds to import

        texts = tfds_source.read(name)
    else:
        paths = _files(name, column)
        if column is None:
            texts = [text for path in paths for text in _cut(_decoded(path, encoding), separator)]
            return _nothing_blank(texts, name)
        texts = [text for path in paths for text in tables.read(path, _decoded(path, encoding), column)]
    if separator not in ("auto", None):
        texts = [part for text in texts for part in _cut(text, separator)]
    return _nothing_blank(texts, name)


def _nothing_blank(texts, name):
    """Return the texts that are not blank; refuse when none is left."""
    texts = [text for text in texts if text and not text.isspace()]
    if not texts:
        raise _checks.refuse("source", "must hold text, but there is only white space or nothing", name)
    return texts


def _from_iterable(source):
    if isinstance(source, (bytes, bytearray)) or not isinstance(source, collections.abc.Iterable):
        raise _checks.refuse("source", "must be a path, a name or an iterable of strings", source, error=TypeError)
    texts = list(source)
    for text in texts:
        if not isinstance(text, str):
            raise _checks.refuse("source", "must be an iterable of strings only", text, error=TypeError)
    if 0 < len(texts) <= 1000 and all(_is_file(text) for text in texts):
        advice = "Read each with `read` and join the lists."
        raise _checks.refuse("source", "must be one path or a list of texts, not a list of paths", texts, advice)
    return _nothing_blank(texts, texts)


def _is_file(text):
    try:
        return os.path.isfile(text)
    except ValueError:  # a NUL inside
        return False


def _from_stories(name):
    from tinylm_keras.data import stories

    count = name.partition(":")[2] if ":" in name else str(DEFAULT_STORIES)
    if not re.fullmatch(r"[0-9][0-9_]{0,11}", count) or not 1 <= int(count) <= 10_000_000:
        raise _checks.refuse("source", "must say how many stories, from 1 to 10,000,000", name, "Try 'stories:20000'.")
    return stories.write(int(count))


def _files(name, column):
    """Return the files that `name` stands for, sorted: itself, a folder's, or a glob's."""
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


def _decoded(path, encoding):
    """Return the text of a file without byte-order mark, its line ends all LF."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _checks.refuse("source", f"must be a file that can be read ({error.strerror})", str(path)) from None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        offset, shown = error.start, data[error.start : error.start + 1].hex()
        guess = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
        rule = f"must be {encoding} text, but the byte 0x{shown} at offset {offset:,} is not"
        advice = f"Name the file's encoding, for example encoding='{guess}'."
        raise _checks.refuse("source", rule, str(path), advice) from None
    except (LookupError, UnicodeError):
        raise _checks.refuse("encoding", "must be a text encoding that Python knows", encoding) from None
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _cut(text, separator):
    """Cut the text of one file into texts; those of a blank file are none."""
    if separator is None:
        return [text]
    body = text.strip()
    if separator == "auto":
        separator = "\n\n" if _BLANK_LINES.search(body) else "\n"
    parts = _BLANK_LINES.split(body) if separator == "\n\n" else body.split(separator)
    return [part for part in map(str.strip, parts) if part]


# The group of blank lines is possessive: without it, a million spaces in a row would be tried in every way.
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*+\n)++")


def split(texts, fraction, seed=0, *, whole=None):
    """Split texts into one part for training and one for validation.

    Several texts: a seeded choice of whole texts, each part in the order given. Texts that are equal stay on one side,
    so that no validation text is a copy of a training text. One text: its last `fraction` is cut off, at white space
    when there is some near by.

    Args:
        texts: list of str.
        fraction: float in (0, 1). Share of the texts, or of the characters, that goes to validation.
        seed: int. Another seed chooses other texts. A single text is cut at the same place for every seed.
        whole: bool or None. False cuts off the end of every text, which suits a few long documents; True never cuts;
            None cuts only a single text.

    Returns:
        The pair `(train, validation)` of lists of str.

    Raises:
        ValueError: if `fraction` is not in (0, 1) or one of the parts would be empty.
        TypeError: if `texts` is not a list of strings.

    Example:

    >>> split(["a b", "c d", "e f", "g h"], 0.25, seed=1)
    (['c d', 'e f', 'g h'], ['a b'])
    >>> split(["one two three four"], 0.3)
    (['one two three '], ['four'])
    """
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise _checks.refuse("texts", "must be a list of strings", texts, error=TypeError)
    fraction = _checks.real_number("fraction", fraction, 0, 1, include_low=False, include_high=False)
    seed = _checks.whole_number("seed", seed)
    if whole is None:
        whole = len(texts) != 1
    train, validation = _choose(texts, fraction, seed) if whole else _cut_ends(texts, fraction)
    if not train or not validation:
        rule = (
            f"must leave text on both sides, but gives {len(train):,} texts for training "
            f"and {len(validation):,} for validation"
        )
        raise _checks.refuse("fraction", rule, fraction, "Use more text, or validation=0 to train without validation.")
    return train, validation


def _choose(texts, fraction, seed):
    """Choose whole texts for validation: groups of equal texts in a random order, as long as they fit the share."""
    groups = {}
    for index, text in enumerate(texts):
        groups.setdefault(text, []).append(index)
    groups = list(groups.values())
    wanted = min(max(1, round(len(texts) * fraction)), len(texts) - 1)
    chosen = set()
    for index in np.random.default_rng(seed).permutation(len(groups)):
        if len(chosen) + len(groups[index]) <= wanted:
            chosen.update(groups[index])
    if not chosen and len(groups) > 1:  # every text has more copies than the share: take the one with the fewest
        chosen.update(min(groups, key=len))
    train = [text for index, text in enumerate(texts) if index not in chosen]
    return train, [text for index, text in enumerate(texts) if index in chosen]


def _cut_ends(texts, fraction):
    """Cut the last share off each text; what is too short to cut goes to training whole."""
    train, validation = [], []
    for text in texts:
        cut = _cutting_place(text, fraction)
        head, tail = text[:cut], text[cut:]
        if head.strip() and tail.strip():
            train.append(head)
            validation.append(tail)
        else:
            train.append(text)
    return train, validation


def _cutting_place(text, fraction):
    """Return where to cut: after the white space nearest to the exact place, at most half a part away, else there."""
    exact = round(len(text) * (1 - fraction))
    reach = min(exact, len(text) - exact) // 2
    after = re.compile(r"\s").search(text, exact, exact + reach)
    before = max(text.rfind(space, exact - reach, exact) for space in " \n\t")
    places = ([after.end()] if after else []) + ([before + 1] if before >= 0 else [])
    return min(places, key=lambda place: abs(place - exact), default=exact)
