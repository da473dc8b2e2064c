"""What a model learned from: recipe.json beside its file, and that text read again."""

import functools

from tinylm_keras.cli import _console
from tinylm_keras.recipe import presets


class ModelRun:
    """The training of a model, as far as the recipe.json beside its file tells.

    Args:
        model: The `LanguageModel`.
        file: Path of its file.

    Attributes:
        source: str. The name of the training text; empty when unknown.
        layout: "padded", "packed", or None when unknown.
        separator: str or None. What stood between the texts, where that is known.
        recipe: The `Recipe`; the default one when unknown, so that text is read as `train` reads it.
    """

    def __init__(self, model, file):
        from tinylm_keras.training import origin

        self._tokenizer, self._origin = model.tokenizer, origin.find(file, model)
        self._record = self._origin.record
        self.recipe = presets.Recipe() if self._record is None else self._record.recipe
        self.source = "" if self._record is None else self._record.name
        self.layout = None if self._record is None else self._record.corpus.get("layout")
        self.separator = None if self._record is None else self._record.corpus.get("separator")
        self._token_files = None if self._record is None else self._record.token_files

    @property
    def is_built_in(self):
        """Whether the model learned the built-in stories."""
        return self.source.partition(":")[0] == "stories" and self._token_files is None

    @property
    def corpus(self):
        """The training text or token files in their two parts, read again; None when that fails: `problem` says why."""
        return self._read_again[0]

    @property
    def texts(self):
        """The training texts as a list of str; None when they are unknown, and then `problem` says why."""
        return self.corpus.train if self.corpus and self._token_files is None else None

    @property
    def problem(self):
        """Why there is no `corpus`, or no texts."""
        return self._read_again[1]

    def corpus_of(self, texts):
        """The corpus of the model when `texts` are what it learned, in their two parts; else None."""
        from tinylm_keras.training import corpus

        if self._record is None or self._token_files is not None or corpus.fingerprint(texts) != self._record.sha256:
            return None
        return corpus.make(texts, self.recipe, self._tokenizer, kept=self._record.kept)

    @functools.cached_property
    def _read_again(self):
        from tinylm_keras.training import named_text, token_file_corpus

        if self._record is None:
            return None, f"{self._origin.problem} names the text it learned"
        try:
            if self._token_files is not None:
                opened = named_text.token_files(self._record, _console.say)
                return token_file_corpus.make(opened), "it learned from token files, which hold no text"
            return self.corpus_of(named_text.texts(self._record, _console.say)), ""
        except (named_text.NotRead, ValueError) as problem:
            return None, str(problem)
