"""Changes of a recipe, from Python by name or as typed on the command line. No Keras here."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tinylm_keras import _checks
from tinylm_keras.recipe import registry, setting
from tinylm_keras.recipe.recipe import refuse_unknown, settings

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras.recipe.recipe import Recipe
    from tinylm_keras.recipe.settings_types import Settings

# Settings that exclude each other: setting one of a row clears the others.
EXCLUSIVE = (("steps", "epochs", "minutes"), ("vocabulary_file", "max_tokens"))


def override(recipe: Recipe, **overrides: Unpack[Settings]) -> Recipe:
    """Return a copy of `recipe` with some settings changed.

    One of `steps`, `epochs` and `minutes` clears the others, and `vocabulary_file` and `max_tokens` clear each other. A
    new length also clears `evaluate_every` of the recipe, so that the run is evaluated about ten times.

    Args:
        recipe: `Recipe`.
        **overrides: New values by the name of the setting.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: if a name is unknown (the message lists the nearest ones), a value is out of its range, or the model
            (tokenizer, optimizer, schedule) of the recipe does not use a setting (the message lists those that do).
        TypeError: if a text setting is not a string.

    Example:

    >>> from tinylm_keras.recipe.presets import get
    >>> changed = override(get("tinylm"), steps=50)
    >>> changed.steps, changed.epochs
    (50, None)
    """
    refuse_unknown(overrides)
    changes = dict(overrides)
    for row in EXCLUSIVE:
        if any(changes.get(name) is not None for name in row):
            changes |= {name: None for name in row if name not in changes}
    if any(changes.get(name) not in (None, getattr(recipe, name)) for name in EXCLUSIVE[0]):
        changes.setdefault("evaluate_every", None)  # the recipe's value was for its own length
    changed = dataclasses.replace(recipe, **changes)
    for name, value in overrides.items():
        if value is not None:
            refuse_unused(name, value, changed)
    return changed


def refuse_unused(name: str, value: object, recipe: Recipe) -> None:
    """Raise if the model, tokenizer, optimizer or schedule of `recipe` does not use the setting `name`."""
    for part, kinds in registry.PARTS.items():
        takers = [kind for kind in kinds if name in kinds[kind].takes]
        chosen = getattr(recipe, part)
        if takers and chosen not in takers:
            rule = f"belongs to the {part} {' or '.join(map(repr, takers))}, and this {part} is {chosen!r}"
            raise _checks.refuse(name, rule, value, f"Leave it out, or choose another {part}.")


def parse(name: str, typed: str) -> object:
    r"""Return the value of a setting as typed on the command line.

    `none` means None if the setting allows it. Numbers are read as in Python. In settings that are text, `\n` and other
    escapes become the character (see `escapes.decode`).

    Args:
        name: str. Name of the setting.
        typed: str. The value as typed.

    Returns:
        The value, of the setting's type and within its range.

    Raises:
        ValueError: if the text is not a value of that setting.

    Example:

    >>> parse("steps", "1_000"), parse("global_clipnorm", "none"), parse("separator", r"\n")
    (1000, None, '\n')
    """
    refuse_unknown({name: typed})
    return setting.parse(settings()[name], typed)
