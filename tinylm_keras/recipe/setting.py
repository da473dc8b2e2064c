"""One setting of a recipe: a dataclass field that knows its help, its type and its range. No Keras here."""

import contextlib
import dataclasses

from tinylm_keras import _checks
from tinylm_keras.recipe.escapes import decode


def setting(kind, default, explanation, check, *, group, optional=False, choices=None, escapes=False):
    """Return a dataclass field whose metadata describe a setting; the command line reads the same metadata.

    Args:
        kind: int, float, str or bool. Type of its values.
        default: Default value.
        explanation: str. One line of help.
        check: Function of a name and a value; it returns the value or raises.
        group: str. Name of its group in the help.
        optional: bool. Whether None is allowed.
        choices: tuple of str or None. All values, if they can be listed.
        escapes: bool. Whether escapes such as `\\n` are read on the command line.

    Returns:
        A `dataclasses.Field`.
    """
    metadata = {
        "help": explanation,
        "type": kind,
        "check": check,
        "optional": optional,
        "choices": choices,
        "escapes": escapes,
        "group": group,
    }
    return dataclasses.field(default=default, metadata=metadata)


def whole(default, explanation, minimum=1, maximum=1_000_000_000, **keywords):
    """Return a field for a whole number within bounds."""
    check = lambda name, value: _checks.whole_number(name, value, minimum, maximum)  # noqa: E731
    return setting(int, default, explanation, check, **keywords)


def real(default, explanation, low, high=1e9, include_low=True, include_high=True, **keywords):
    """Return a field for a number in an interval."""
    check = lambda name, value: _checks.real_number(name, value, low, high, include_low, include_high)  # noqa: E731
    return setting(float, default, explanation, check, **keywords)


def choice(default, explanation, choices, check=_checks.one_of, **keywords):
    """Return a field for one of several names. `check` takes a name, a value and the choices."""
    choices = tuple(choices)
    good = lambda name, value: check(name, value, choices)  # noqa: E731
    return setting(str, default, explanation, good, choices=choices, **keywords)


def text(default, explanation, **keywords):
    """Return a field for a string."""
    return setting(str, default, explanation, _checks.text, **keywords)


def flag(default, explanation, **keywords):
    """Return a field for True or False."""
    return setting(bool, default, explanation, _flag, **keywords)


def _flag(name, value):
    if not isinstance(value, bool):
        raise _checks.refuse(name, "must be True, False or None", value)
    return value


def checked(field, value):
    """Return `value` in the form that `field` needs, or raise if it is out of range."""
    if value is None and field.metadata["optional"]:
        return None
    return field.metadata["check"](field.name, value)


def parse(field, typed):
    r"""Return the value that was typed for `field` on the command line.

    Args:
        field: `dataclasses.Field` that a function of this module made.
        typed: str.

    Returns:
        The value, of the setting's type and within its range.

    Raises:
        ValueError: if the text is not a value of that setting.
    """
    if field.metadata["optional"] and typed.lower() == "none":
        return None
    value = typed
    if field.metadata["type"] is bool:
        value = {"true": True, "yes": True, "false": False, "no": False}.get(typed.lower(), typed)
    elif field.metadata["type"] in (int, float):
        with contextlib.suppress(ValueError):  # the check of the setting raises the error
            value = field.metadata["type"](typed)
    elif field.metadata["escapes"]:
        value = decode(typed)
    return checked(field, value)
