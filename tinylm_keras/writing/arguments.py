"""The arguments of `generate` and `stream`, and a model's defaults for them."""

import copy
from typing import Any, NamedTuple

from tinylm_keras import _checks
from tinylm_keras.writing.sampling import RULES, Sampler

# Stop strings may come from files, and the text is searched for each of them.
MOST_STOPS, LONGEST_STOP = 256, 1_000

DEFAULTS = {"max_new_tokens": 64, **Sampler().get_config()}


class Arguments(NamedTuple):
    """The arguments of `generate` and `stream` besides prompts; see `LanguageModel.generate`."""

    max_new_tokens: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    stop: Any = None
    seed: int | None = None
    sampler: Any = None
    allow_unknown: bool = False
    quantize: str | None = None

    @property
    def rules(self):
        """The sampling rules that were given, as a dict."""
        return {name: getattr(self, name) for name in RULES if getattr(self, name) is not None}


class ReadOnly(dict):
    """The generation defaults of a model: a dict that cannot be changed in place, because each change is checked.

    JSON writes it like any dict.

    Example:

    >>> defaults = ReadOnly(temperature=0.8)
    >>> defaults | {"top_k": 5}
    {'temperature': 0.8, 'top_k': 5}
    """

    def _refuse(self, *args, **kwargs):
        raise TypeError(
            "generation_defaults cannot be changed in place, because each change is checked. Set them as a whole: "
            'model.generation_defaults = {**model.generation_defaults, "temperature": 0.8}.'
        )

    __setitem__ = __delitem__ = update = pop = popitem = setdefault = clear = _refuse

    def __ior__(self, other):  # `model.generation_defaults |= …` sets the result, which is then checked
        return dict(self) | dict(other)

    def copy(self):
        return dict(self)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return copy.deepcopy(dict(self), memo)

    def __reduce__(self):
        return dict, (dict(self),)


def check_defaults(settings):
    """Return `settings` as a read-only dict, or raise unless each is a known setting of generation in its range."""
    settings = dict(settings)
    for name in settings:
        _checks.one_of("generation_defaults", name, (*DEFAULTS, "stop"))
    settings = {name: value for name, value in settings.items() if value is not None}
    if "max_new_tokens" in settings:
        check_count(settings["max_new_tokens"])
    Sampler(**{name: value for name, value in settings.items() if name in RULES})
    if "stop" in settings:
        settings["stop"] = list(check_stop(settings["stop"]))
    return ReadOnly(settings)


def check_count(value):
    """Return `max_new_tokens`, or raise unless it is in its range."""
    return _checks.whole_number("max_new_tokens", value, 0, _checks.MAXIMUM_NEW_TOKENS)


def check_stop(stop):
    """Return stop strings as a tuple of str, or raise."""
    if not isinstance(stop, (str, list, tuple)):
        raise _checks.refuse("stop", "must be a non-empty string or a list of them", stop)
    stop = (stop,) if isinstance(stop, str) else tuple(stop)
    if len(stop) > MOST_STOPS:
        raise _checks.refuse("stop", f"must hold at most {MOST_STOPS} strings", f"{len(stop):,} strings")
    for text in stop:
        if not isinstance(text, str) or not text:
            raise _checks.refuse("stop", "must be a non-empty string or a list of them", text)
        if len(text) > LONGEST_STOP:
            raise _checks.refuse("stop", f"must have at most {LONGEST_STOP:,} characters", f"{len(text):,} characters")
    return stop
