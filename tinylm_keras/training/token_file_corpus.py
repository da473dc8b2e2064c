"""Training from token files on disk. Settings that the files already determine cannot be changed."""

import collections
import dataclasses

from tinylm_keras import _checks
from tinylm_keras.data.token_files import reader
from tinylm_keras.recipe import registry
from tinylm_keras.recipe.recipe import settings
from tinylm_keras.training.corpus import Corpus

# Settings for reading text and making tokens, which the token files determine.
FIXED = (
    *(name for name, field in settings().items() if field.metadata["group"] == "tokens"),
    *("separator", "encoding", "column", "bad_rows", "validation"),
)


@dataclasses.dataclass
class TokenFileCorpus(Corpus):
    """The token files of a run: `train` and `validation` are `TokenFile`s (or None), always in the packed layout.

    Attributes:
        folder: str. The folder of the token files.
        sources: list of str. The sources of their text.
    """

    folder: str = ""
    sources: list = ()

    @property
    def train_stream(self):
        """The training part as a `TokenStream`."""
        return self.train

    @property
    def validation_stream(self):
        """The validation part as a `TokenStream`."""
        return self.validation

    def unknown_tokens(self):
        """Return an empty count: the tokenizer of the token files is the model's."""
        return collections.Counter()

    def record(self):
        """Return the entry of recipe.json about the token files."""
        parts = [part for part in (self.train, self.validation) if part is not None]
        return {
            "sha256": self.sha256,
            "tokenizer_sha256": self.tokenizer.fingerprint(),
            "token_files": self.folder,
            "sources": self.sources,
            "texts": sum(part.documents for part in parts),
            "characters": sum(part.characters for part in parts),
            "train_texts": self.train.documents,
            "validation_texts": 0 if self.validation is None else self.validation.documents,
            "vocabulary_size": self.tokenizer.vocabulary_size(),
            "layout": self.layout,
            "layout_reason": self.reason,
        }


def make(opened):
    """Return the corpus of opened `TokenFiles`."""
    return TokenFileCorpus(
        train=opened.train,
        validation=opened.validation,
        tokenizer=opened.tokenizer,
        layout="packed",
        reason="token files",
        sha256=opened.sha256,
        folder=str(opened.path.absolute()),
        sources=opened.sources,
    )


def open_corpus(folder, recipe, overrides, tokenizer=None):
    """Open the token files of a run.

    Args:
        folder: str, path, or opened `TokenFiles`.
        recipe: `Recipe`.
        overrides: dict. Settings of the user. Those that the token files determine are refused here; those of a preset
            are replaced.
        tokenizer: `Tokenizer` or None. The tokenizer of a model to continue from; it must be that of the token files.

    Returns:
        A `TokenFileCorpus`, and the recipe with the settings of the token files.

    Raises:
        ValueError: if the folder does not hold token files, a setting cannot be changed, or the tokenizers differ.
    """
    for name, value in overrides.items():
        if name in FIXED or (name == "layout" and value not in ("packed", "auto")):
            rule = ["cannot be changed together with ", _checks.Argument("data"), ", whose tokens are fixed"]
            raise _checks.refuse(name, rule, value, "Leave it out, or prepare other token files.")
    opened = folder if isinstance(folder, reader.TokenFiles) else reader.open_token_files(folder)
    _check_tokenizer(opened, tokenizer)
    tokens = [part.tokens for part in (opened.train, opened.validation) if part is not None]
    found = dict.fromkeys(("max_tokens", "vocabulary_file", "merges_file"))
    found |= {"end_token": opened.tokenizer.end_token, "layout": "packed", "validation": sum(tokens[1:]) / sum(tokens)}
    for name, kind in registry.TOKENIZERS.items():
        if kind.where.endswith(":" + type(opened.tokenizer).__name__):
            found["tokenizer"] = name
    return make(opened), dataclasses.replace(recipe, **found)


def _check_tokenizer(opened, tokenizer):
    if tokenizer is None or tokenizer.fingerprint() == opened.tokenizer.fingerprint():
        return
    rule = f"must have the tokenizer of the token files, {_named(opened.tokenizer)}"
    raise _checks.refuse("init", rule, _named(tokenizer), "Prepare token files with the tokenizer of the model.")


def _named(tokenizer):
    return f"{type(tokenizer).__name__} {tokenizer.fingerprint()[:12]}"
