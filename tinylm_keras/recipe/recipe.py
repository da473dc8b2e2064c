"""A recipe: every setting of a training run in one frozen dataclass that reads and writes JSON. No Keras here."""

import dataclasses
import difflib
import json
from collections.abc import Iterable
from typing import Any, Self

from tinylm_keras import _checks
from tinylm_keras.recipe import registry, renames
from tinylm_keras.recipe.setting import checked, choice, flag, real, text, whole
from tinylm_keras.text import tables


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every setting of a training run. Frozen; `override` makes a changed copy.

    Each field's metadata holds `help`, `type`, `optional` (None is allowed), `choices`, `group` and `check`. The values
    are checked when the recipe is created. `registry` lists which settings a model, a tokenizer, an optimizer or a
    schedule uses; the others have no effect.

    Raises:
        ValueError: if a value is out of its range, or two settings do not go together.
        TypeError: if a text setting is not a string.

    Example:

    >>> recipe = Recipe(steps=100)
    >>> recipe.steps, recipe.num_blocks
    (100, 4)
    >>> Recipe.from_json(recipe.to_json()) == recipe
    True
    """

    preset: str = text("stories", "name of the preset this recipe began as", group="text")

    layout: str = choice(
        "auto",
        "padded: each text is one example; packed: random windows of the joined texts; auto: padded when 90 % of the "
        "texts fit",
        ("auto", "padded", "packed"),
        check=renames.layout,
        group="text",
    )
    separator: str | None = text(
        "auto",
        r"where a file is split into texts: auto, \n, \n\n, another string, or none",
        optional=True,
        group="text",
        escapes=True,
    )
    encoding: str = text("utf-8", "encoding of the text files", group="text")
    column: str | int | None = text(
        None,
        "column of a CSV, TSV, JSONL or JSON file with the texts; its number, from 1, where a table has no header",
        optional=True,
        group="text",
    )
    bad_rows: str = choice(
        "error",
        "rows of a table without text in the column: error refuses the file; skip ignores and counts them",
        tables.BAD_ROWS,
        group="text",
    )
    validation: float = real(
        0.1,
        "share of the text held out for validation; 0 for none",
        0,
        1,
        include_high=False,
        group="text",
    )
    split: str = choice(
        "auto",
        "which text is held out for validation: texts: random whole texts; ends: the end of each; stretches: ten "
        "stretches spread over the text; auto: texts, or ends where the texts are a few whole files",
        ("auto", "texts", "ends", "stretches"),
        group="text",
    )

    tokenizer: str = choice("whitespace", "how text becomes tokens", registry.TOKENIZERS, group="tokens")
    max_tokens: int | None = whole(
        None, "keep only this many of the most frequent tokens", 3, optional=True, group="tokens"
    )
    end_token: str | None = text(
        "<end>", "token at the end of each text; none for no end token", optional=True, group="tokens", escapes=True
    )
    vocabulary_file: str | None = text(
        None,
        "byte-pair: vocab.json of a trained tokenizer, such as GPT-2's, instead of training one",
        optional=True,
        group="tokens",
    )
    merges_file: str | None = text(
        None, "byte-pair: merges.txt that belongs to vocabulary_file", optional=True, group="tokens"
    )

    model: str = choice("minilm", "kind of model", registry.MODELS, group="model")
    context_length: int = whole(96, "how many tokens the model sees at once", 1, 1_000_000, group="model")
    embed_dim: int = whole(64, "width of the model", 1, 1_000_000, group="model")
    num_heads: int = whole(4, "attention heads; divides embed_dim", 1, 1_000_000, group="model")
    feed_forward_dim: int = whole(256, "width inside the feed-forward part", 1, 1_000_000, group="model")
    num_blocks: int = whole(4, "transformer blocks", 1, 10_000, group="model")
    window: int = whole(8, "mlp: how many of the last tokens it reads", 1, 1_000_000, group="model")
    code_bits: int | None = whole(
        None,
        "mlp: bits in each token's binary code; none for the smallest that fits",
        optional=True,
        group="model",
    )
    hidden_dim: int = whole(256, "width of the hidden layers", 1, 1_000_000, group="model")
    num_hidden_layers: int = whole(2, "hidden layers", 1, 10_000, group="model")
    dropout: float = real(0.0, "share of activations dropped in training", 0, 1, include_high=False, group="model")
    norm: str = choice("pre", "layer-norm placement in each block: pre or post", ("pre", "post"), group="model")
    activation: str = choice(
        "relu",
        "activation function of the hidden layers",
        ("relu", "gelu", "gelu_tanh", "silu", "sigmoid"),
        group="model",
    )
    embeddings_stddev: float | None = real(
        0.5,
        "standard deviation of the initial embeddings; none for Keras's default",
        0,
        include_low=False,
        optional=True,
        group="model",
    )
    kernel_stddev: float | None = real(
        None,
        "standard deviation of all initial weights; none for each layer's default",
        0,
        include_low=False,
        optional=True,
        group="model",
    )

    logit_soft_cap: float | None = real(
        15.0,
        "rotary: soft-cap the logits at this value; none to disable",
        0,
        include_low=False,
        optional=True,
        group="model",
    )
    mix_counts: bool = flag(
        False,
        "mix the trained network with n-gram counts of its text in one model; its file then contains parts of the text",
        group="model",
    )

    precision: str | None = choice(
        None,
        "mixed_bfloat16: mixed precision, compute in bfloat16, keep weights and logits in float32; "
        "none: Keras's own policy, float32 unless changed",
        ("float32", "mixed_bfloat16"),
        optional=True,
        group="model",
    )

    optimizer: str = choice("muon", "optimizer", registry.OPTIMIZERS, group="optimizer")
    learning_rate: float = real(0.02, "peak learning rate", 0, include_low=False, group="optimizer")
    adam_ratio: float = real(
        3.0,
        "muon: Adam's learning rate (embeddings, norms, head) as a multiple of learning_rate",
        0,
        100,
        group="optimizer",
    )
    momentum: float = real(0.95, "muon: momentum", 0, 1, include_high=False, group="optimizer")
    beta_2: float = real(
        0.99, "Adam, AdamW, Muon: beta_2", 0, 1, include_low=False, include_high=False, group="optimizer"
    )
    weight_decay: float = real(0.01, "weight decay (weight matrices only)", 0, group="optimizer")
    global_clipnorm: float | None = real(
        None,
        "clip gradients to this global norm; none to disable",
        0,
        include_low=False,
        optional=True,
        group="optimizer",
    )
    schedule: str = choice(
        "cosine",
        "cosine: warmup, then cosine decay; linear: warmup, then linear decay; exponential: staircase decay",
        registry.SCHEDULES,
        group="optimizer",
    )
    min_learning_rate_ratio: float = real(
        0.0,
        "cosine, linear: final learning rate as a share of the peak; 1 keeps it constant",
        0,
        1,
        group="optimizer",
    )
    warmup_steps: int = whole(20, "cosine, linear: linear warmup steps; at most half of the run", 0, group="optimizer")
    decay_every: int = whole(100, "exponential: steps between decays", group="optimizer")
    decay_rate: float = real(
        0.9, "exponential: factor applied at each decay", 0, 1, include_low=False, group="optimizer"
    )

    batch_size: int = whole(64, "examples in one batch", 1, 1_000_000, group="training")
    gradient_accumulation_steps: int = whole(
        1,
        "number of batches whose gradients are averaged in one update",
        1,
        1_000_000,
        group="training",
    )
    steps: int | None = whole(1100, "updates in the run; excludes epochs and minutes", optional=True, group="training")
    epochs: int | None = whole(None, "passes over the text; excludes steps", optional=True, group="training")
    minutes: float | None = real(
        None,
        "duration of the run, with compilation and evaluations; excludes steps and epochs",
        0,
        1e6,
        include_low=False,
        optional=True,
        group="training",
    )
    evaluate_every: int | None = whole(
        None, "updates between two evaluations; none for about ten evaluations", optional=True, group="training"
    )
    evaluation_batches: int | None = whole(
        None,
        "estimate training and validation loss on this many batches; none: all of the validation text, or a part of "
        "it if ten evaluations would take more than a tenth of the run",
        optional=True,
        group="training",
    )
    patience: int | None = whole(
        None,
        "stop after this many evaluations in a row without a better validation loss, also of the mixture with "
        "mix_counts; none: never",
        optional=True,
        group="training",
    )
    seed: int = whole(0, "random seed", 0, 2**31 - 1, group="training")
    jit_compile: bool | None = flag(
        None, "compile with XLA; none decides by the length of the run", optional=True, group="training"
    )

    prompt: str | None = text(
        "",
        "beginning of the sample text at each evaluation; none for no samples",
        optional=True,
        group="samples",
        escapes=True,
    )
    temperature: float = real(
        0.8, "temperature of the samples, and the default stored in the model file", 0, 100, group="samples"
    )
    max_new_tokens: int = whole(
        100,
        "length of the samples in tokens, and the default stored in the model file",
        1,
        _checks.MAXIMUM_NEW_TOKENS,
        group="samples",
    )

    def __new__(cls, **values):
        renames.refuse(values)  # before Python's own message about an unknown argument
        return super().__new__(cls)

    def __post_init__(self):
        if isinstance(self.column, int):  # of a table without a header
            object.__setattr__(self, "column", tables.checked_column(self.column))
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, checked(field, getattr(self, field.name)))
        if [self.steps, self.epochs, self.minutes].count(None) != 2:
            others = [_checks.Argument("epochs", self.epochs), ", ", _checks.Argument("minutes", self.minutes)]
            named = ["or ", _checks.Argument("epochs"), " or ", _checks.Argument("minutes")]
            rule = [*named, " must be given, and only one of them (", *others, ")"]
            raise _checks.refuse("steps", rule, self.steps)
        if "num_heads" in registry.MODELS[self.model].takes:
            _checks.divides("num_heads", self.num_heads, "embed_dim", self.embed_dim)
        for name in ("separator", "end_token"):
            if getattr(self, name) == "":
                raise _checks.refuse(name, "must not be the empty string", "", "None means there is none.")
        if (self.vocabulary_file is None) != (self.merges_file is None):
            other = _checks.Argument("merges_file", self.merges_file)
            rule = ["and ", _checks.Argument("merges_file"), " must be given together (", other, ")"]
            raise _checks.refuse("vocabulary_file", rule, self.vocabulary_file)
        if self.vocabulary_file is not None and self.max_tokens is not None:
            other = [_checks.Argument("max_tokens"), " (", _checks.Argument("max_tokens", self.max_tokens), ")"]
            rule = ["has its own number of tokens and excludes ", *other]
            raise _checks.refuse("vocabulary_file", rule, self.vocabulary_file)

    @property
    def reading(self) -> dict[str, Any]:
        """The arguments of `data.read` and `Documents` besides the source, as a dict."""
        return {name: getattr(self, name) for name in ("separator", "encoding", "column", "bad_rows")}

    def to_json(self) -> str:
        """Return the recipe as JSON text, one setting a line."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a recipe that `to_json` wrote.

        Args:
            text: str. A JSON object, of this version or an older one; missing settings take their defaults.

        Returns:
            A `Recipe`.

        Raises:
            ValueError: if `text` is not a JSON object, holds an unknown setting, or a value is out of its range.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise _checks.refuse("recipe", f"must be JSON ({error})", text) from None
        if not isinstance(values, dict):
            raise _checks.refuse("recipe", "must be a JSON object", text)
        values = renames.current(values)
        refuse_unknown(values)
        return cls(**values)


def settings() -> dict[str, dataclasses.Field[Any]]:
    """Return the fields that a user may set, as `dataclasses.Field` by name (all but `preset`)."""
    return {field.name: field for field in dataclasses.fields(Recipe) if field.name != "preset"}


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise unless each name is a setting; the message gives the new name of an old one, or the nearest names."""
    renames.refuse(dict(names))
    known = [field.name for field in dataclasses.fields(Recipe)]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            advice = f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(known)}."
            raise _checks.refuse("setting", "must be a setting of a recipe", name, advice)
