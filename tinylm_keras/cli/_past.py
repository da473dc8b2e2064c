"""What a model learned from: recipe.json beside its file, and that text read again."""

import functools
import json

from tinylm_keras.cli import _console
from tinylm_keras.training import presets, run_folder


class Past:
    """The training of a model, as far as the recipe.json beside its file tells.

    Args:
        model: The `LanguageModel`.
        file: Path of its file.

    Attributes:
        source: str. The name of the training text; empty when unknown.
        layout: "lines", "windows", or None when unknown.
        recipe: The `Recipe`; the default one when unknown, so that text is read as `train` reads it.
    """

    def __init__(self, model, file):
        from tinylm_keras import inspection

        record = inspection.read_recipe(file) or {}
        self._tokenizer, self._known, self._shards = model.tokenizer, bool(record), None
        try:
            self.recipe = presets.Recipe.from_json(json.dumps(record.get("recipe", {})))
            self.source, self._sources = str(record.get("source", "")), run_folder.sources_of(record)
            self.layout = record["corpus"]["layout"] if record else None
            self._fingerprint = record["corpus"]["sha256"] if record else None
            self._shards = record["corpus"].get("shards") if record else None
        except (KeyError, TypeError, ValueError, AttributeError):  # of another version, or edited by hand
            self.recipe, self.source, self.layout, self._known = presets.Recipe(), "", None, False
            self._sources = []

    @property
    def is_built_in(self):
        """Whether the model learned the built-in stories."""
        return self.source.partition(":")[0] == "stories" and self._shards is None

    @property
    def corpus(self):
        """The training text or shards in their two parts, read again; None when that fails: `problem` says why."""
        return self._read_again[0]

    @property
    def texts(self):
        """The training texts as a list of str; None when they are unknown, and then `problem` says why."""
        return self.corpus.train if self.corpus and self._shards is None else None

    @property
    def problem(self):
        """Why there is no `corpus`, or no texts."""
        return self._read_again[1]

    @functools.cached_property
    def _read_again(self):
        from tinylm_keras.training import corpus

        if not self._known:
            return None, "no recipe.json beside the model names the text it learned"
        if self._shards is not None:
            return self._open_shards()
        if not self._sources:
            return None, f"the text it learned cannot be read again ({self.source})"
        try:
            texts = _console.read_sources(self._sources, self.recipe)
        except (ValueError, OSError, ImportError):
            return None, f"the text it learned cannot be read again from here ({self.source})"
        if corpus.fingerprint(texts) != self._fingerprint:
            return None, f"{self.source} is not the text any more that the model learned"
        return corpus.make(texts, self.recipe, self._tokenizer), ""

    def _open_shards(self):
        from tinylm_keras import data
        from tinylm_keras.training import shard_corpus

        try:
            opened = data.open_shards(self._shards)
        except (ValueError, TypeError, OSError):
            return None, f"the token shards it learned cannot be read again from here ({self._shards})"
        if opened.sha256 != self._fingerprint:
            return None, f"{self._shards} does not hold the token shards any more that the model learned"
        return shard_corpus.make(opened), "it learned from token shards, which hold no text"
