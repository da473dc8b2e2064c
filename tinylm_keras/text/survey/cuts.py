"""The ways to split a text into texts, and the lengths of the resulting texts."""

import dataclasses
import re

from tinylm_keras.text.chunks import BLANK_LINES, is_line


@dataclasses.dataclass(frozen=True)
class Cut:
    """The texts from one separator. If only a sample of the source was examined, counts are estimates.

    Attributes:
        separator: str or None. As for `read`; "auto" if the source already consists of texts.
        texts: int. Number of texts that are not blank.
        distinct: int. Number of different texts.
        lengths: tuple of int. Characters of the shortest text, the first decile, the median, the last decile, and the
            longest text.
        longest_tenth: float. Share of all characters in the longest tenth of the texts.
        with_lines: float. Share of the texts that contain line breaks.
        only_marks: int. Number of texts without letters and digits.
    """

    separator: str | None
    texts: int
    distinct: int
    lengths: tuple[int, int, int, int, int]
    longest_tenth: float
    with_lines: float
    only_marks: int


def cut(stretches, separator):
    r"""Split some texts by a separator, as `read` does, without blank texts.

    Example:

    >>> cut(["one\n\ntwo\n%\nthree"], "\n%\n")
    ['one\n\ntwo', 'three']
    """
    if separator in (None, "auto"):
        return [text for text in stretches if text and not text.isspace()]
    if separator == "\n\n":
        parts = (part for text in stretches for part in BLANK_LINES.split(text.strip()))
    elif is_line(separator):
        line = re.compile(rf"\n[^\S\n]*{re.escape(separator.strip())}[^\S\n]*(?=\n)")
        parts = (part for text in stretches for part in line.split(f"\n{text}\n"))
    else:
        parts = (part for text in stretches for part in text.split(separator))
    return [part for part in map(str.strip, parts) if part]


def describe(texts, separator, sample):
    """Return the `Cut` for texts that were split from a `Sample`.

    Args:
        texts: list of str, as from `cut`.
        separator: str or None.
        sample: `Sample`.
    """
    lengths = sorted(map(len, texts)) or [0]
    whole = separator in (None, "auto")
    tenth = lengths[-max(1, len(lengths) // 10) :]
    number = sample.parts if whole else round(len(texts) * sample.factor)
    last = len(lengths) - 1
    five = [lengths[round(last * share)] for share in (0, 0.1, 0.5, 0.9, 1)]
    five[-1] = sample.longest if whole else five[-1]
    return Cut(
        separator,
        number if not sample.is_whole else len(texts),
        round(len(set(texts)) * (1 if sample.is_whole else number / max(1, len(texts)))),
        tuple(five),
        sum(tenth) / max(1, sum(lengths)),
        sum("\n" in text for text in texts) / max(1, len(texts)),
        sum(not any(map(str.isalnum, text)) for text in texts),
    )


def blank_lines(texts):
    """Return the number of places with blank lines inside some texts."""
    return sum(len(BLANK_LINES.findall(text.strip())) for text in texts)
