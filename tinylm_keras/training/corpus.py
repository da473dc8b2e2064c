"""From texts to the batches of a run: split, tokenizer, layout, and the record of the text."""

import dataclasses
import functools
import hashlib
import math

import numpy as np

from tinylm_keras import data
from tinylm_keras.data import learning
from tinylm_keras.data.strided_windows import strided_windows
from tinylm_keras.recipe import registry
from tinylm_keras.text import sources
from tinylm_keras.text.sources import MOST_DOCUMENTS
from tinylm_keras.text.stretches import spread
from tinylm_keras.training import unseen

LOOKED_AT = 2_000  # texts that layout="auto" measures, evenly spread
FITTING_SHARE = 0.9

# Most validation texts: more would cost time at every evaluation and hardly change the loss.
MOST_VALIDATION = 1_000


@dataclasses.dataclass
class Corpus:
    """The texts of a run in two parts, and their tokenizer.

    Attributes:
        train: list of str.
        validation: list of str, empty for none.
        tokenizer: `Tokenizer`, adapted on `train` alone.
        layout: "padded" or "packed".
        reason: str. Reason for the layout.
        sha256: str. Fingerprint of all texts in order.
        locations: list of str. Sources from which the text can be read again; may be empty.
        kept: list of stretches or None. The stretches held out for validation, unless the seed decides them.
        separator: str or None. The string between the texts, if known.
        learned_from: dict or None. The size of the sample from which byte pairs were learned; see `data.learning`.
    """

    train: list
    validation: list
    tokenizer: object
    layout: str
    reason: str
    sha256: str
    locations: list = ()
    kept: list | None = None
    separator: str | None = None
    learned_from: dict | None = None

    @functools.cached_property
    def train_stream(self):
        """The training part as a `TokenStream`."""
        return data.concatenate(self.train, self.tokenizer)

    @functools.cached_property
    def validation_stream(self):
        """The validation part as a `TokenStream`."""
        return data.concatenate(self.validation, self.tokenizer)

    def train_batches(self, recipe):
        """Return the batches to train on, and the number of batches in one pass over the text."""
        if self.layout == "padded":
            batches = data.lines(self.train, self.tokenizer, **_shape(recipe), seed=recipe.seed)
            return batches, batches.steps_per_epoch
        one_pass = max(1, math.ceil(self.train_stream.tokens / (recipe.batch_size * recipe.context_length)))
        steps = recipe.steps * recipe.gradient_accumulation_steps if recipe.steps else recipe.epochs * one_pass
        return data.windows(self.train_stream, **_shape(recipe), steps=steps, seed=recipe.seed), one_pass

    def validation_batches(self, recipe):
        """Return batches of all of the validation text, or of a random part of it; None without validation text."""
        return self._evaluation_batches(recipe, "validation") if self.validation else None

    def validation_windows(self, recipe):
        """Return overlapping windows of all of the validation text, for the final evaluation, or None."""
        if not self.validation:
            return None
        shape = {"context_length": recipe.context_length, "layout": self.layout}
        windows = strided_windows(self.validation, self.tokenizer, **shape)
        return windows.count_separators(self.separator, self.validation, self.tokenizer)

    def training_sample(self, recipe):
        """Return random batches of the training text, to estimate the training loss, or None."""
        return None if recipe.evaluation_batches is None else self._evaluation_batches(recipe, "train")

    def _evaluation_batches(self, recipe, part):
        """Return batches of a part of the text: all of it, or `evaluation_batches` random batches if these are fewer.

        They are the same at every evaluation, so that the loss changes only with the model.
        """
        most, texts = recipe.evaluation_batches, getattr(self, part)
        if self.layout == "padded":
            if most is not None and len(texts) > most * recipe.batch_size:
                places = np.random.default_rng(recipe.seed).permutation(len(texts))[: most * recipe.batch_size]
                texts = [texts[place] for place in places]
            batches = data.lines(texts, self.tokenizer, **_shape(recipe), shuffle=False)
            return batches.count_separators(self.separator, texts, self.tokenizer)
        stream = getattr(self, f"{part}_stream")
        if most is None or stream.tokens <= most * recipe.batch_size * recipe.context_length:
            return data.windows(stream, **_shape(recipe)).count_separators(self.separator, texts, self.tokenizer)
        return data.windows(stream, **_shape(recipe), steps=most, seed=recipe.seed + 1)  # not those of training

    def unknown_tokens(self):
        """Return the counts of words of the text that are not in the vocabulary."""
        return self.tokenizer.unknown_tokens(self.train + self.validation)

    def record(self):
        """Return the entry of recipe.json about the text."""
        texts = self.train + self.validation
        return {
            "sha256": self.sha256,
            "texts": len(texts),
            "characters": sum(map(len, texts)),
            "train_texts": len(self.train),
            "validation_texts": len(self.validation),
            "vocabulary_size": self.tokenizer.vocabulary_size(),
            "layout": self.layout,
            "layout_reason": self.reason,
            "separator": self.separator,
            **({} if self.kept is None else {"kept": self.kept}),
            **({} if self.learned_from is None else {"learned_from": self.learned_from}),
        }


