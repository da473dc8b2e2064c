"""`tinylm survey`: properties of a text, how it would be split, and possible problems."""

import dataclasses
from typing import Annotated

import typer

from tinylm_keras.cli import _console, _tables
from tinylm_keras.cli._recipe_options import typed_settings, with_recipe_options
from tinylm_keras.recipe.advice import READING


@with_recipe_options(READING)
def survey(
    source: Annotated[
        list[str],
        typer.Argument(
            help="Text files, folders, globs, CSV, TSV, JSONL or JSON files, or tfds:NAME; several are joined.",
            show_default=False,
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    **typed,
):
    """Examine a text before training: its properties, how it would be split, and possible problems."""
    from tinylm_keras.text import documents
    from tinylm_keras.text import survey as surveys

    how = typed_settings(typed)
    if len(source) == 1:
        found = surveys.survey(source[0], **how)
    else:
        found = surveys.survey(documents.Joined([documents.Documents(one, **how) for one in source]))
    if as_json:
        _console.answer_json(dataclasses.asdict(found))
        return
    _tables.show_facts(facts(found))
    if found.remarks:
        _console.answer("\nNotes:")
        for remark in found.remarks:
            _console.answer(f"- {remark}")


def facts(found):
    """Yield the rows of the table: pairs of a name and a text.

    Args:
        found: `Survey`.
    """
    yield "source", ", ".join(found.names)
    yield "characters", f"{found.characters:,}, {found.distinct_characters:,} different, {_of_white_space(found)}"
    if found.looked_at < found.characters:
        yield "sample", f"{found.looked_at:,} characters, spread over the text; numbers of texts are estimates"
    yield "lines", f"{found.lines:,}{''.join(_of_lines(found))}"
    yield "words", _growth(found.words)
    yield "words and marks", _growth(found.tokens) + ("; a closed vocabulary" if found.closed_vocabulary else "")
    yield "repeated", f"{percent(found.repeated)} of the text"
    for cut in found.cuts:
        yield _way(cut.separator), _texts(cut)
    typed = "" if found.separator == "auto" else f" (--separator {_typed(found.separator)})"
    yield "recommended", f"{_way(found.separator)}{typed}: {found.reason}"


def percent(share):
    """Return a share as a percentage. Its module imports numpy, so it is imported late."""
    from tinylm_keras.text.survey.remarks import percent

    return percent(share)


def _of_white_space(found):
    blanks = "" if found.blanks or not found.script else ", no spaces between words"
    return f"{percent(found.white_space)} white space{blanks}{f', {found.script} letters' * bool(found.script)}"


def _of_lines(found):
    if found.blank_lines:
        yield f", blank lines in {found.blank_lines:,} places"
    shares = {
        "indented": found.indented,
        "continued in the next": found.continued,
        "with a speaker, time or tag": found.labelled,
    }
    yield from (f", {percent(share)} {name}" for name, share in shares.items() if share >= 0.01)
    if found.equal_lines >= 0.01:
        yield f", {percent(found.equal_lines)} equal to an earlier one"


def _growth(growth):
    new = "" if growth.unknown is None else f"; {percent(growth.unknown)} of a held-out tenth are new"
    return f"{growth.units:,}, {growth.distinct:,} different{new}"


def _texts(cut):
    shortest, tenth, median, nine_tenths, longest = cut.lengths
    if cut.texts == 1:
        return f"1 of {longest:,} characters"
    copies = "" if cut.distinct == cut.texts else f", {cut.distinct:,} different"
    spread = f"{shortest:,} to {longest:,} characters, most {tenth:,} to {nine_tenths:,}, median {median:,}"
    lines = f", {percent(cut.with_lines)} of several lines" if cut.with_lines >= 0.01 else ""
    return f"{cut.texts:,}{copies}: {spread}{lines}"


def _way(separator):
    r"""Describe what a separator does.

    Example:

    >>> _way("\n"), _way("\n%\n")
    ('each line', 'at the mark %')
    """
    names = {"auto": "texts", None: "whole", "\n\n": "at blank lines", "\n": "each line"}
    return names[separator] if separator in names else f"at the mark {separator.strip() or repr(separator)}"


def _typed(separator):
    """Return a separator as typed on the command line."""
    return "none" if separator is None else '"' + separator.replace("\n", r"\n").replace("\t", r"\t") + '"'
