"""Remarks on possible problems of a text, one line each."""

import csv
import re

# Shares above which there is a remark.
COPIES = 0.05  # texts that are equal to an earlier one
REPEATED = 0.1  # of the text
INDENTED = 0.01  # lines
WITH_LINES = 0.05  # texts that have line breaks inside
UNEVEN = 0.6  # of the characters, in the longest tenth of the texts
LITTLE = 1000  # characters
LEAST_UNEVEN = 10  # texts
ROWS, LIKE_ROWS = 200, 0.95  # lines that are looked at, and the share of them that have to be rows of a table

# Signs of damaged or uncleaned text, with the number from which there is a remark.
_DAMAGE = (
    (re.compile("\ufffd"), 1, "replacement characters (\ufffd), which stand for characters that were lost"),
    (
        re.compile("â€[™œ\x9d“”˜¦]|Ã[©¨¤¶¼Ÿ±³¡­ª®´»§]|ï»¿"),
        3,
        "UTF-8 that was read as another encoding, as in â€™ for an apostrophe",
    ),
    (re.compile(r"&(?:amp|quot|nbsp|lt|gt|#\d{2,5}|#x[0-9a-fA-F]{2,5});"), 3, "HTML entities such as &amp;"),
    (re.compile(r"</?(?:p|br|div|span|i|b|a|td|tr|li|em|strong)\b[^<>\n]{0,200}/?>"), 10, "HTML tags such as <br>"),
    (
        re.compile(r"\*\*\* ?(?:START|END) OF (?:THE|THIS) PROJECT GUTENBERG"),
        1,
        "notes and licence of Project Gutenberg around the text, to be removed",
    ),
    (re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]"), 1, "control characters"),
)


def remarks(survey, sample):
    """Yield remarks on a `Survey`, most important first.

    Args:
        survey: `Survey`.
        sample: Its `Sample`.
    """
    texts = survey.texts
    yield from _about_the_table(survey)
    if not survey.given and not survey.columns:
        yield from _about_rows(sample)
    yield from _about_copies(survey, texts)
    if texts.only_marks:
        yield f"{texts.only_marks:,} of {texts.texts:,} texts have no letter or digit"
    if texts.texts >= LEAST_UNEVEN and texts.longest_tenth > UNEVEN:
        yield f"the longest tenth of the texts holds {percent(texts.longest_tenth)} of the characters"
    if survey.characters < LITTLE:
        yield f"only {survey.characters:,} characters: too few to learn a language from"
    if survey.script and not survey.blanks:
        yield f"no spaces between words ({survey.script}): word tokens would be whole sentences"
    if survey.indented >= INDENTED:
        yield f"{percent(survey.indented)} of lines are indented: whitespace tokens would lose that"
    if texts.with_lines >= WITH_LINES and survey.lines > 1:
        share = "" if texts.texts == 1 else f" inside {percent(texts.with_lines)} of the texts"
        yield f"line breaks{share or ' inside the text'}: whitespace tokens would lose them"
    for pattern, least, words in _DAMAGE:
        count = sum(len(pattern.findall(text)) for text in sample.stretches)
        if count >= least:
            number = round(count * sample.factor)
            yield f"{words}: {'once' if number == 1 else f'{number:,} times'}"


def _about_the_table(survey):
    if survey.column_is_missing:
        columns = ", ".join(map(repr, survey.columns[:20]))
        yield f"a table with the columns {columns}: {survey.column!r} looks like text; pass its name for training"


def _about_rows(sample):
    """A table whose file is not called one: each of its lines would be learned with all its columns and signs."""
    lines = [line.strip() for text in sample.stretches[:1] for line in text.split("\n", ROWS)[:ROWS] if line.strip()]
    if len(lines) < 3:
        return
    if sum(line[0] == "{" and line[-1] == "}" for line in lines) >= LIKE_ROWS * len(lines):
        yield "the lines are JSON objects: as a .jsonl file, one of their fields is the text"
        return
    for delimiter, ending in (("\t", ".tsv"), (",", ".csv"), (";", ".csv")):
        widths = [len(next(csv.reader([line], delimiter=delimiter))) for line in lines]
        header = lines[0].split(delimiter)
        # A tab stands in few texts; a comma stands in many, so a row of short names has to come first.
        names = delimiter == "\t" or all(re.fullmatch(r"[^\W\d][\w ]{0,30}", cell.strip(' "')) for cell in header)
        if widths[0] > 1 and names and widths.count(widths[0]) >= LIKE_ROWS * len(widths):
            yield f"the lines are rows of {widths[0]} cells: as a {ending} file, one of the columns is the text"
            return


def _about_copies(survey, texts):
    copies = texts.texts - texts.distinct
    if texts.distinct == 1 < texts.texts:
        yield f"all {texts.texts:,} texts are equal"
        return
    if copies > COPIES * texts.texts:
        yield f"only {texts.distinct:,} of {texts.texts:,} texts are different: the others are copies"
    elif survey.repeated >= REPEATED:
        yield f"{percent(survey.repeated)} of the text is repeated, word for word"


def percent(share):
    """Return a share as a percentage.

    Example:

    >>> percent(0.376), percent(0.0012)
    ('38 %', '0.1 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.01 or not share else f"{100 * share:.1f} %"
