"""`train`: from a text to a model in one call."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks, _locks
from tinylm_keras.recipe import presets
from tinylm_keras.recipe.recipe import Recipe, refuse_unknown
from tinylm_keras.text.documents import Documents, opened
from tinylm_keras.training import auto, deadline, distribution, origin, resuming, run_folder, start, token_file_corpus
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training.run import run

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import Path, Source
    from tinylm_keras.data.token_files.reader import TokenFiles
    from tinylm_keras.models import LanguageModel
    from tinylm_keras.recipe.settings_types import Settings


def train(
    source: Source | Documents | None = None,
    preset: str | None = None,
    out: Path | None = None,
    init: Path | LanguageModel | None = None,
    overwrite: bool = False,
    progress: Any = "auto",
    name: str | None = None,
    data: Path | TokenFiles | None = None,
    resume: Path | None = None,
    recipe: Recipe | Path | None = None,
    distribute: str | None = None,
    **overrides: Unpack[Settings],
) -> LanguageModel:
    """Train a model on a text, or on token files.

    All arguments are validated before anything is written. The same call on the same machine trains the same model,
    except with `minutes`, where the number of updates follows from measured times. The run folder holds `model.keras`
    (best), `last.keras` and `previous.keras` (checkpoints), `recipe.json`, `history.csv`, `loss.png` and
    `samples.txt`. "Best" means lowest validation loss (of the mixture, with `mix_counts`), or lowest training loss with
    `validation=0`.

    Ctrl-C (or SIGTERM, if its handler raises) ends a run after the current batch; its files are written first. A second
    Ctrl-C ends it immediately. A checkpoint is written every 20 seconds, or less often if writing would take more than
    a fiftieth of the time. `resume` continues from the last checkpoint. On a CPU the result then equals, bit for bit,
    that of a run that was never stopped.

    Args:
        source: What `tlm.data.read` takes: a path, a folder, a glob, `"stories"`, `"tfds:…"`, or a list of texts; or
            `Documents`. None with `data`.
        preset: str or None. Provides the settings that are not given: "auto", which looks at the text, chooses settings
            for it and gives the reasons; or one of `tlm.presets.names()`. None: "auto" for a source of your own,
            "stories" for the built-in stories; with `init`, the recipe of the run that trained the model, from the
            recipe.json beside its file.
        out: str, path or None. A new folder for the run; None writes nothing.
        init: str, path, model or None. A model to continue from. Its tokenizer and sizes are kept, but not its
            optimizer: the learning rate starts at the beginning of the recipe's schedule. Validation text is text that
            the model was not trained on, if there is any and this is known; otherwise a line says so. A model (not a
            path) is trained in place, and nothing is known of its earlier training.
        overwrite: bool. Whether an existing run in `out` may be replaced.
        progress: "auto" (a live line on a terminal, else plain lines), "plain", None for silence, or an object with
            the methods of `training.progress.Silent`.
        name: str or None. Name of the source in recipe.json. Defaults to the source if it is a string or a path.
        data: str, path, `TokenFiles` or None. Token files that `tlm.data.prepare` wrote, instead of a source. They
            contain their tokenizer and their validation part, and are read in windows.
        resume: str, path or None. The folder of a run to resume. Settings come from there. The text is read again from
            its source; a text that was given in Python must be passed again as `source`. Other arguments must equal
            those of the run, except `steps`, `epochs` or `minutes`: a larger total makes the run longer, with a new
            schedule. A source named only in recipe.json is read only from regular files whose content has the
            fingerprint of the run, never over the network. If `last.keras` is damaged, `previous.keras` is used. A
            finished run is not changed.
        recipe: `Recipe`, path of a run's folder, or None. All settings at once: those of a recipe, or of a run to
            repeat. A run by `minutes` is repeated with the number of steps that it made.
        distribute: None, "data" or "model=N". Training on several devices or in several processes, on the JAX backend:
            with "data", each device has a copy of the model and a part of each batch, whose `batch_size` counts all
            rows; with "model=N", N devices of one host hold a copy together. See `docs/scale.md`.
        **overrides: Settings of the recipe to change, such as `steps=1000`.

    Returns:
        The model with its best weights, compiled. As after `fit`, `model.history.history` is a dict with a list for
        each column of history.csv, such as "step", "loss" and "val_loss".

    Raises:
        ValueError: if the text, a setting, `out`, `init` or `resume` is invalid, or another process writes to that
            folder.
        RuntimeError: if the loss becomes nan or grows far above its start (the message names the step and the learning
            rate), or if token files or the run folder disappear during training.
        OSError: if the disk is full; the message names the intact files.

    Example:

    >>> texts = ["the cat sleeps all day", "a dog runs in the park", "the bird sings to us"]
    >>> model = train(texts, preset="tinylm", epochs=2, progress=None)
    >>> model.generate("the cat", max_new_tokens=0)
    'the cat'
    """
    with distribution.started(distribute) as workers:
        workers.find(data=data, init=init, resume=resume)
        how = {"source": source, "preset": preset, "out": out, "init": init, "overwrite": overwrite, "data": data}
        reporter = workers.reporter(progress)
        if resume is not None:
            how["token_files"] = how.pop("data")
            with _locks.held(resume, "resume") if workers.writes else contextlib.nullcontext():
                workers.share(resume, "resume")
                model = resuming.resume(resume, reporter=reporter, overrides=overrides, workers=workers, **how)
        else:
            model = _train(**how, reporter=reporter, name=name, recipe=recipe, overrides=overrides, workers=workers)
        return workers.released(model)


def _train(source, preset, out, init, overwrite, data, reporter, name, recipe, overrides, workers):
    began = deadline.began()
    refuse_unknown(overrides)
    if (source is None) == (data is None):
        other = _checks.Argument("data", data)
        rule = ["or ", _checks.Argument("data"), " must be given, and not both (", other, ")"]
        raise _checks.refuse("source", rule, source)
    model, made_by, notes, reasons = None, None, [], []
    if recipe is not None:
        recipe = _given(recipe, preset, init, overrides)
    elif init is None and data is None and auto.applies(source, preset):
        source = auto.look(source, overrides)
        advice = auto.advise(source, overrides)
        recipe, reasons = workers.chosen(advice.recipe), list(advice.reasons)
        notes += [*auto.lines(source.surveyed), *reasons]
    elif init is None and data is not None and preset in (None, auto.NAME):
        advice, data = auto.advise_token_files(data, overrides)
        recipe, reasons = workers.chosen(advice.recipe), list(advice.reasons)
        notes += reasons
    elif init is None:
        recipe = presets.override(presets.get(preset or presets.DEFAULT), **overrides)
    else:
        start.refuse_fixed(overrides)
        model, made_by, recipe, is_mixed = _continue_from(init, preset, overrides, source)
        notes.append(made_by.settings_line(preset))
        if is_mixed:
            notes.append(_counts_line(recipe))
    workers.check(recipe, init)
    folder = None if out is None else workers.folder(out, overwrite)
    with contextlib.nullcontext() if folder is None else folder.claimed():
        if folder is not None:
            workers.share(out, "out")
        tokenizer = None if model is None else model.tokenizer
        if data is not None:
            corpus, recipe = token_file_corpus.open_corpus(data, recipe, overrides, tokenizer)
            notes += [] if made_by is None else made_by.token_files_lines(corpus.sha256)
        else:
            documents, kept = opened(source, **recipe.reading), None
            texts = list(documents.texts())
            if made_by is not None:
                kept, lines = made_by.keep_apart(texts, recipe, notes.append)
                notes += lines
            corpus = corpora.make(texts, recipe, tokenizer, documents.locations, kept, documents.between)
        earlier = [] if made_by is None else made_by.earlier
        name = source_name(source if data is None else data, name)
        workers.agree(settings=recipe, text=corpus.sha256)
        more = {"notes": notes, "earlier": earlier, "reasons": reasons, "began": began, "workers": workers}
        return run(recipe, corpus, folder, reporter, name, model, init, **more)


def _given(recipe, preset, init, overrides):
    """Return the recipe from the argument `recipe`, which may be the folder of a run."""
    for argument, value in (("preset", preset), ("init", init)):
        if value is not None:
            raise _checks.refuse(argument, ["must be left out with ", _checks.Argument("recipe")], value)
    if not isinstance(recipe, Recipe):
        recipe = run_folder.record_of(recipe, "recipe").recipe
    return presets.override(recipe, **overrides)


def _continue_from(init, preset, overrides, source):
    """Return the model to continue from, its `Origin`, the recipe, and whether the model is mixed with counts."""
    seed = overrides.get("seed")
    if seed is None:
        known = origin.find(init).record
        seed = 0 if known is None else known.recipe.seed
    model, is_mixed = start.existing_model(init, seed)
    made_by = origin.find(init, model)
    recipe = start.recipe_of(model, made_by.recipe(preset, overrides, _names(source)))
    return model, made_by, recipe, is_mixed


def _counts_line(recipe):
    """Return a line about the counts of a mixed model."""
    if recipe.mix_counts:
        return "Training continues with the network of the model; its counts are replaced by those of this text."
    return "Training continues with the network of the model, without its counts."


def _names(source):
    if isinstance(source, Documents):
        return source.names
    return [os.fspath(source)] if isinstance(source, (str, os.PathLike)) else []


def source_name(source: Any, name: str | None) -> str:
    """Return the name of a source for recipe.json: `name`, or its path."""
    if name is not None:
        return name
    source = getattr(source, "path", source)  # of opened token files
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else "texts given in Python"
