"""`tinylm tokenize`: show the tokens and ids of a text."""

import os
import shlex
from typing import Annotated

import typer

from tinylm_keras import _checks, _terminal
from tinylm_keras.cli import _arguments, _console, _tables
from tinylm_keras.cli._recipe_options import typed_settings, with_recipe_options

READING = ("separator", "encoding", "column", "bad_rows")


@with_recipe_options(READING)
def tokenize(
    text: Annotated[str, typer.Argument(help="The text; - reads it from standard input.", show_default=False)],
    model: Annotated[
        str | None, typer.Option(help="Use the tokenizer of this .keras file or run's folder.", metavar="MODEL")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Build the vocabulary from this text file.", metavar="FILE")
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(help="Pad or truncate to N tokens.", metavar="N", parser=_arguments.number("length", int)),
    ] = None,
    **typed,
):
    """Show a text as tokens and ids, with padding and unknown words.

    Without a model or a source, the vocabulary is built from the text itself.
    """
    if model is not None and source is not None:
        raise _checks.refuse("source", "must be left out with --model", source, error=_console.BadInput)
    reading = typed_settings(typed)
    for name, value in reading.items():
        if source is None:
            raise _checks.refuse(name, "must be left out without --source", value, error=_console.BadInput)
    if length is not None:
        _checks.whole_number("length", length, 1, 1_000_000)
    if text != "-" and _names_a_file(text):
        _console.say(f"This tokenizes the file name. For the text in the file: tinylm tokenize - < {shlex.quote(text)}")
    text = _console.read_stdin() if text == "-" else _arguments.typed_text("text", text)
    tokenizer = find_tokenizer(text, model, source, reading)
    token_strings = list(tokenizer.token_strings(text))
    ids = [int(i) for i in tokenizer.tokenize(text)]
    rows = [(token, i, "unknown" if i == tokenizer.unk_id else "") for token, i in zip(token_strings, ids, strict=True)]
    if length is not None:
        if tokenizer.pad_id is None and len(rows) < length:
            rule = f"must be at most {len(rows)}, because this tokenizer has no padding"
            raise _checks.refuse("length", rule, length, error=_console.BadInput)
        cut = len(rows) - length
        rows = rows[:length] + [("", tokenizer.pad_id, "padding")] * -cut
        if cut > 0:
            _console.say(f"Truncated to {length} of {length + cut} tokens.")
    show(rows)


def _names_a_file(text):
    try:
        return os.path.isfile(text)
    except ValueError:  # a character that no file name can have
        return False


def find_tokenizer(text, model, source, reading):
    """Return the model's tokenizer, or a whitespace tokenizer adapted on the source or the text."""
    if model is not None:
        from tinylm_keras import runtime

        return _console.check_tokenizer(runtime.load_tokenizer(_console.model_file(model)), model)
    texts, argument, received = [text], "text", text
    if source is not None:
        from tinylm_keras.text import sources

        texts, argument, received = sources.read(source, **reading), "source", source
    from tinylm_keras import id_rules

    try:
        rules = id_rules.restore({"class_name": "WhitespaceTokenizer", "config": {}}).adapt(texts)
    except ValueError:
        rule = f"must have at least one word for the vocabulary, other than {id_rules.UNKNOWN}"
        raise _checks.refuse(argument, rule, received, error=_console.BadInput) from None
    if source is None:
        _console.say("No --model or --source: the vocabulary is built from this text itself.")
    return rules


def show(rows):
    """Print one line for each token."""
    from rich.text import Text

    table = _tables.table("position", "token", "id", "", right=(0, 2))
    for position, (token, token_id, note) in enumerate(rows):
        shown = token if token.strip() or not token else repr(token)[1:-1]
        table.add_row(str(position), Text(_terminal.printable(shown)), str(token_id), note)
    _tables.show(table)
    unknown, padding = (sum(row[2] == note for row in rows) for note in ("unknown", "padding"))
    _console.answer(f"{len(rows)} ids: {len(rows) - padding} tokens, {unknown} of them unknown, {padding} padding")
