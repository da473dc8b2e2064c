"""`tinylm presets`: every setting of every preset side by side."""

import dataclasses
import json
from typing import Annotated

import typer

from tinylm_keras.cli import _console
from tinylm_keras.training import presets as recipes


def presets(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
):
    """Show the ready-made recipes: what each is for, and every setting that `train` takes."""
    names = recipes.names()
    if as_json:
        everything = {name: dataclasses.asdict(recipes.get(name)) for name in names}
        _console.answer(json.dumps(everything, indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    for name in names:
        console.print(f"[bold]{name}[/]: {escape(recipes.describe(name))}")
    table = Table("setting", *names, "meaning", box=None, pad_edge=False)
    group = None
    for setting, field in recipes.settings().items():
        if field.metadata["group"] != group:
            group = field.metadata["group"]
            table.add_section()
            table.add_row(f"[bold]{group.capitalize()}:[/]")
        values = [getattr(recipes.get(name), setting) for name in names]
        table.add_row(setting, *[escape(_shown(value)) for value in values], escape(field.metadata["help"]))
    console.print(table)


def _shown(value):
    """A value as one would type it."""
    if value is None or value == "":
        return "none" if value is None else '""'
    return str(value).lower() if isinstance(value, bool) else str(value)
