"""`train(resume=…)`: find where a run stands, check that it is the same run, and go on."""

import os
import pathlib

from tinylm_keras import _checks, saving
from tinylm_keras.data.documents import Joined, opened
from tinylm_keras.models import after_run
from tinylm_keras.training import checkpoint, presets, report, run_folder, shard_corpus
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training.plan import Plan
from tinylm_keras.training.recipe import Recipe
from tinylm_keras.training.run import run
from tinylm_keras.training.run_folder import RunFolder


class Stopped:
    """A run that was stopped, or is finished.

    Args:
        path: str or `os.PathLike`. Its folder.

    Attributes:
        state: `checkpoint.State`, or None where the run has no checkpoint yet.
        model: The `LanguageModel` of the checkpoint, or None.
        record: dict. What recipe.json holds.
        recipe: `Recipe`.
        notes: list of str. What is to be said about damaged files.

    Raises:
        ValueError: if there is no such run, or no checkpoint of it is good.
        TypeError: if `path` is no path.
    """

    def __init__(self, path):
        if not isinstance(path, (str, os.PathLike)):
            raise _checks.refuse("resume", "must be the path of a run's folder", path, error=TypeError)
        self.path = pathlib.Path(path)
        found = checkpoint.choose(self.path)
        self.model, self.state, self.notes = found or (None, None, [])
        self.record = run_folder.read_record(path, "resume") if found is None else self.state.record
        try:
            self.recipe = Recipe(**self.record["recipe"])
            self.plan = Plan(**self.record["plan"])
            self.sha256, self.shards = self.record["corpus"]["sha256"], self.record["corpus"].get("shards")
            report.facts(self.record)  # whatever else is said when the run goes on
            dict(self.record.get("versions", {}))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            rule = f"must be a run whose recipe.json this version can read ({error})"
            raise _checks.refuse("resume", rule, str(path)) from None
        if self.state is None and self.record.get("init") is not None:
            rule = "must be a run with a checkpoint, and this one, which began from a model, stopped before its first"
            raise _checks.refuse("resume", rule, str(path), "Start it again.")

    def check(self, preset, out, init, overwrite, overrides):
        """Refuse what is given beside `resume` and is not as it was; the message has both values."""
        if preset not in ("stories", self.recipe.preset):  # the first is what `train` says when nobody else does
            raise _other("preset", self.recipe.preset, preset)
        asked = presets.override(self.recipe, **overrides)  # unknown names and values out of range
        for name, value in overrides.items():
            if getattr(asked, name) != getattr(self.recipe, name):
                raise _other(name, getattr(self.recipe, name), value)
        if out is not None and pathlib.Path(out).resolve() != self.path.resolve():
            raise _other("out", str(self.path), str(out))
        for name, value in (("init", init), ("overwrite", overwrite or None)):
            if value is not None:
                rule = ["must be left out together with ", _checks.Argument("resume")]
                raise _checks.refuse(name, rule, value)

    def corpus(self, source, shards):
        """Return the text of the run, given again or read again from where it was.

        Raises:
            ValueError: if it cannot be read, or is another text.
        """
        if self.shards is not None or shards is not None:
            return self._shards(source, shards)
        texts, sources = self._read_again() if source is None else self._read([source])
        found = corpora.fingerprint(texts)
        if found != self.sha256:
            raise self._other_text("source", found, self.record.get("source") if source is None else source)
        tokenizer = None if self.model is None else self.model.tokenizer
        return corpora.make(texts, self.recipe, tokenizer, sources)

    def _shards(self, source, shards):
        if source is not None or self.shards is None:
            rule = "must be left out, for the run " + ("learns from shards" if self.shards else "learns from text")
            raise _checks.refuse(
                "data" if self.shards is None else "source", rule, shards if source is None else source
            )
        tokenizer = None if self.model is None else self.model.tokenizer
        corpus, _ = shard_corpus.open_corpus(self.shards if shards is None else shards, self.recipe, {}, tokenizer)
        if corpus.sha256 != self.sha256:
            raise self._other_text("data", corpus.sha256, self.shards if shards is None else shards)
        return corpus

    def _read(self, sources):
        documents = Joined([opened(source, **self.recipe.reading) for source in sources])
        return list(documents.texts()), documents.locations

    def _read_again(self):
        sources = run_folder.sources_of(self.record)
        try:
            if not sources:
                raise ValueError("it was given in Python or by a pipe")
            return self._read(sources)
        except (ValueError, OSError) as error:
            name = str(self.record.get("source", ""))
            rule = (
                f"must be given again, for {name!r}, where the text of the run was, cannot be read from here ({error})"
            )
            raise _checks.refuse("source", rule, None) from None

    def _other_text(self, argument, found, received):
        rule = f"must be the text of the run, with the fingerprint {self.sha256[:12]}, and this one has {found[:12]}"
        return _checks.refuse(argument, rule, received, ["Train on another text with ", _checks.Argument("init"), "."])


def resume(path, *, source, preset, out, init, overwrite, reporter, shards, overrides):
    """Go on with a run; see `train` for the arguments.

    Returns:
        The model with its best weights, compiled.
    """
    stopped = Stopped(path)
    stopped.check(preset, out, init, overwrite, overrides)
    state, folder = stopped.state, RunFolder(stopped.path, overwrite=True)
    if state is not None and state.finished:
        steps = f"all {state.plan.steps:,} steps are made"
        reporter.finish([*stopped.notes, f"{folder.path} is finished: {steps}, and there is nothing left to do."])
        best = folder.file(checkpoint.BEST)
        model = saving.read_model(best) if best.exists() else stopped.model
        after_run.settle(model)
        return model
    corpus = stopped.corpus(source, shards)
    if state is None:
        notes = ["No checkpoint was written yet: the run begins again."]
        return run(
            stopped.recipe,
            corpus,
            folder,
            reporter,
            stopped.record.get("source", ""),
            planned=stopped.plan,
            notes=notes,
        )
    return run(stopped.recipe, corpus, folder, reporter, model=stopped.model, state=state, notes=stopped.notes)


def _other(name, before, now):
    rule = f"must be that of the run, {before!r}"
    return _checks.refuse(name, rule, now, "Leave it out, or start a new run.")
