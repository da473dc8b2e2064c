"""`tinylm info`: the contents of a model file."""

from typing import Annotated

import typer

from tinylm_keras.cli import _console, _tables


def info(
    model: Annotated[str, typer.Argument(help="A .keras file, or a run's folder.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
):
    """Show the contents of a model file: sizes, parameters, tokenizer, defaults, and training."""
    file = _console.model_file(model)
    from tinylm_keras import description, runtime

    described = description.describe(runtime.load(file), file)
    if as_json:
        _console.answer_json(described)
        return
    _tables.show_facts(facts(described))


def facts(description):
    """Yield the rows of the table: pairs of a name and a text."""
    yield "file", f"{description['file']}, {description['bytes']:,} bytes"
    yield "class", description["class"]
    for name, value in description["sizes"].items():
        yield name, f"{value:,}" if isinstance(value, int) else str(value)
    parameters = dict(description["parameters"])
    yield "parameters", f"{parameters.pop('total'):,}"
    for part, count in parameters.items():
        yield f"  {part}", f"{count:,}"
    tokenizer = description["tokenizer"]
    if tokenizer is None:
        yield "tokenizer", "none"
    else:
        end = "no end token" if tokenizer["end_token"] is None else f"end token {tokenizer['end_token']}"
        yield "tokenizer", f"{tokenizer['class']}, {tokenizer['vocabulary_size']:,} tokens, {end}"
        yield "first tokens", " ".join(repr(token) for token in tokenizer["first_tokens"])
    defaults = description["generation_defaults"]
    yield "generates with", ", ".join(f"{name} {value}" for name, value in defaults.items()) or "the general defaults"
    yield "recipe", _recipe_line(description)
    yield "Keras", description["keras"]


def _recipe_line(description):
    record = description["recipe"]
    if record is None:
        problem = description.get("recipe_problem")
        return f"cannot be read: {problem}" if problem else "none beside the file"
    settings = record.get("recipe")
    settings = settings if isinstance(settings, dict) else {}
    names = ("preset", "steps", "epochs", "batch_size")
    shown = ", ".join(f"{name} {settings[name]}" for name in names if settings.get(name) is not None)
    return f"{shown}; trained on {record.get('source', 'an unknown text')}"
