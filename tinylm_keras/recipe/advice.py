"""`preset="auto"`: chooses a recipe for a surveyed text and gives a reason for each choice. No Keras here.

Each choice is a small function of the survey and of the earlier choices. Settings of the user are kept, and the later
choices follow from them.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, NamedTuple

from tinylm_keras.recipe import presets, registry
from tinylm_keras.recipe.overrides import EXCLUSIVE, refuse_unused
from tinylm_keras.recipe.recipe import Recipe, refuse_unknown, settings
from tinylm_keras.recipe.setting import checked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tinylm_keras.text.survey import Survey

NAME = presets.AUTO
READING = ("separator", "encoding", "column", "bad_rows")
LENGTHS = EXCLUSIVE[0]  # settings of the length of a run
MINUTES = 3.0
USABLE = 0.9  # share of the speed of large matrix products that training reaches

# Characters; of less text, none is held out for validation.
LEAST_TEXT = 2_000
# Whole texts are held out for validation if there are so many different ones and the longest tenth holds less than half
# of the text.
LEAST_DISTINCT, MOST_UNEQUAL = 10, 0.5
MOST_REPEATED = 0.3

# The padded layout truncates texts that do not fit, so the longest text has to fit.
SHORTEST_ROW, LONGEST_ROW = 16, 128

# Longer texts get byte pairs, with a vocabulary of this size: the same context length then spans more text.
MOST_FOR_CHARACTERS, BYTE_PAIRS = 8_000_000, 2_048
MOST_CHARACTERS = 12_000  # number of different characters


class Network(NamedTuple):
    """Sizes of a transformer, for runs of at least `operations` floating point operations."""

    operations: float
    context_length: int
    embed_dim: int
    num_heads: int
    feed_forward_dim: int
    num_blocks: int
    batch_size: int
    learning_rate: float


NETWORKS = (
    Network(1e15, 256, 384, 6, 1488, 6, 32, 0.01),
    Network(1.5e14, 128, 256, 4, 992, 6, 16, 0.012),
    Network(0, 64, 128, 4, 496, 4, 12, 0.015),
)

TRANSFORMERS = ("rotary", "minilm")

# (passes over the text, dropout): more passes need more dropout. More passes than MOST_PASSES do not help.
DROPOUT = ((3, 0.0), (8, 0.1), (math.inf, 0.2))
MOST_PASSES = 40

# Evaluations, of about ten in a run, without a better validation loss of network or mixture before the run ends: a
# network that memorizes a short text only gets worse. A long text does not come near it.
PATIENCE = 5


@dataclasses.dataclass(frozen=True)
class Advice:
    """A recipe and the reasons for it.

    Attributes:
        recipe: `Recipe`, with `preset` "auto".
        reasons: tuple of str. One line for each choice.
        seconds: float or None. Estimated duration of the run; None if unknown.
    """

    recipe: Recipe
    reasons: tuple[str, ...]
    seconds: float | None


def advise(survey: Survey, operations_per_second: float, overrides: Mapping[str, Any] | None = None) -> Advice:
    """Choose all settings of a run.

    Args:
        survey: `Survey` of the text.
        operations_per_second: float. Floating point operations per second of the machine in a large matrix product.
        overrides: dict. Settings that the user has chosen. They are kept, and the other choices follow from them.

    Returns:
        An `Advice`, which is a function of the arguments alone.

    Raises:
        ValueError: if the overrides contradict each other or the other choices.

    Example:

    >>> from tinylm_keras.text.survey import survey
    >>> found = advise(survey([f"the {animal} {does}" for animal in ("cat", "dog") for does in ("ran", "sat")]), 1e11)
    >>> found.recipe.tokenizer, found.recipe.layout
    ('character', 'padded')
    """
    choices = _Choices(survey, USABLE * operations_per_second, _checked(overrides or {}))
    for choose in (_texts, _tokenizer, _length, _network, _layout, _validation, _time, _regularization, _counts):
        choose(choices)
    return choices.advice()


@dataclasses.dataclass(frozen=True)
class _Ids:
    """Sizes of token files, in place of a survey: each id counts as a character."""

    characters: int
    distinct_characters: int
    given: bool = True
    closed_vocabulary: bool = False


def advise_ids(
    count: int, vocabulary_size: int, operations_per_second: float, overrides: Mapping[str, Any] | None = None
) -> Advice:
    """Choose the settings of a run on token files, whose text and tokens are already fixed.

    Args:
        count: int. Ids to train on.
        vocabulary_size: int.
        operations_per_second: float. As for `advise`.
        overrides: dict. As for `advise`.

    Returns:
        An `Advice`.

    Example:

    >>> found = advise_ids(1_000_000, 500, 1e11)
    >>> found.recipe.layout, found.recipe.model, found.recipe.minutes
    ('packed', 'rotary', 3.0)
    """
    ids = _Ids(count, vocabulary_size)
    choices = _Choices(ids, USABLE * operations_per_second, _checked(overrides or {}))
    choices.make("", tokenizer="character", layout="packed", mix_counts=False)
    for choose in (_length, _network, _time, _regularization):
        choose(choices)
    return choices.advice()


def _checked(overrides):
    """Return the checked settings of the user, without lengths that are None."""
    refuse_unknown(overrides)
    given = dict(overrides)
    if isinstance(given.get("column"), int):  # of a table without a header
        given["column"] = str(given["column"])
    given = {name: checked(settings()[name], value) for name, value in given.items()}
    return {name: value for name, value in given.items() if value is not None or name not in LENGTHS}


class _Choices:
    """The choices so far: `made` by the functions below, `fixed` by the user; the latter take precedence."""

    def __init__(self, survey, speed, fixed):
        self.survey, self.speed, self.fixed = survey, speed, fixed
        self.made, self.reasons, self.seconds = {}, [], None

    def __getitem__(self, name):
        return self.fixed[name] if name in self.fixed else self.made.get(name, getattr(_DEFAULT, name))

    def make(self, reason, **settings):
        """Choose settings. If the user has set the first one, the reason says so instead."""
        self.made.update(settings)
        own = [f"{name}={self.fixed[name]!r}" for name in settings if name in self.fixed]
        if reason and own and next(iter(settings)) in self.fixed:
            self.reasons.append(f"{reason.partition(':')[0]}: {', '.join(own)}, as requested.")
        elif reason:
            self.reasons.append(reason + (f" As asked: {', '.join(own)}." if own else ""))

    def advice(self):
        """Return the choices as an `Advice`, or refuse a setting of the user that the chosen parts do not use."""
        recipe = Recipe(**{**self.made, **self.fixed, "preset": NAME})
        for name, value in self.fixed.items():
            if value is not None:
                refuse_unused(name, value, recipe)
        return Advice(recipe, tuple(self.reasons), self.seconds)

    @property
    def texts(self):
        """The `Cut` of the survey for the chosen separator."""
        cuts = {cut.separator: cut for cut in self.survey.cuts}
        return cuts.get(self["separator"], self.survey.texts)

    @property
    def are_apart(self):
        """Whether the source consists of several texts, each with an end."""
        return self.survey.given or self["separator"] is not None

    @property
    def is_closed(self):
        """Whether words suit as tokens: a small closed vocabulary, in texts of one line."""
        return self.survey.closed_vocabulary and self.are_apart and self.texts.with_lines == 0


_DEFAULT = Recipe()


def _texts(choices):
    survey = choices.survey
    choices.make(f"Texts: {survey.reason}.", separator="auto" if survey.given else survey.separator)


def _tokenizer(choices):
    survey = choices.survey
    choices.make("", end_token="<end>" if choices.are_apart else None)
    if choices.is_closed:
        reason = f"Tokens: words; the text has only {survey.words.distinct:,} different ones, and new text few others."
        choices.make(reason, tokenizer="whitespace")
    elif choices.fixed.get("vocabulary_file") is not None:
        choices.make("Tokens: byte pairs, from the given files.", tokenizer="byte-pair")
    elif survey.distinct_characters > MOST_CHARACTERS or survey.characters > MOST_FOR_CHARACTERS:
        reason = "Tokens: byte pairs, learned from the text; longer tokens make training on a long text faster."
        choices.make(reason, tokenizer="byte-pair")
    else:
        reason = f"Tokens: characters, {survey.distinct_characters:,} different ones; line breaks and spaces are kept."
        choices.make(reason, tokenizer="character")
    if choices["tokenizer"] == "byte-pair" and choices["vocabulary_file"] is None:
        choices.make("", max_tokens=BYTE_PAIRS)


def _length(choices):
    """Set minutes, unless the user gives the length of the run."""
    choices.make("", steps=None)
    if not set(LENGTHS) & set(choices.fixed):
        choices.make("", minutes=MINUTES)


def _network(choices):
    if choices.is_closed and choices["tokenizer"] == "whitespace":
        # The defaults of `Recipe` are those of the preset stories.
        choices.make("Model: the network of the preset stories, which suits such texts.", model="minilm")
        return
    model = choices.fixed.get("model", "rotary")
    if model not in TRANSFORMERS:
        preset = presets.get({"average": "attention-average"}.get(model, model))
        takes = {"optimizer", "schedule", *registry.MODELS[model].takes, *registry.OPTIMIZERS[preset.optimizer].takes}
        takes |= set(registry.SCHEDULES[preset.schedule].takes) | {"learning_rate", "batch_size"}
        choices.make(f"Model: that of the preset {preset.preset}.", **{name: getattr(preset, name) for name in takes})
        return
    minutes = choices["minutes"] or 0.0
    network = next(one for one in NETWORKS if 60 * minutes * choices.speed >= one.operations)
    sizes = network._asdict()
    del sizes["operations"]
    tokens = choices.survey.characters * _tokens_per_character(choices)
    sizes["context_length"] = max(1, min(sizes["context_length"], int(tokens / 4)))  # for a tiny text
    if "embed_dim" in choices.fixed:
        width, heads = choices["embed_dim"], range(1, sizes["num_heads"] + 1)
        sizes["num_heads"] = max(number for number in heads if width % number == 0)
        sizes["feed_forward_dim"] = 4 * width
    choices.make("", model=model, logit_soft_cap=None, **sizes, **_optimizer(choices))
    if "learning_rate" not in choices.fixed and choices["optimizer"] != "muon":
        choices.made["learning_rate"] = 1e-3 if choices["optimizer"] in ("adam", "adamw") else 0.1


def _optimizer(choices):
    if choices.fixed.get("optimizer", "muon") != "muon":
        return {"schedule": "cosine", "warmup_steps": 100, "global_clipnorm": 1.0}
    fast = presets.get("fast")
    names = ("optimizer", "adam_ratio", "momentum", "schedule", "warmup_steps", "weight_decay")
    return {name: getattr(fast, name) for name in names}


def _layout(choices):
    """Choose padded for separate short texts, with rows that hold the longest one, and packed otherwise."""
    _, _, median, _, longest = choices.texts.lengths
    if choices["tokenizer"] == "whitespace" and choices.is_closed:
        most, length, per_character = 2 * LONGEST_ROW, choices["context_length"], 1.2 * _tokens_per_character(choices)
    else:
        most, length = LONGEST_ROW, SHORTEST_ROW
        per_character = 1 if choices["tokenizer"] == "character" else 1 / 3
    room, asked = math.ceil((longest * per_character + 2) / 8) * 8, choices.fixed.get("layout", "auto")
    if asked == "padded" or (asked == "auto" and choices.are_apart and room <= most):
        tokens, rows = choices["batch_size"] * choices["context_length"], choices["batch_size"]
        if not choices.is_closed:
            rows = min(128, max(rows, round(tokens / max(1.0, median * per_character + 1))))
        length = min(max(length, room), most)
        reason = f"Layout: padded, each text is one example; the longest has {longest:,} characters."
        choices.make(reason, layout="padded", context_length=length, batch_size=rows)
        choices.make("", max_new_tokens=2 * length)  # so that no text is truncated
        if choices["tokenizer"] == "character":
            choices.make("", temperature=1.0)  # for varied names and sayings, not only the likeliest
    else:
        how = "the texts one after the other, with an end token between them" if choices.are_apart else "the whole text"
        reason = f"Layout: packed: {how}, in stretches of {choices['context_length']} tokens."
        choices.make(reason, layout="packed", max_new_tokens=300 if choices["tokenizer"] == "character" else 100)


def _validation(choices):
    characters, texts = choices.survey.characters, choices.texts
    if characters < LEAST_TEXT:
        choices.make(f"Validation: none; {characters:,} characters are too few to hold any out.", validation=0.0)
    elif choices.are_apart and texts.distinct < LEAST_DISTINCT:
        number = "all texts are equal" if texts.distinct == 1 else f"there are only {texts.distinct} different texts"
        choices.make(f"Validation: none; {number}, and all are for training.", validation=0.0)
    elif choices.are_apart and texts.longest_tenth < MOST_UNEQUAL:
        choices.make("Validation: a tenth of the texts, at random.", validation=0.1, split="texts")
    else:
        again = choices.survey.repeated
        note = f" {again:.0%} of the text is repeated, so the loss is too low." if again > MOST_REPEATED else ""
        reason = f"Validation: a tenth of the text, in ten stretches spread over it.{note}"
        choices.make(reason, validation=0.1, split="stretches")


def _time(choices):
    """Estimate the duration of the run; for a short text, set steps if they take less than the minutes."""
    minutes, tokens = choices["minutes"], choices["batch_size"] * choices["context_length"]
    weights = 12 * choices["num_blocks"] * choices["embed_dim"] ** 2 + choices["embed_dim"] * 2 * _vocabulary(choices)
    step = 6 * weights * tokens / choices.speed + 0.002
    per_pass = max(1.0, choices.survey.characters * _tokens_per_character(choices) / _filled(choices, tokens))
    if minutes is None:
        steps = choices.fixed.get("steps") or choices["epochs"] * per_pass
        choices.seconds, choices.passes = steps * step + 10, steps / per_pass
        passes = f"{steps:,.0f} steps, about {choices.passes:.2g} passes over the text"
        choices.reasons.append(f"Time: {passes}, as requested.")
        return
    possible = 60 * minutes / step
    choices.passes = min(MOST_PASSES, possible / per_pass)
    if choices["validation"]:
        choices.make("", patience=PATIENCE)
    if "minutes" not in choices.fixed and possible > 1.2 * MOST_PASSES * per_pass:
        steps = max(100, round(MOST_PASSES * per_pass))
        choices.seconds, choices.passes = steps * step + 10, steps / per_pass
        passes = f"{steps:,} steps, about {choices.passes:,.0f} passes over this short text"
        reason = f"Time: {passes}; more passes would memorize it."
        choices.make(reason, minutes=None, steps=steps)
    else:
        choices.seconds = 60 * minutes
        length = f"{minutes:g} minute{'s' * (minutes != 1)}"
        end = f", or until {choices['patience']} evaluations in a row are no better" if choices["patience"] else ""
        choices.make(f"Time: {length} in all, about {choices.passes:.2g} passes over the text{end}.")


def _vocabulary(choices):
    if choices["tokenizer"] == "character":
        return choices.survey.distinct_characters
    return choices["max_tokens"] or choices.survey.words.distinct


def _tokens_per_character(choices):
    survey = choices.survey
    if choices["tokenizer"] == "character":
        return 1.0
    return survey.words.units / max(1, survey.characters) if choices["tokenizer"] == "whitespace" else 0.4


def _filled(choices, tokens):
    """Return the number of tokens of a batch that are not padding."""
    if choices["layout"] != "padded":
        return tokens
    return choices["batch_size"] * (choices.texts.lengths[2] * _tokens_per_character(choices) + 1)


def _regularization(choices):
    if choices["model"] not in TRANSFORMERS or (choices.is_closed and choices["tokenizer"] == "whitespace"):
        return
    dropout = next(share for passes, share in DROPOUT if choices.passes <= passes)
    blocks = choices["num_blocks"]
    depth = f"{blocks} block{'' if blocks == 1 else 's'}"
    size = f"{depth}, {choices['embed_dim']} wide, context {choices['context_length']}"
    choices.make(f"Network: {size}; dropout {dropout:g} for this number of passes.", dropout=dropout)


def _counts(choices):
    if choices["model"] not in TRANSFORMERS or choices["validation"] == 0:
        return
    reason = "Counts: n-gram counts of the text are mixed with the network; together they predict better."
    choices.make(reason, mix_counts=True)
