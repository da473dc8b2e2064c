"""A recipe: every setting of a training run in one frozen dataclass that reads and writes JSON. No Keras here."""

import contextlib
import dataclasses
import difflib
import json

from tinylm_keras import _checks
from tinylm_keras.training import registry


def _setting(kind, default, explanation, check, *, optional=False, choices=None, group):
    """A dataclass field that carries its help, its type and its check; the command line reads the same metadata."""
    metadata = {
        "help": explanation,
        "type": kind,
        "check": check,
        "optional": optional,
        "choices": choices,
        "group": group,
    }
    return dataclasses.field(default=default, metadata=metadata)


def _whole(default, explanation, minimum=1, maximum=1_000_000_000, **keywords):
    check = lambda name, value: _checks.whole_number(name, value, minimum, maximum)  # noqa: E731
    return _setting(int, default, explanation, check, **keywords)


def _real(default, explanation, low, high=1e9, include_low=True, include_high=True, **keywords):
    check = lambda name, value: _checks.real_number(name, value, low, high, include_low, include_high)  # noqa: E731
    return _setting(float, default, explanation, check, **keywords)


def _choice(default, explanation, choices, **keywords):
    choices = tuple(choices)
    check = lambda name, value: _checks.one_of(name, value, choices)  # noqa: E731
    return _setting(str, default, explanation, check, choices=choices, **keywords)


def _text(default, explanation, **keywords):
    return _setting(str, default, explanation, _checks.text, **keywords)


