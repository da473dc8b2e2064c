"""The run that trained a model, by the recipe.json beside its file. A run that continues from the model takes its
settings, and must not validate on text that the model was trained on."""

import dataclasses
import os
import pathlib

from tinylm_keras.recipe import presets
from tinylm_keras.recipe.overrides import override
from tinylm_keras.training import corpus, named_text, run_record, start, unseen
from tinylm_keras.training.run_record import RunRecord


@dataclasses.dataclass(frozen=True)
class Origin:
    """The run that trained a model.

    Attributes:
        record: `RunRecord` with a recipe and the fingerprint of the text, or None if the run is unknown.
        problem: str. Why the run is unknown.
        folder: str. Folder of the record.
    """

    record: RunRecord | None
    problem: str = ""
    folder: str = ""

    def recipe(self, preset, overrides, sources=()):
        """Return the recipe of a run that continues from the model: that of the model's run, or a preset.

        Encoding and column of the files are taken over only if the sources are the same.

        Args:
            preset: str or None. A preset that the user asked for.
            overrides: dict. Settings that the user asked for.
            sources: list of str. The names of the text.
        """
        if preset is not None or self.record is None:
            return override(presets.get(preset or presets.DEFAULT), **overrides)
        recipe = self.record.recipe
        if [os.path.abspath(name) for name in sources] != [os.path.abspath(name) for name in self.record.sources]:
            recipe = dataclasses.replace(recipe, encoding="utf-8", column=None, bad_rows="error")
        # The model has its tokenizer already, and files that only a record names are not opened.
        recipe = dataclasses.replace(recipe, vocabulary_file=None, merges_file=None)
        return override(recipe, **overrides)

    def settings_line(self, preset):
        """Return a line on where the settings come from that are not given."""
        if preset is not None:
            return f"Other settings come from the preset {preset!r}, not from the run that trained the model."
        if self.record is None:
            name = presets.DEFAULT
            why = f"the run of the model is unknown, because {self.problem}"
            return f"Other settings come from the preset {name!r}: {why}."
        recipe = self.record.recipe
        return (
            f"Other settings come from the run that trained the model, {self.folder} (preset {recipe.preset!r}); "
            "the learning rate schedule starts again."
        )

    def keep_apart(self, texts, recipe, say):
        """Choose validation text that the model has not seen.

        Args:
            texts: list of str.
            recipe: `Recipe` of the new run.
            say: Function that gets a line about each file that is read.

        Returns:
            The stretches to hold out, as `corpus.make` takes them, or None; and a list of lines to show.
        """
        lines = []
        if self.record is None:
            return None, lines
        sha256 = corpus.fingerprint(texts)
        if sha256 != self.record.sha256:
            lines.append(f"This is not the text that the model was trained on, which was {self.record.name}.")
        if not recipe.validation:
            return None, lines
        _, validation = corpus.divide(texts, recipe)
        seen, unknown = self._seen(texts, sha256, say)
        kept, count = unseen.choose(texts, validation, seen, recipe.seed)
        if kept is not None:
            left = len(unseen.divide(texts, kept)[1])
            lines.append(
                f"The model was trained on {count:,} of the {len(validation):,} texts chosen for validation. "
                f"They are replaced by {left:,} that it has not seen."
            )
        elif count:
            lines.append(
                f"The model was trained on {count:,} of the {len(validation):,} validation texts, and there are no "
                "others: the validation loss is too low."
            )
        lines += [f"It is unknown whether the model was trained on these validation texts: {one}." for one in unknown]
        return kept, lines

    def token_files_lines(self, sha256):
        """Return the lines to show if training continues on other token files."""
        if self.record is None or sha256 == self.record.sha256:
            return []
        return [
            f"These are not the token files that the model was trained on, which were {self.record.name}; "
            "it is unknown whether it was trained on their validation part."
        ]

    @property
    def earlier(self):
        """Records of the texts that the model was trained on, the newest last; part of the next run's record."""
        if self.record is None:
            return []
        names = ("source", "sources", "recipe", "corpus")
        own = {name: self.record.values[name] for name in names if name in self.record.values}
        return [*self.record.values.get("earlier", []), own]

    def _seen(self, texts, sha256, say):
        """Return the texts that the model was trained on, and reasons why some are unknown, as lists of str."""
        seen, unknown = [], []
        for values in self.earlier:
            record = run_record.parse(values)
            try:
                if record.token_files is not None:
                    raise named_text.NotRead("it was trained on token files, which hold no text")
                own = texts if record.sha256 == sha256 else named_text.texts(record, say)
                seen += corpus.divide(own, record.recipe, record.kept)[0]
            except ValueError as problem:
                unknown.append(str(problem))
        return seen, unknown


def find(init, model=None):
    """Return the `Origin` of a model.

    Args:
        init: Path of its file, or a model (whose run is unknown).
        model: The `LanguageModel` in the file, to check that the record is of this model; None: not loaded yet.
    """
    if not isinstance(init, (str, os.PathLike)):
        return Origin(None, "it was not loaded from a file")
    folder = pathlib.Path(init).parent
    try:
        record = run_record.read(folder)
    except FileNotFoundError:
        return Origin(None, "there is no recipe.json beside its file")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return Origin(None, f"the recipe.json beside its file cannot be read ({reason})")
    if record.recipe is None or record.sha256 is None:
        return Origin(None, "the recipe.json beside its file is incomplete")
    if model is not None and not _is_of(record, model):
        return Origin(None, "the recipe.json beside its file is of another model")
    return Origin(record, folder=str(folder))


def _is_of(record, model):
    """Whether the sizes in a record are those of a model."""
    if model.tokenizer is None:
        return False
    found = start.recipe_of(model, record.recipe)
    known = record.values.get("model", {})
    same = found.model == record.recipe.model and found.tokenizer == record.recipe.tokenizer
    same &= found.context_length == record.recipe.context_length and found.end_token == record.recipe.end_token
    if "parameters" in known:
        same &= known["parameters"] == start.network_of(model).count_params()
    size = record.corpus.get("vocabulary_size")
    return bool(same and size in (None, model.tokenizer.vocabulary_size()))
