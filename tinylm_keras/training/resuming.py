"""`train(resume=…)`: load the checkpoint of a run, check that the arguments agree with it, and continue."""

import os
import pathlib

from tinylm_keras import _checks, saving
from tinylm_keras.models import after_run
from tinylm_keras.recipe import presets
from tinylm_keras.recipe.recipe import refuse_unknown
from tinylm_keras.text.documents import opened
from tinylm_keras.training import (
    checkpoint,
    history,
    longer,
    named_text,
    report,
    run_folder,
    run_record,
    token_file_corpus,
)
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training.run import run


class SavedRun:
    """A stopped or finished run.

    Args:
        path: str or `os.PathLike`. Its folder.

    Attributes:
        state: `checkpoint.State`, or None if the run has no checkpoint yet.
        model: The `LanguageModel` of the checkpoint, or None.
        record: `RunRecord`. The content of recipe.json.
        recipe: `Recipe`.
        notes: list of str. Lines about damaged files.

    Raises:
        ValueError: if there is no such run, or none of its checkpoints can be read.
        TypeError: if `path` is not a path.
    """

    def __init__(self, path):
        if not isinstance(path, (str, os.PathLike)):
            raise _checks.refuse("resume", "must be the path of a run's folder", path, error=TypeError)
        self.path = pathlib.Path(path)
        found = checkpoint.choose(self.path)
        self.model, self.state, self.notes = found or (None, None, [])
        if found is None:
            self.record = run_folder.record_of(path, "resume")
        else:
            self.record = run_record.parse(self.state.record)
        self.recipe, self.plan, values = self.record.recipe, self.record.plan, self.record.values
        self.sha256, self.token_files = self.record.sha256, self.record.token_files
        try:
            for name, value in (("recipe", self.recipe), ("plan", self.plan), ("corpus.sha256", self.sha256)):
                if value is None:
                    raise ValueError(f"it has no {name}")
            report.facts(values)  # fails if entries are missing
            if self.state is None:
                run_record.check_weights(self.record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            rule = f"must be a run whose recipe.json this version can read ({error})"
            raise _checks.refuse("resume", rule, str(path)) from None
        if self.state is None and values.get("init") is not None:
            rule = "must be a run with a checkpoint, but this one started from a model and stopped before its first"
            raise _checks.refuse("resume", rule, str(path), "Start it again.")

    def check(self, preset, out, init, overwrite, overrides):
        """Refuse arguments that differ from those of the run; the message has both values.

        Returns:
            The `Recipe` to continue with: that of the run, or of a longer run.
        """
        if preset not in (None, self.recipe.preset):
            raise _other("preset", self.recipe.preset, preset)
        refuse_unknown(overrides)
        lengths = {name: value for name, value in overrides.items() if name in longer.LENGTHS}
        others = {name: value for name, value in overrides.items() if name not in lengths}
        asked = presets.override(self.recipe, **others)  # refuses values out of range
        for name, value in others.items():
            if getattr(asked, name) != getattr(self.recipe, name):
                raise _other(name, getattr(self.recipe, name), value)
        if out is not None and os.path.realpath(out) != os.path.realpath(self.path):
            raise _other("out", str(self.path), str(out))
        for name, value in (("init", init), ("overwrite", overwrite or None)):
            if value is not None:
                rule = ["must be left out together with ", _checks.Argument("resume")]
                raise _checks.refuse(name, rule, value)
        if self.state is None:
            for name in ("vocabulary_file", "merges_file"):
                if getattr(self.recipe, name) is not None and name not in others:
                    rule = f"must be given again, because only the run's record names {getattr(self.recipe, name)!r}"
                    raise _checks.refuse(name, rule, None)
        return longer.recipe_for(self.recipe, lengths, self.state, self.plan, self.record.values.get("minutes"))

    @property
    def is_to_be_mixed(self):
        """Whether the run was killed after its last step, but before its network was mixed with counts."""
        return self.recipe.mix_counts and "result" not in run_folder.record_of(self.path, "resume").values

    def corpus(self, source, token_files):
        """Return the corpus of the run, from the arguments or read again from its source.

        Raises:
            ValueError: if the text cannot be read or is not that of the run.
        """
        if self.token_files is not None or token_files is not None:
            return self._token_files(source, token_files)
        if source is None:
            texts, locations = self._named(named_text.texts, "source"), self.record.sources
        else:
            documents = opened(source, **self.recipe.reading)
            texts, locations = list(documents.texts()), documents.locations
        found = corpora.fingerprint(texts)
        if found != self.sha256:
            raise self._other_text("source", found, source)
        tokenizer = None if self.model is None else self.model.tokenizer
        return corpora.make(texts, self.recipe, tokenizer, locations, self.record.kept)

    def _token_files(self, source, token_files):
        if source is not None or self.token_files is None:
            rule = "must be left out, because the run " + (
                "learns from token files" if self.token_files else "learns from text"
            )
            raise _checks.refuse(
                "data" if self.token_files is None else "source", rule, token_files if source is None else source
            )
        tokenizer = None if self.model is None else self.model.tokenizer
        folder = self._named(named_text.token_files, "data") if token_files is None else token_files
        corpus, _ = token_file_corpus.open_corpus(folder, self.recipe, {}, tokenizer)
        if corpus.sha256 != self.sha256:
            raise self._other_text("data", corpus.sha256, token_files)
        return corpus

    def _named(self, read, argument):
        """Read a source that only the record names, with a function of `named_text`."""
        try:
            return read(self.record, self.notes.append)
        except named_text.NotRead as problem:
            raise _checks.refuse(argument, f"must be given again, because {problem}", None) from None

    def _other_text(self, argument, found, received):
        rule = f"must be the text of the run, with the fingerprint {self.sha256[:12]}, but this one has {found[:12]}"
        return _checks.refuse(argument, rule, received, ["Train on another text with ", _checks.Argument("init"), "."])


def resume(path, *, source, preset, out, init, overwrite, reporter, token_files, overrides, workers):
    """Continue with a run; see `train` for the arguments.

    Returns:
        The model with its best weights, compiled.
    """
    with workers.loading():
        saved = SavedRun(path)
    recipe = saved.check(preset, out, init, overwrite, overrides)
    workers.check(recipe)
    state, folder = saved.state, workers.folder(saved.path, overwrite=True)
    is_longer = recipe != saved.recipe
    if state is not None and state.finished and not is_longer and not saved.is_to_be_mixed:
        reporter.finish([*saved.notes, _finished_line(folder.path, state)])
        best = folder.file(checkpoint.BEST)
        with workers.loading():
            model = saving.read_model(best) if best.exists() else saved.model
        after_run.settle(model)
        history.attach(model, state.rows)
        return model
    corpus = saved.corpus(source, token_files)
    workers.agree(settings=recipe, text=corpus.sha256, checkpoint=None if state is None else state.batches)
    how = {"notes": saved.notes, "workers": workers}
    if state is None:
        how["notes"] = [*saved.notes, "No checkpoint was written yet: the run starts again."]
        planned = None if is_longer else saved.plan
        return run(recipe, corpus, folder, reporter, saved.record.name, planned=planned, **how)
    return run(recipe, corpus, folder, reporter, model=saved.model, state=state, **how)


def _finished_line(path, state):
    steps = state.plan.steps
    how = f"all {steps:,} steps are done"
    if state.step < steps:
        how = f"it ended early, at step {state.step:,} of {steps:,}, because the validation loss did not improve"
    return (
        f"{path} is finished: {how}. To train it longer: "
        f"tinylm train --resume {path} --steps {2 * steps}. To train the model on another text: "
        f"tinylm train TEXT --init {path}"
    )


def _other(name, before, now):
    rule = f"must be the value of the run, {before!r}"
    return _checks.refuse(name, rule, now, "Leave it out, or start a new run.")
