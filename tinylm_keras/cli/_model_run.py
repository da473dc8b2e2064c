"""The training text of a model, found through the recipe.json beside its file."""

import functools

from tinylm_keras.cli import _console
from tinylm_keras.recipe import presets


class ModelRun:
    """The run that trained a model, by the recipe.json beside its file.

    Args:
        model: The `LanguageModel`.
        file: Path of its file.

    Attributes:
        source: str. The name of the training text; empty if unknown.
        layout: "padded", "packed", or None if unknown.
        separator: str or None. The string between the texts, if known.
        recipe: The `Recipe`; if unknown, the default one.
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
        """Whether the model was trained on the built-in stories."""
        return self.source.partition(":")[0] == "stories" and self._token_files is None

    @property
    def corpus(self):
        """The corpus of the run, read again; None if that fails, with the reason in `problem`."""
        return self._read_again[0]

    @property
    def texts(self):
        """The training texts as a list of str; None if they are unknown, with the reason in `problem`."""
        return self.corpus.train if self.corpus and self._token_files is None else None

    @property
    def problem(self):
        """The reason why `corpus` or `texts` is None."""
        return self._read_again[1]

    def corpus_of(self, texts):
        """Return the corpus of the run if `texts` are its text, otherwise None."""
        from tinylm_keras.training import corpus

        if self._record is None or self._token_files is not None or corpus.fingerprint(texts) != self._record.sha256:
            return None
        return corpus.make(texts, self.recipe, self._tokenizer, kept=self._record.kept)

    @functools.cached_property
    def _read_again(self):
        from tinylm_keras.training import named_text, token_file_corpus

        if self._record is None:
            return None, f"the training text of the model is unknown: {self._origin.problem}"
        try:
            if self._token_files is not None:
                opened = named_text.token_files(self._record, _console.say)
                return token_file_corpus.make(opened), "it was trained on token files, which hold no text"
            return self.corpus_of(named_text.texts(self._record, _console.say)), ""
        except (named_text.NotRead, ValueError) as problem:
            return None, str(problem)
