"""Reads recipe.json, the record of a run. It may come from a stranger, so every value is checked. No Keras."""

import dataclasses
import math
import os
import pathlib

from tinylm_keras import _renamed, specs
from tinylm_keras._small_files import read_small
from tinylm_keras.recipe import renames
from tinylm_keras.recipe.recipe import Recipe
from tinylm_keras.training import JOINED
from tinylm_keras.training.plan import Plan

FILE = "recipe.json"
LARGEST = 16 << 20  # bytes

# Limits, so that a stranger's record cannot exhaust memory: ids in a batch, weights of a model, batches in one call.
MOST_IDS, MOST_WEIGHTS, MOST_PER_CALL = 1 << 24, 1 << 30, 1 << 20

# The entries whose names have changed since the first version.
_RENAMED = ("recipe", "plan", "corpus")


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """The record of a run.

    Attributes:
        values: dict. The content of recipe.json with current names; types and ranges are checked.
        recipe: `Recipe`, or None if the record has none.
        plan: `Plan`, or None if the record has none.

    Example:

    >>> record = parse({"source": "a.txt + b.txt", "recipe": {"steps": 5}})
    >>> record.sources, record.recipe.steps, record.plan
    (['a.txt', 'b.txt'], 5, None)
    """

    values: dict
    recipe: Recipe | None = None
    plan: Plan | None = None

    @property
    def corpus(self):
        """The entries about the text, as a dict; perhaps empty."""
        return self.values.get("corpus", {})

    @property
    def sha256(self):
        """Fingerprint of the text or the token files; None if unknown."""
        return self.corpus.get("sha256")

    @property
    def token_files(self):
        """The folder of the token files, or None for a run on text."""
        return self.corpus.get("token_files")

    @property
    def kept(self):
        """The stretches of the texts held out for validation; None if the seed decides them."""
        return self.corpus.get("kept")

    @property
    def sources(self):
        """The sources of the text; see `sources_of`."""
        return sources_of(self.values)

    @property
    def name(self):
        """The name of the text."""
        return self.values.get("source", "an unknown text")


def sources_of(record):
    """Return the sources of a run, from which its text can be read again: absolute paths, patterns and names.

    Args:
        record: dict. The content of recipe.json. Older records name several sources in one string.

    Returns:
        A list of str; empty for a text that was given in Python or through a pipe.

    Example:

    >>> sources_of({"source": "a.txt", "sources": ["/texts/a.txt"]}), sources_of({"source": "a.txt + stories"})
    (['/texts/a.txt'], ['a.txt', 'stories'])
    """
    sources = record.get("sources")
    if isinstance(sources, list) and all(isinstance(source, str) for source in sources):
        return sources
    name = record.get("source")
    if not isinstance(name, str) or name in ("", "texts given in Python"):
        return []
    return [name] if os.path.lexists(name) else name.split(JOINED)


def read(folder):
    """Return the `RunRecord` in a folder.

    Raises:
        OSError: if there is no recipe.json, or it cannot be read.
        ValueError: if its content is invalid; the message is the reason, without the file's name.
    """
    from tinylm_keras import archive  # imports numpy, too slow for `tinylm --help`

    content = read_small(pathlib.Path(folder, FILE), LARGEST)
    try:
        values = archive.parse(content, FILE)
    except archive.Refused as refused:
        raise ValueError(f"it {str(refused).removesuffix('.')}") from None
    return parse(values)


def parse(values):
    """Return the `RunRecord` of a parsed recipe.json, or raise a ValueError with the reason."""
    if not isinstance(values, dict):
        raise ValueError("it has no recipe")
    if not isinstance(values.get("corpus", {}), dict):
        raise ValueError("its entry corpus is not an object")
    renamed = [name for name in _RENAMED if isinstance(values.get(name), dict)]
    values = values | {name: renames.current(values[name]) for name in renamed}
    if isinstance(values.get("corpus"), dict):
        values["corpus"] = {_renamed.OF_RECORDS.get(name, name): value for name, value in values["corpus"].items()}
    _check(values, _FORM, "")
    recipe = plan = None
    if "recipe" in values:
        recipe = _made(Recipe, values["recipe"], "recipe")
    if "plan" in values:
        plan = _made(Plan, values["plan"], "plan")
    if recipe is not None:
        _check_sizes(recipe, plan)
    if "earlier" in values:
        values["earlier"] = [parse(earlier).values for earlier in values["earlier"]]
    return RunRecord(values, recipe, plan)


