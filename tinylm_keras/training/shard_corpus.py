"""A run on token shards: the ids lie on disk, and what they fix is no setting any more."""

import collections
import dataclasses
import math

from tinylm_keras import _checks, data
from tinylm_keras.data import shard_index, shards
from tinylm_keras.training import registry

# Settings that say how text becomes tokens: the shards have decided them.
FIXED = (
    "tokenizer",
    "max_tokens",
    "end_token",
    "vocabulary_file",
    "merges_file",
    "separator",
    "encoding",
    "column",
    "validation",
)


class ShardCorpus:
    """The shards of a run, with the interface of `Corpus`.

    Args:
        opened: `Shards`.

    Attributes:
        train: `Shard`.
        validation: `Shard` or None.
        tokenizer: `Tokenizer` that made the ids.
        layout, reason: str. Always "windows", and why.
        sha256: str. Fingerprint of the tokenizer and of all ids.
    """

    layout, reason = "windows", "token shards"

    def __init__(self, opened):
        self.opened, self.tokenizer = opened, opened.tokenizer
        self.train, self.validation = opened.train, opened.validation
        self.sha256 = opened.sha256

    def train_batches(self, recipe):
        """Return the batches to train on and how many of them make one pass over the ids."""
        shape = {"context_length": recipe.context_length, "batch_size": recipe.batch_size}
        steps_per_epoch = max(1, math.ceil(self.train.tokens / (recipe.batch_size * recipe.context_length)))
        steps = recipe.steps or recipe.epochs * steps_per_epoch
        return data.windows(self.train, **shape, steps=steps, seed=recipe.seed), steps_per_epoch

    def validation_batches(self, recipe):
        """Return the batches that judge the model, all of the validation shard once, or None."""
        if self.validation is None:
            return None
        return data.windows(self.validation, context_length=recipe.context_length, batch_size=recipe.batch_size)

    def unknown_tokens(self):
        """Return no unknown words: the tokenizer of the shards is the model's."""
        return collections.Counter()

    def record(self):
        """Return what recipe.json says about the shards."""
        parts = [part for part in (self.train, self.validation) if part is not None]
        return {
            "sha256": self.sha256,
            "texts": sum(part.documents for part in parts),
            "characters": sum(part.characters for part in parts),
            "train_texts": self.train.documents,
            "validation_texts": 0 if self.validation is None else self.validation.documents,
            "vocabulary_size": self.tokenizer.vocabulary_size(),
            "layout": self.layout,
            "layout_reason": self.reason,
            "tokenizer_sha256": shard_index.fingerprint(self.tokenizer),
            "sources": self.opened.sources,
        }


def open_corpus(folder, recipe, overrides, tokenizer=None):
    """Open the shards of a run.

    Args:
        folder: str, path, or opened `Shards`.
        recipe: `Recipe`.
        overrides: dict. What the caller asked for; the settings that the shards fix are refused there. Those of a
            preset give way to what the shards are.
        tokenizer: `Tokenizer` or None. Of a model to go on from; it must be that of the shards.

    Returns:
        A `ShardCorpus`, and the recipe with what the shards are, as far as a recipe can name it.

    Raises:
        ValueError: if the folder does not hold shards, a setting cannot be changed, or the tokenizers differ.
    """
    for name, value in overrides.items():
        if name in FIXED or (name == "layout" and value not in ("windows", "auto")):
            rule = "cannot be changed together with `data`, whose tokens are fixed"
            raise _checks.refuse(name, rule, value, "Leave it out, or prepare other shards.")
    opened = folder if isinstance(folder, shards.Shards) else shards.open_shards(folder)
    _check_tokenizer(opened, tokenizer)
    found = {"max_tokens": None, "end_token": opened.tokenizer.end_token, "layout": "windows"}
    for name, kind in registry.TOKENIZERS.items():
        if kind.where.endswith(":" + type(opened.tokenizer).__name__):
            found["tokenizer"] = name
    return ShardCorpus(opened), dataclasses.replace(recipe, **found)


def _check_tokenizer(opened, tokenizer):
    if tokenizer is None:
        return
    ours, theirs = shard_index.fingerprint(opened.tokenizer), shard_index.fingerprint(tokenizer)
    if ours != theirs:
        rule = (
            f"must have the tokenizer of the shards ({type(opened.tokenizer).__name__} {ours[:12]}…), "
            f"but the model has another"
        )
        raise _checks.refuse("init", rule, f"{type(tokenizer).__name__} {theirs[:12]}…", "Prepare with --model.")
