"""`tinylm presets`: the purpose and all settings of the presets."""

import dataclasses
from typing import Annotated

import typer

from tinylm_keras.cli import _console, _tables
from tinylm_keras.recipe import presets as recipes


def presets(
    name: Annotated[
        list[str] | None,
        typer.Argument(
            help="Presets to show side by side. Default: all, each value with its presets.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
):
    """Show the presets: their purpose, and every setting of `train`."""
    names = name or recipes.names()
    chosen = {one: recipes.get(one) for one in names}
    if as_json:
        everything = {one: dataclasses.asdict(recipe) for one, recipe in chosen.items()}
        _console.answer_json(everything)
        return
    auto = [] if name else [(f"{recipes.AUTO}:", recipes.AUTO_LINE)]
    lines = _tables.pairs([*auto, *((f"{one}:", recipes.describe(one)) for one in names)], style="bold")
    fits = _tables.fits(len(chosen) + 2)
    _tables.show(lines, "", side_by_side(chosen) if name and fits else all_together(chosen))


def side_by_side(chosen):
    """Return a table with a column for each of some recipes."""

    def cells(setting):
        return [_tables.typed(getattr(recipe, setting)) for recipe in chosen.values()]

    return _table(list(chosen), cells)


def all_together(chosen):
    """Return a table with one column of values; different values are followed by the names of their recipes."""

    def cells(setting):
        values = {}
        for name, recipe in chosen.items():
            values.setdefault(_tables.typed(getattr(recipe, setting)), []).append(name)
        first, *others = values
        return ["\n".join([first, *(f"{value}: {', '.join(values[value])}" for value in others)])]

    return _table([f"{next(iter(chosen))}, and where others differ"], cells)


def _table(headings, cells):
    from rich.markup import escape

    table = _tables.table("setting", *headings, "meaning")
    group = None
    for setting, field in recipes.settings().items():
        if field.metadata["group"] != group:
            group = field.metadata["group"]
            table.add_section()
            table.add_row(f"[bold]{group.capitalize()}:[/]")
        table.add_row(setting, *map(escape, cells(setting)), escape(field.metadata["help"]))
    return table