def _flag(name, value):
    if not isinstance(value, bool):
        raise _checks.refuse(name, "must be True, False or None", value)
    return value


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every setting of a training run. Frozen; `override` makes a changed copy.

    Each field's metadata holds `help`, `type`, `optional` (None is allowed), `choices`, `group` and `check`. The values
    are checked when the recipe is made, so a recipe that exists is one that can be trained.

    Raises:
        ValueError: if a value is out of its range, or `epochs` and `steps` are not exactly one number.
        TypeError: if a text setting is not a string.

    Example:

    >>> recipe = Recipe(steps=100)
    >>> recipe.steps, recipe.num_blocks
    (100, 4)
    >>> Recipe.from_json(recipe.to_json()) == recipe
    True
    """

    preset: str = _text("stories", "name of the preset this recipe began as", group="text")

    tokenizer: str = _choice("whitespace", "how text becomes tokens", registry.TOKENIZERS, group="text")
    max_tokens: int | None = _whole(
        None, "keep only this many of the most frequent tokens", 3, optional=True, group="text"
    )
    end_token: str | None = _text("<end>", "token that closes each text; none for none", optional=True, group="text")
    layout: str = _choice(
        "auto",
        "lines: each text one example; windows: random stretches of all texts; auto: lines when 90 % of the texts fit",
        ("auto", "lines", "windows"),
        group="text",
    )
    separator: str | None = _text(
        "auto", r"where a file is cut into texts: auto, \n, \n\n, another string, or none", optional=True, group="text"
    )
    encoding: str = _text("utf-8", "encoding of the text files", group="text")
    column: str | None = _text(None, "column of a CSV, TSV or JSONL file with the texts", optional=True, group="text")
    validation: float = _real(
        0.1, "share of the text kept away from training to judge it; 0 for none", 0, 1, include_high=False, group="text"
    )

    model: str = _choice("minilm", "kind of model", registry.MODELS, group="model")
    context_length: int = _whole(96, "how many tokens the model sees at once", 1, 1_000_000, group="model")
    embed_dim: int = _whole(64, "width of the model", 1, 1_000_000, group="model")
    num_heads: int = _whole(4, "attention heads; divides embed_dim", 1, 1_000_000, group="model")
    feed_forward_dim: int = _whole(256, "width inside the feed-forward part", 1, 1_000_000, group="model")
    num_blocks: int = _whole(4, "transformer blocks", 1, 10_000, group="model")
    dropout: float = _real(0.0, "share of activations dropped in training", 0, 1, include_high=False, group="model")
    norm: str = _choice("pre", "where a block normalises", ("pre", "post"), group="model")
    activation: str = _choice("relu", "of the feed-forward part", ("relu", "gelu", "gelu_tanh", "silu"), group="model")
    embedding_deviation: float | None = _real(
        0.5, "size of the first embeddings; none for Keras's own", 0, include_low=False, optional=True, group="model"
    )

    optimizer: str = _choice("muon", "optimizer", registry.OPTIMIZERS, group="training")
    learning_rate: float = _real(0.02, "highest learning rate", 0, include_low=False, group="training")
    adam_ratio: float = _real(
        2.0, "muon: rate of embeddings, norms and head, which Adam trains, over the rate", 0, 100, group="training"
    )
    minimum_rate: float = _real(
        0.0, "last learning rate, as a share of the highest; 1 keeps it constant", 0, 1, group="training"
    )
    warm_up: int = _whole(20, "updates that raise the rate from 0; at most half of the run", 0, group="training")
    weight_decay: float = _real(0.01, "pull of the matrices towards 0", 0, group="training")
    clip_norm: float | None = _real(
        None, "longest gradient; none for no limit", 0, include_low=False, optional=True, group="training"
    )
    batch_size: int = _whole(64, "examples in one update", 1, 1_000_000, group="training")
    steps: int | None = _whole(1100, "updates in the run; excludes epochs", optional=True, group="training")
    epochs: int | None = _whole(None, "passes over the text; excludes steps", optional=True, group="training")
    evaluate_every: int | None = _whole(
        None, "updates between two evaluations; none for ten evaluations", optional=True, group="training"
    )
    seed: int = _whole(0, "number that fixes every random choice", 0, 2**31 - 1, group="training")
    jit_compile: bool | None = _setting(
        bool, None, "compile with XLA; none decides by the length of the run", _flag, optional=True, group="training"
    )

    prompt: str | None = _text(
        "", "beginning of the sample text at each evaluation; none for no samples", optional=True, group="samples"
    )
    temperature: float = _real(0.8, "of the samples, and the default the model file keeps", 0, 100, group="samples")
    max_new_tokens: int = _whole(
        100,
        "length of the samples, and the default the model file keeps",
        1,
        _checks.MAXIMUM_NEW_TOKENS,
        group="samples",
    )

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is None and field.metadata["optional"]:
                continue
            object.__setattr__(self, field.name, field.metadata["check"](field.name, value))
        if (self.steps is None) == (self.epochs is None):
            raise _checks.refuse(
                "steps", f"or `epochs` must be given, and not both (epochs={self.epochs!r})", self.steps
            )
        _checks.divides("num_heads", self.num_heads, "embed_dim", self.embed_dim)
        for name in ("separator", "end_token"):
            if getattr(self, name) == "":
                raise _checks.refuse(name, "must not be the empty string", "", "None means there is none.")

    def to_json(self):
        """Return the recipe as JSON text, one setting a line."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text):
        """Read a recipe that `to_json` wrote.

        Args:
            text: str. A JSON object; settings it lacks take the defaults of the class.

        Returns:
            A `Recipe`.

        Raises:
            ValueError: if `text` is no JSON object, holds an unknown setting, or a value is out of its range.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise _checks.refuse("recipe", f"must be JSON ({error})", text) from None
        if not isinstance(values, dict):
            raise _checks.refuse("recipe", "must be a JSON object", text)
        _refuse_unknown(values)
        return cls(**values)


def settings():
    """Return the fields that a user may set, as `dataclasses.Field` by name (all but `preset`)."""
    return {field.name: field for field in dataclasses.fields(Recipe) if field.name != "preset"}


def override(recipe, **overrides):
    """Return a copy of `recipe` with some settings changed.

    Giving `steps` clears the recipe's `epochs`, and the other way round.

    Args:
        recipe: `Recipe`.
        **overrides: New values by the name of the setting.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: if a name is unknown (the message lists the nearest ones) or a value is out of its range.
        TypeError: if a text setting is not a string.

    Example:

    >>> from tinylm_keras.training.presets import get
    >>> changed = override(get("tinylm"), steps=50)
    >>> changed.steps, changed.epochs
    (50, None)
    """
    _refuse_unknown(overrides)
    for name, other in (("steps", "epochs"), ("epochs", "steps")):
        if overrides.get(name) is not None:
            overrides.setdefault(other, None)
    return dataclasses.replace(recipe, **overrides)


def parse(name, text):
    """Turn what was typed on the command line into a setting's value.

    `none` means None where the setting allows it; numbers are read as Python reads them; `\\n` and `\\t` in a separator
    become the character.

    Args:
        name: str. Name of the setting.
        text: str. The value as typed.

    Returns:
        The value, of the setting's type and within its range.

    Raises:
        ValueError: if the text is no value of that setting.

    Example:

    >>> parse("steps", "1_000"), parse("clip_norm", "none"), parse("separator", r"\\n")
    (1000, None, '\\n')
    """
    _refuse_unknown({name: text})
    metadata = settings()[name].metadata
    if metadata["optional"] and text.lower() == "none":
        return None
    value = text
    if metadata["type"] is bool:
        value = {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)
    elif metadata["type"] in (int, float):
        with contextlib.suppress(ValueError):  # the setting's own check words the error
            value = metadata["type"](text)
    elif name == "separator":
        value = text.replace("\\n", "\n").replace("\\t", "\t")
    return metadata["check"](name, value)


def _refuse_unknown(values):
    known = [field.name for field in dataclasses.fields(Recipe)]
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            advice = f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(known)}."
            raise _checks.refuse("setting", "must be a setting of a recipe", name, advice)