def check_weights(record):
    """Raise a ValueError if the recipe asks for a model with more weights than a record alone may request."""
    from tinylm_keras.archive import sizes

    spec = next(spec for spec in specs.MODELS.values() if spec.name == record.recipe.model)
    config = dataclasses.asdict(record.recipe) | {"vocabulary_size": record.corpus.get("vocabulary_size", 1)}
    config["code_bits"] = config["code_bits"] or sizes.LARGEST["code_bits"]
    weights = spec.weights(**config)
    if weights > MOST_WEIGHTS or max(record.recipe.num_blocks, record.recipe.num_hidden_layers) > 256:
        raise ValueError(f"its recipe asks for a model of {weights:,} weights")


def _check_sizes(recipe, plan):
    ids = recipe.batch_size * (recipe.context_length + 1)
    if ids > MOST_IDS:
        raise ValueError(f"its recipe asks for batches of {ids:,} tokens, more than {MOST_IDS:,}")
    if plan is None:
        return
    if (
        plan.gradient_accumulation_steps != recipe.gradient_accumulation_steps
        or plan.evaluate_every > plan.steps
        or plan.warmup_steps > plan.steps
    ):
        raise ValueError("its plan does not match its recipe")
    if plan.steps > 10**9 or plan.steps_per_execution > MOST_PER_CALL:
        raise ValueError("its plan has too many steps")


def _made(kind, values, what):
    """Return the dataclass `kind` of an object in the record, or raise if an entry is unknown, missing or invalid."""
    if not isinstance(values, dict):
        raise ValueError("it has no recipe" if what == "recipe" else f"its {what} is not an object")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in values:
        if name not in fields:
            raise ValueError(f"its {what} has an entry that this version does not know, {repr(name)[:60]}")
    for name, field in fields.items():
        if name not in values and field.default is dataclasses.MISSING:
            raise ValueError(f"its {what} lacks the entry {name!r}")
    try:
        return kind(**values)
    except TypeError as error:  # a value of the wrong type
        raise ValueError(str(error)) from None


def _text(value):
    return isinstance(value, str)


def _texts(value):
    return isinstance(value, list) and all(map(_text, value))


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _stretches(value):
    """A list of [number of the text, first character, last character]."""
    return isinstance(value, list) and all(
        isinstance(one, list) and len(one) == 3 and all(map(_whole, one)) and one[1] < one[2] for one in value
    )


def _objects(value):
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _optional(good):
    return lambda value: value is None or good(value)


# For each possible entry: a test and a description of valid values, or a dict for an object.
_NAMES = (_texts, "a list of strings")
_STRING, _NUMBER, _COUNT = (_text, "a string"), (_number, "a finite number"), (_whole, "a whole number of at least 0")
_FORM = {
    "source": _STRING,
    "sources": _NAMES,
    "init": (_optional(_text), "a string or null"),
    "reasons": _NAMES,
    "started": _STRING,
    "minutes": (_optional(_number), "a number or null"),
    "corpus": {
        "sha256": _STRING,
        "tokenizer_sha256": _STRING,
        "token_files": (_optional(_text), "a string or null"),
        "sources": _NAMES,
        **dict.fromkeys(("texts", "characters", "train_texts", "validation_texts", "vocabulary_size"), _COUNT),
        "layout": (lambda value: value in ("padded", "packed"), "padded or packed"),
        "layout_reason": _STRING,
        "kept": (_optional(_stretches), "a list of stretches of texts"),
        "separator": (_optional(_text), "a string or null"),
        "learned_from": {"bytes": _COUNT, "of_bytes": _COUNT},
    },
    "model": {"class": _STRING, "parameters": _COUNT},
    "machine": {"device": _STRING, "threads": _COUNT},
    "versions": (lambda value: isinstance(value, dict) and all(map(_text, value.values())), "an object of strings"),
    "extended": (_objects, "a list of objects"),
    "earlier": (_objects, "a list of objects"),
    "result": (lambda value: isinstance(value, dict), "an object"),
}


def _check(values, form, where):
    for name, rule in form.items():
        if name not in values:
            continue
        if isinstance(rule, dict):
            if not isinstance(values[name], dict):
                raise ValueError(f"it must have an object at {where}{name}")
            _check(values[name], rule, f"{where}{name}.")
        elif not rule[0](values[name]):
            raise ValueError(f"it must have {rule[1]} at {where}{name}, not {repr(values[name])[:60]}")
