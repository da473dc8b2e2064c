"""Reads texts from files, folders, tables, TensorFlow Datasets or the built-in stories, and splits them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.text.documents import Documents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from tinylm_keras._types import Source

# Up to so many whole files are documents such as books, and the end of each is held out for validation; of more texts,
# whole ones are held out.
MOST_DOCUMENTS = 100


def read(
    source: Source,
    *,
    separator: str | None = "auto",
    encoding: str = "utf-8",
    column: str | int | None = None,
    bad_rows: Literal["error", "skip"] = "error",
) -> list[str]:
    r"""Read texts from one source.

    A byte-order mark is removed, and CRLF and CR line ends become LF. White space around a text is removed, except with
    `separator=None`, which keeps a file unchanged. Blank texts are skipped. `prepare` reads the same texts, a few
    megabytes at a time.

    In a CSV file, a quoted cell may contain commas, line breaks, and doubled quotes; the delimiter is a comma,
    semicolon, tab or bar, whichever fits the first rows. In a TSV file, quotes are ordinary characters unless they
    enclose cells, as spreadsheets write them; a warning says which was found.

    Args:
        source: One of

            - str or `os.PathLike`: a text file or a pipe; a folder (all its `*.txt` files, also in folders below,
              sorted); a glob such as `"books/*.txt"`; a table together with `column`: a file that ends in `.csv`,
              `.tsv`, `.jsonl`, `.ndjson` or `.json` (an array of objects);
            - a list or other iterable of str: the texts themselves, unchanged;
            - `"stories"` or `"stories:5000"`: that many of the built-in stories (a folder of that name is "./stories");
            - `"tfds:NAME[/config][:split][#key]"`: a data set of TensorFlow Datasets, perhaps downloaded; the split
              defaults to `train` and the key to `text`.

        separator: str or None. Where a file is split into texts. `"auto"`: at blank lines if it has any, otherwise at
            line breaks. `"\n"`: at line breaks. `"\n\n"`: at blank lines. A line such as `"\n%\n"`: at lines that
            are `%`, including the first and the last line. Another string: wherever it occurs. None: nowhere. `survey`
            recommends a separator. Entries of tables and data sets are split only by a separator other than "auto".
        encoding: str. Encoding of the files.
        column: str, int or None. Column (for JSON: key) of the texts. For a CSV or TSV file without a header, its
            number, from 1.
        bad_rows: "error" or "skip". For rows of a table without text in the column (too short, null, or a number):
            refuse the file, or skip such rows and warn with their number.

    Returns:
        A list of str, none of them blank.

    Raises:
        ValueError: if there is nothing to read, or it cannot be read as requested; the message names the file, for
            bytes of another encoding their position and the likely encoding, for a table the line.
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
    how = {"separator": separator, "encoding": encoding, "column": column, "bad_rows": bad_rows}
    return list(Documents(source, **how).texts())


def split(
    texts: Sequence[str], fraction: float, seed: int = 0, *, whole: bool | None = None
) -> tuple[list[str], list[str]]:
    """Split texts into one part for training and one for validation.

    Of several texts, whole ones are chosen by the seed; both parts keep the given order. Equal texts stay in the same
    part, so that no validation text is a copy of a training text. Of a single text, the last `fraction` is validation,
    cut at white space if there is some nearby.

    Args:
        texts: list of str.
        fraction: float in (0, 1). Share of the texts, or of the characters, for validation.
        seed: int. Seed of the choice of texts. It has no effect on a single text.
        whole: bool or None. False: the end of every text is validation, which suits a few long documents; True: texts
            are never cut; None: only a single text is cut.

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
    seed = _checks.whole_number("seed", seed)
    return divide(texts, fraction, seed, whole, "fraction")


def divide(texts, fraction, seed, whole, argument):
    """Split texts as `split`; messages call the share `argument`."""
    fraction = _checks.real_number(argument, fraction, 0, 1, include_low=False, include_high=False)
    if whole is None:
        whole = len(texts) != 1
    train, validation = _choose(texts, fraction, seed) if whole else _cut_ends(texts, fraction)
    if not train or not validation:
        rule = (
            f"must leave text in both parts, but gives {len(train):,} texts for training "
            f"and {len(validation):,} for validation"
        )
        more = (
            f"All {len(texts):,} texts are equal: use"
            if len(texts) > 1 and len(set(texts)) == 1
            else "Use more text, or"
        )
        advice = [f"{more} ", _checks.Argument("validation", 0), " to train without validation."]
        raise _checks.refuse(argument, rule, fraction, advice)
    return train, validation


def _choose(texts, fraction, seed):
    """Choose whole texts for validation: groups of equal texts in random order, while they fit the share."""
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
    """Move the last share of each text to validation; texts that are too short to cut are for training."""
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
    exact = round(len(text) * (1 - fraction))
    return near_white_space(text, exact, min(exact, len(text) - exact) // 2)


def near_white_space(text, exact, reach):
    """Return the end of the white space nearest to the exact place, at most `reach` away, or the exact place."""
    after = re.compile(r"\s").search(text, exact, exact + reach)
    before = max(text.rfind(space, exact - reach, exact) for space in " \n\t")
    places = ([after.end()] if after else []) + ([before + 1] if before >= 0 else [])
    return min(places, key=lambda place: abs(place - exact), default=exact)
