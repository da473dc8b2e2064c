"""The run that made a model, as far as the recipe.json beside its file tells. A run that continues from the model takes
its settings, and must not validate on text that the model was trained on."""

import dataclasses
import os
import pathlib

from tinylm_keras.recipe import presets
from tinylm_keras.recipe.overrides import override
from tinylm_keras.training import corpus, named_text, run_record, start, unseen
from tinylm_keras.training.run_record import RunRecord


@dataclasses.dataclass(frozen=True)
class Origin:
    """The run that made a model.

    Attributes:
        record: `RunRecord` with a recipe and the fingerprint of the text, or None when the run is not known.
        problem: str. Why it is not known.
        folder: str. Where the record lies.
    """

    record: RunRecord | None
    problem: str = ""
    folder: str = ""

    def recipe(self, preset, overrides, sources=()):
        """Return the recipe of a run that continues from the model: that of its own run, or of a preset.

        How the files were encoded, and in which column the texts were, is a fact about files: it is taken over only
        for those of the run.

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
        # What the model fixes has been decided, and no file that a record names is opened.
        recipe = dataclasses.replace(recipe, vocabulary_file=None, merges_file=None)
        return override(recipe, **overrides)

    def settings_line(self, preset):
        """Return a line that says where settings left out come from."""
        if preset is not None:
            return f"Settings left out are those of the preset {preset!r}, not those of the run that made the model."
        if self.record is None:
            name = presets.DEFAULT
            return f"Settings left out are those of the preset {name!r}: {self.problem} tells of the model's own run."
        recipe = self.record.recipe
        return (
            f"Settings left out are those of the run that made the model, {self.folder} (preset {recipe.preset!r}); "
            "the learning rate begins anew, as they say."
        )

    def keep_apart(self, texts, recipe, say):
        """Return what to keep of some texts for validation, so that the model has not seen it, and what to say.

        Args:
            texts: list of str.
            recipe: `Recipe` of the new run.
            say: Function that is told which files are read.

        Returns:
            (None or the stretches to keep for validation, as `corpus.make` takes them; list of str).
        """
        lines = []
        if self.record is None:
            return None, lines
        sha256 = corpus.fingerprint(texts)
        if sha256 != self.record.sha256:
            lines.append(f"This is another text than the model learned, which was {self.record.name}.")
        if not recipe.validation:
            return None, lines
        _, validation = corpus.divide(texts, recipe)
        seen, unknown = self._seen(texts, sha256, say)
        kept, count = unseen.choose(texts, validation, seen, recipe.seed)
        if kept is not None:
            left = len(unseen.divide(texts, kept)[1])
            lines.append(
                f"The model was trained on {count:,} of the {len(validation):,} texts that validation would have: "
                f"instead {left:,} that it has not seen are the validation."
            )
        elif count:
            lines.append(
                f"The model was trained on {count:,} of the {len(validation):,} validation texts, and there are no "
                "others: the validation loss is too good to be true."
            )
        lines += [f"Whether the model was trained on these validation texts is not known: {one}." for one in unknown]
        return kept, lines

    def token_files_lines(self, sha256):
        """Return what to say when the model continues with token files of a fingerprint."""
        if self.record is None or sha256 == self.record.sha256:
            return []
        return [
            f"These are other token files than the model learned, which was {self.record.name}; "
            "whether it was trained on their validation part is not known."
        ]

    @property
    def earlier(self):
        """What is kept in the record of a run that continues: the texts that the model has learned, the newest last."""
        if self.record is None:
            return []
        names = ("source", "sources", "recipe", "corpus")
        own = {name: self.record.values[name] for name in names if name in self.record.values}
        return [*self.record.values.get("earlier", []), own]

    def _seen(self, texts, sha256, say):
        """Return all that the model was trained on, and why some of it is not known, as lists of str."""
        seen, unknown = [], []
        for values in self.earlier:
            record = run_record.parse(values)
            try:
                if record.token_files is not None:
                    raise named_text.NotRead("it learned from token files, which hold no text")
                own = texts if record.sha256 == sha256 else named_text.texts(record, say)
                seen += corpus.divide(own, record.recipe, record.kept)[0]
            except ValueError as problem:
                unknown.append(str(problem))
        return seen, unknown


def find(init, model=None):
    """Return the `Origin` of a model.

    Args:
        init: Path of its file, or a model, whose run is not known.
        model: The `LanguageModel` in the file, for a look whether the record is of it; None: not yet loaded.
    """
    if not isinstance(init, (str, os.PathLike)):
        return Origin(None, "nothing")
    folder = pathlib.Path(init).parent
    try:
        record = run_record.read(folder)
    except FileNotFoundError:
        return Origin(None, "no recipe.json beside the model")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return Origin(None, f"no recipe.json beside the model that can be read ({reason})")
    if record.recipe is None or record.sha256 is None:
        return Origin(None, "no recipe.json beside the model that is whole")
    if model is not None and not _is_of(record, model):
        return Origin(None, "no recipe.json beside the model that is its own")
    return Origin(record, folder=str(folder))


def _is_of(record, model):
    """Whether a record can be that of a model: the sizes that it names are those of the model."""
    if model.tokenizer is None:
        return False
    found = start.recipe_of(model, record.recipe)
    known = record.values.get("model", {})
    same = found.model == record.recipe.model and found.tokenizer == record.recipe.tokenizer
    same &= found.context_length == record.recipe.context_length and found.end_token == record.recipe.end_token
    if "parameters" in known:
        same &= known["parameters"] == model.count_params()
    size = record.corpus.get("vocabulary_size")
    return bool(same and size in (None, model.tokenizer.vocabulary_size()))
