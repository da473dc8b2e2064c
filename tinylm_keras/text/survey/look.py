"""Surveys a source: describes a sample of it and recommends how to read it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tinylm_keras.text import tables
from tinylm_keras.text.documents import Documents
from tinylm_keras.text.survey import characters, cuts, marks, reading, relation, remarks, repeats, words
from tinylm_keras.text.survey.result import Survey
from tinylm_keras.text.survey.sample import take

if TYPE_CHECKING:
    from typing import Literal

    from tinylm_keras._types import Source

# A vocabulary is closed if it is small, nearly nothing in a held-out tenth is new, and words are frequent.
MOST_TOKENS, MOST_UNKNOWN, LEAST_RETURNS = 5_000, 0.002, 20


def survey(
    source: Source | Documents,
    *,
    separator: str | None = "auto",
    encoding: str = "utf-8",
    column: str | int | None = None,
    bad_rows: Literal["error", "skip"] = "error",
) -> Survey:
    r"""Survey a text: its length, structure, vocabulary and repetitions, and how to split it.

    The first two million characters are examined completely, and after them stretches at growing distances, so that a
    source of any size needs bounded memory. For a table without a given column, the column that looks like text is
    surveyed, and a remark says so.

    Args:
        source, separator, encoding, column, bad_rows: As for `data.read`. With "auto", the survey recommends a
            separator. `source` may also be `Documents`; then the other arguments are ignored.

    Returns:
        A `Survey`.

    Raises:
        ValueError: as `data.read`, except for a table with one column that clearly looks like text; also if the text
            has fewer than two different characters besides white space.
        TypeError: if `source` is not accepted by `data.read`.

    Example:

    >>> found = survey([f"{name} sat on the mat." for name in ("Mia", "Ben", "Sue")])
    >>> found.characters, found.texts.texts, found.texts.lengths
    (57, 3, (19, 19, 19, 19, 19))
    """
    if isinstance(source, Documents):
        return _with_remarks(*_described(source))
    how = {"separator": separator, "encoding": encoding, "column": column, "bad_rows": bad_rows}
    documents = Documents(source, **how)
    table = documents.table()
    if table is None:
        found, sample = _described(documents)
        return _with_remarks(dataclasses.replace(found, column=None if column is None else str(column)), sample)
    names, likely = tables.columns(table.path, lambda: documents.content(table))
    if likely is None:
        raise tables.without_column(table.path, lambda: documents.content(table))
    found, sample = _described(Documents(source, **how | {"column": likely}))
    about = {"columns": tuple(names), "column": likely, "column_is_missing": True}
    return _with_remarks(dataclasses.replace(found, **about), sample)


def _with_remarks(found, sample):
    return dataclasses.replace(found, remarks=tuple(remarks.remarks(found, sample)))


def _described(documents):
    """Return the `Survey` of `Documents` without remarks, and its `Sample`."""
    sample = take(documents)
    texts = sample.stretches
    counts = characters.count(texts)
    script = characters.script(counts)
    raw = [line for text in texts for line in [*text.split("\n"), ""]]  # no line continues in the next text
    lines = [line.strip() for line in raw]
    full = [line for line in lines if line]
    distinct = list(dict.fromkeys(full))
    tokens = words.grow(full, distinct, words.TOKEN.findall)
    between_blanks = words.grow(full, distinct, str.split)
    about_lines = relation.of_lines(raw)
    found = Survey(
        names=tuple(documents.names),
        given=documents.given,
        characters=sample.characters,
        looked_at=sample.looked_at,
        distinct_characters=len(counts),
        white_space=characters.white_space(counts),
        script=script,
        blanks=script not in characters.WITHOUT_BLANKS,
        lines=round(len(full) * sample.factor),
        blank_lines=round(cuts.blank_lines(texts) * sample.factor),
        equal_lines=1 - len(distinct) / max(1, len(full)),
        indented=about_lines.indented,
        continued=about_lines.continued,
        labelled=about_lines.labelled,
        words=between_blanks,
        tokens=tokens,
        closed_vocabulary=_is_closed(tokens) and _is_closed(between_blanks),
        repeated=repeats.share(texts),
        separator="auto",
        reason="the source already consists of texts",
    )
    if documents.given:
        return dataclasses.replace(found, cuts=(cuts.describe(cuts.cut(texts, "auto"), "auto", sample),)), sample
    return _cut(found, sample, documents.separator, lines, about_lines), sample


def _cut(found, sample, asked, lines, about_lines):
    """Return the `Survey` with all ways to split the text, and the recommended or requested one."""
    texts = sample.stretches
    mark = marks.find(texts, lines, marks.lines_of_signs(lines))
    ways = [way for way in dict.fromkeys((None, "\n\n", "\n", mark, asked)) if way != "auto"]
    parts = {way: cuts.cut(texts, way) for way in ways}
    described = {way: cuts.describe(parts[way], way, sample) for way in ways}
    separator, reason = asked, "as requested"
    if asked == "auto":
        facts = reading.Facts(
            cuts=described,
            cohesion={way: relation.cohesion(parts[way], found.blanks) for way in ("\n", "\n\n")},
            relation=about_lines,
            mark=mark,
            blank_lines=found.blank_lines,
            words_in_line=found.words.units / max(1, found.lines) * sample.factor,
            blanks=found.blanks,
        )
        separator, reason = reading.recommend(facts)
    mark = None if mark is None else mark.strip()
    return dataclasses.replace(found, cuts=tuple(described.values()), mark=mark, separator=separator, reason=reason)


def _is_closed(tokens):
    few = tokens.distinct <= MOST_TOKENS and tokens.units >= LEAST_RETURNS * tokens.distinct
    return few and tokens.unknown is not None and tokens.unknown <= MOST_UNKNOWN