def _shape(recipe):
    return {"context_length": recipe.context_length, "batch_size": recipe.batch_size}


def make(texts, recipe, tokenizer=None, locations=(), kept=None, separator=None):
    """Split texts, adapt the tokenizer on the training part, and choose the layout.

    Args:
        texts: list of str.
        recipe: `Recipe`.
        tokenizer: `Tokenizer` or None. A tokenizer to use unchanged.
        locations: list of str. Sources from which the texts can be read again.
        kept: list of stretches or None. The stretches to hold out for validation, unless the seed decides them; see
            `unseen.choose`.
        separator: str or None. The string between the texts.

    Returns:
        A `Corpus`.

    Raises:
        ValueError: if a part of the split would be empty.
    """
    train, validation = divide(texts, recipe, kept)
    learned_from = None
    if tokenizer is None:
        tokenizer, learned_from = make_tokenizer(train, recipe)
    layout, reason = choose_layout(train, tokenizer, recipe)
    about = {"locations": list(locations), "kept": kept, "separator": separator, "learned_from": learned_from}
    return Corpus(train, validation, tokenizer, layout, reason, fingerprint(texts), **about)


def divide(texts, recipe, kept=None):
    """Split texts into a training part and a validation part, two lists of str."""
    if kept is not None:
        return unseen.divide(texts, kept)
    if not recipe.validation:
        return list(texts), []
    if recipe.split == "stretches":
        kept = spread(texts, recipe.validation)
        return unseen.divide(texts, kept) if kept else (list(texts), [])
    by_documents = recipe.separator is None and len(texts) <= MOST_DOCUMENTS
    whole = {"texts": True, "ends": False}.get(recipe.split, False if by_documents else None)
    share = recipe.validation if whole is False else min(recipe.validation, MOST_VALIDATION / len(texts))
    return sources.divide(texts, share, recipe.seed, whole, "validation")


def make_tokenizer(texts, recipe):
    """Return the recipe's tokenizer, read from its vocabulary files or adapted on `texts`; and what it learned from."""
    tokenizer = new_tokenizer(recipe)
    if recipe.vocabulary_file is not None:
        return tokenizer, None
    return tokenizer, learning.learn(tokenizer, learning.whole(texts))


def new_tokenizer(recipe):
    """Return the recipe's tokenizer, read from its vocabulary files or without a vocabulary."""
    kind = registry.TOKENIZERS[recipe.tokenizer]
    if recipe.vocabulary_file is None:
        return kind.build(recipe)
    return kind.load().from_files(recipe.vocabulary_file, recipe.merges_file, end_token=recipe.end_token)


def choose_layout(texts, tokenizer, recipe):
    """Return the layout and the reason: with "auto", padded if at least 90 % of the texts fit into the context.

    At most 2,000 texts are measured, evenly spread.
    """
    if recipe.layout != "auto":
        return recipe.layout, "as requested"
    share = fitting_share(texts, tokenizer, recipe.context_length)
    shown = math.floor(share * 100)  # never "90 %" for less
    reason = f"{shown} % of the texts fit into {recipe.context_length} tokens"
    return ("padded" if share >= FITTING_SHARE else "packed"), reason


def fitting_share(texts, tokenizer, context_length):
    """Return the share of the texts that fit into a row of the padded layout, from at most 2,000 of them."""
    looked_at = texts[:: math.ceil(len(texts) / LOOKED_AT)]
    # A row has context_length + 1 ids; an end token takes the first and the last place.
    room = context_length + 1 - (0 if tokenizer.end_id is None else 2)
    return sum(len(ids) <= room for ids in tokenizer.tokenize(looked_at)) / len(looked_at)


def fingerprint(texts):
    """Return the SHA-256 of a list of texts, which depends on their order and on where each one ends.

    Example:

    >>> fingerprint(["ab", "c"]) == fingerprint(["a", "bc"])
    False
    """
    digest = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()
