"""Command-line options generated from the settings of a recipe."""

import inspect
from typing import Annotated

import typer
from rich.markup import escape

from tinylm_keras.cli._arguments import typed_text
from tinylm_keras.recipe import escapes, presets

KINDS = {int: "N", float: "X", bool: "true|false"}


def with_recipe_options(names=None):
    """Return a decorator that replaces the `**typed` of a command by an option for each setting.

    The command receives the typed texts, None for options not given; `typed_settings` converts them.

    Args:
        names: list of str or None. Names of the settings; None: all.
    """

    def decorate(command):
        signature = inspect.signature(command)
        own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + list(_options(names))
        command.__signature__ = signature.replace(parameters=parameters)
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        return command

    return decorate


def typed_settings(typed):
    """Return the values of the typed settings, checked."""
    given = {name: typed_text(name, text) for name, text in typed.items() if text is not None}
    return {name: presets.parse(name, text) for name, text in given.items()}


def _options(names):
    for name, field in presets.settings().items():
        if names is None or name in names:
            about = field.metadata
            option = typer.Option(
                "--" + name.replace("_", "-"),
                help=escape(f"{about['help']}; {escapes.HELP}" if about["escapes"] else about["help"]),
                metavar="|".join(about["choices"] or ()) or KINDS.get(about["type"], "TEXT"),
                show_default=False,
                rich_help_panel=f"Recipe: {about['group']}",
            )
            annotation = Annotated[str | None, option]
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
