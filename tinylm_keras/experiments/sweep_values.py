"""Which setting a sweep varies, and over which values. No Keras."""

import collections.abc
import dataclasses

from tinylm_keras import _checks
from tinylm_keras.recipe.recipe import refuse_unknown, settings
from tinylm_keras.recipe.setting import checked

# Updates of each run if the recipe says neither steps nor epochs.
STEPS = 500

MOST_VALUES = 100

# Settings that no sweep varies, and why.
_ITS_TEXT = "changes the text that is evaluated, so the values could not be compared"
_NO_EFFECT = "does not change the loss"
NEVER = {
    **dict.fromkeys(("separator", "encoding", "column", "bad_rows", "validation", "split"), _ITS_TEXT),
    **dict.fromkeys(("prompt", "temperature", "max_new_tokens", "evaluation_batches"), _NO_EFFECT),
    "seed": ["is varied by ", _checks.Argument("seeds")],
    "minutes": "gives each value another number of steps on another day",
}


@dataclasses.dataclass(frozen=True)
class Swept:
    """The setting of a sweep and its values.

    Attributes:
        setting: str.
        values: tuple, at least two; each of the setting's type and within its range.
    """

    setting: str
    values: tuple

    @property
    def names(self):
        """The values as text, which are also the names of the runs' folders."""
        return tuple(map(shown, self.values))


def shown(value):
    """Return a value of a setting as text.

    Example:

    >>> shown(1e-4), shown(0.5), shown(None), shown(True), shown("byte-pair")
    ('0.0001', '0.5', 'none', 'true', 'byte-pair')
    """
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else f"{value}"


def has_values(name):
    """Whether the values of a setting are numbers or choices, and no text that may contain a comma."""
    kind = settings()[name].metadata
    return kind["type"] in (int, float, bool) or kind["choices"] is not None


def find(given):
    """Tell the setting to be varied from those that stay: its value is a list or another sequence.

    Args:
        given: dict. Settings by name, as in `train`; one has several values.

    Returns:
        The `Swept`, and the dict of the other settings.

    Raises:
        ValueError: if no setting or more than one has several values, one cannot be varied, or a value is invalid.

    Example:

    >>> find({"learning_rate": [1e-3, 1e-2], "steps": 10})
    (Swept(setting='learning_rate', values=(0.001, 0.01)), {'steps': 10})
    """
    refuse_unknown(given)
    several = [name for name, value in given.items() if _is_several(value)]
    example = _checks.Argument("learning_rate", [1e-4, 1e-3, 1e-2])
    if not several:
        raise _checks.refusal("A sweep needs one setting with several values, such as ", example, ".")
    first, *others = several
    if others:
        rule = ["must have one value, because ", _checks.Argument(first), " has several"]
        raise _checks.refuse(others[0], rule, given[others[0]], "Make a sweep for each.")
    if first in NEVER or not has_values(first):
        reason = NEVER.get(first, "is neither a number nor a choice")
        because = [reason] if isinstance(reason, str) else reason
        raise _checks.refuse(first, ["must have one value: it ", *because], given[first])
    field = settings()[first]
    values = tuple(checked(field, value) for value in _listed(given[first]))
    repeated = _checks.first_repeated(values)
    if repeated is not None or not 2 <= len(values) <= MOST_VALUES:
        raise _checks.refuse(first, f"must have 2 to {MOST_VALUES} different values", given[first])
    return Swept(first, values), {name: value for name, value in given.items() if name != first}


def _is_several(value):
    is_list = isinstance(value, collections.abc.Iterable) and not isinstance(value, (str, bytes, dict))
    return is_list and getattr(value, "ndim", 1) == 1


def _listed(values):
    return values.tolist() if hasattr(values, "tolist") else list(values)  # numpy's numbers become Python's
