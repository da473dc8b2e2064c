"""`tinylm train`: train a model on text."""

import os
import shlex
import time
from typing import Annotated

import typer

from tinylm_keras import _checks
from tinylm_keras.cli import _console, _tables
from tinylm_keras.cli._recipe_options import typed_settings, with_recipe_options
from tinylm_keras.recipe import presets
from tinylm_keras.training import auto, connecting, deadline, progress, run_folder

BUILT_IN = "stories"


@with_recipe_options()
def train(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            help="Text files, folders, globs, CSV, TSV, JSONL or JSON files, or tfds:NAME; several are joined. "
            "Default: the built-in stories.",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Preset for all other settings: auto chooses them for your text and gives reasons; others: tinylm "
            "presets. Default: auto for your text, stories for the built-in stories; with --init, the recipe of the "
            "model's run.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder for the run. Default: a new one, runs/SOURCE-PRESET.", show_default=False),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="A .keras model to continue from; its tokenizer and sizes are kept.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Folder of token files to train on instead of text; see: tinylm prepare.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            help="Folder of a run to resume, with its settings. A finished run needs a larger number of --steps, "
            "--epochs or --minutes.",
            metavar="RUN",
            show_default=False,
        ),
    ] = None,
    distribute: Annotated[
        str | None,
        typer.Option(
            help="data: train in parallel on all devices of all processes, on the JAX backend. model=N: N devices of "
            "one host hold the model together.",
            metavar="data|model=N",
            show_default=False,
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="Folder of a run to repeat with all its settings.", metavar="RUN"),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show the settings and the reasons for them, without training or writing files."
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing run.")] = False,
    **typed,
):
    """Train a model on text. The result is a folder with model.keras, loss.png, samples.txt and more.

    Every setting of the recipe is an option; all others come from the preset, or with --init from the model's run.
    `none` means no value.
    """
    began = time.monotonic()  # importing Keras and TensorFlow takes some of the `--minutes`
    overrides = typed_settings(typed)
    connecting.parse(distribute)
    if dry_run:
        _plan(source, preset, recipe, overrides, resume=resume, init=init, data=data, distribute=distribute)
        return
    if resume is not None:
        given = {"preset": preset, "out": out, "init": init, "data": data, "overwrite": overwrite}
        _resume(resume, source, overrides, distribute=distribute, **given)
        return
    if data is not None and source:
        raise _checks.refuse("source", "must be left out with --data", source[0], error=_console.BadInput)
    sources = source or [BUILT_IN if data is None else data]
    init = None if init is None else _console.model_file(init, "init")
    texts, names = (), {"data": data}
    if data is None and init is None and recipe is None and auto.applies_to(sources, preset):
        if not source:
            auto.look(None, overrides)  # refuses
        chosen, texts = auto.NAME, (_documents(sources, overrides),)
        auto.look(texts[0], overrides)  # refused before Keras is imported
    else:
        chosen, read_as = _recipe(preset, recipe, init, overrides, sources)
        if data is None:
            texts = (sources[0] if len(sources) == 1 else _console.open_sources(sources, read_as),)
    if data is None:
        names = {"name": _console.JOINED.join(sources)}
    _console.start_keras()
    import tinylm_keras
    from tinylm_keras.training import distribution

    folder = distribution.same(free_folder(sources[0], chosen), distribute) if out is None else out
    how = {"preset": preset, "out": folder, "init": init, "recipe": recipe, "overwrite": overwrite}
    how |= {} if distribute is None else {"distribute": distribute}
    with deadline.counted_from(began):
        tinylm_keras.train(*texts, **how, **names, **overrides)
    if distribution.speaks(distribute):
        _offer(str(folder))


def _documents(sources, overrides):
    """Return the sources as `Documents`, to be read with the user's settings."""
    from tinylm_keras.text import documents

    how = {name: overrides[name] for name in auto.READING if name in overrides}
    opened = [documents.Documents(source, **how) for source in sources]
    return opened[0] if len(opened) == 1 else documents.Joined(opened)


def _recipe(preset, recipe, init, overrides, sources):
    """Return the name of the preset and the recipe; errors are raised before Keras is imported."""
    if recipe is not None:
        found = presets.override(run_folder.record_of(recipe, "recipe").recipe, **overrides)
    elif init is None:
        found = presets.override(presets.get(preset or presets.DEFAULT), **overrides)
    else:
        presets.get(preset or presets.DEFAULT)
        _console.start_keras()
        from tinylm_keras.training import origin

        found = origin.find(init).recipe(preset, overrides, sources)
    return found.preset, found


def _plan(source, preset, recipe, overrides, **others):
    """Show the settings of a run, without Keras."""
    for name, value in others.items():
        if value is not None:
            raise _checks.refuse(name, "must be left out: a dry run is only for a new run on text", value)
    sources = source or [BUILT_IN]
    if recipe is None and auto.applies_to(sources, preset):
        documents = auto.look(_documents(sources, overrides) if source else None, overrides)
        found = auto.advise(documents, overrides, with_keras=False)
        _console.answer("\n".join([*auto.lines(documents.surveyed), *found.reasons]))
        if found.seconds is not None:
            _console.answer(f"Estimated duration: {progress.duration(found.seconds)}.")
        chosen = found.recipe
    else:
        chosen = _recipe(preset, recipe, None, overrides, sources)[1]
    _console.answer("")
    _tables.show_facts((name, _tables.typed(getattr(chosen, name))) for name in presets.settings())


def _resume(run, source, overrides, **given):
    """Resume a run. Several sources are read with the settings of its recipe."""
    texts = ()
    if source:
        recipe = run_folder.record_of(run, "resume").recipe
        texts = (source[0] if len(source) == 1 else _console.open_sources(source, recipe),)
    _console.start_keras()
    import tinylm_keras
    from tinylm_keras.training import distribution

    tinylm_keras.train(*texts, resume=run, **given, **overrides)
    if distribution.speaks(given["distribute"]):
        _offer(run)


def _offer(folder):
    """Say what can be done with a run now."""
    _console.say(f"Generate text:  tinylm generate {shlex.quote(folder)}")
    _console.say(f"Open it in a browser:  tinylm page {shlex.quote(folder)}")


def free_folder(source, preset):
    """Return the first of runs/NAME-PRESET, runs/NAME-PRESET-2, … that does not exist."""
    name = os.path.basename(os.path.abspath(source)).split(".")[0].split(":")[-1]
    name = "".join(letter for letter in name if letter.isalnum() or letter in "-_") or "text"
    folder = os.path.join("runs", name if preset in (name, auto.NAME) else f"{name}-{preset}")
    number, candidate = 1, folder
    while os.path.lexists(candidate):
        number += 1
        candidate = f"{folder}-{number}"
    return candidate
