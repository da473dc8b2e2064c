"""`tinylm train`: from text to a folder with a model."""

import os
import shlex
from typing import Annotated

import typer

from tinylm_keras import _checks
from tinylm_keras.cli import _console
from tinylm_keras.cli._recipe_options import typed_settings, with_recipe_options
from tinylm_keras.recipe import presets
from tinylm_keras.training import run_folder

BUILT_IN = "stories"


@with_recipe_options()
def train(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            help="Text files, folders, globs, CSV, TSV, JSONL or JSON files, or tfds:NAME; several are joined. "
            "Left out: the built-in stories.",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Where settings left out come from; see: tinylm presets. Left out: stories; with --init, the recipe "
            "of the model's own run.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder for the run. Left out: a new one, runs/SOURCE-PRESET.", show_default=False),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="A .keras model to continue from; its tokenizer and sizes are kept.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Folder of token files to learn from in place of text; see: tinylm prepare.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            help="Folder of a run to resume; everything else comes from there. With more --steps than it has, "
            "also one that is finished.",
            metavar="RUN",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let the run replace an existing folder.")] = False,
    **typed,
):
    """Train a model on text: a folder with model.keras, loss.png, samples.txt and more.

    Every setting of the recipe is an option; those left out come from the preset, with --init from the model's own
    run. `none` means no value.
    """
    overrides = typed_settings(typed)
    if resume is not None:
        _resume(resume, source, overrides, preset=preset, out=out, init=init, data=data, overwrite=overwrite)
        return
    if init is None:
        recipe = presets.override(presets.get(preset or presets.DEFAULT), **overrides)
    else:
        init = _console.model_file(init, "init")
        presets.get(preset or presets.DEFAULT)  # refused before Keras is imported
    if data is not None and source:
        raise _checks.refuse("source", "must be left out with --data", source[0], error=_console.BadInput)
    sources = source or [BUILT_IN if data is None else data]
    texts, names = (), {"data": data}
    if init is not None:
        _console.start_keras()
        from tinylm_keras.training import origin

        recipe = origin.find(init).recipe(preset, overrides, sources)
    if data is None:
        texts = (sources[0] if len(sources) == 1 else _console.open_sources(sources, recipe),)
        names = {"name": _console.JOINED.join(sources)}
    _console.start_keras()
    import tinylm_keras

    folder = free_folder(sources[0], recipe.preset) if out is None else out
    tinylm_keras.train(*texts, preset=preset, out=folder, init=init, overwrite=overwrite, **names, **overrides)
    _console.say(f"Let it write:  tinylm generate {shlex.quote(str(folder))}")


def _resume(run, source, overrides, **given):
    """Continue with a run. Several sources are read as its recipe says."""
    texts = ()
    if source:
        recipe = run_folder.record_of(run, "resume").recipe
        texts = (source[0] if len(source) == 1 else _console.open_sources(source, recipe),)
    _console.start_keras()
    import tinylm_keras

    tinylm_keras.train(*texts, resume=run, **given, **overrides)
    _console.say(f"Let it write:  tinylm generate {shlex.quote(run)}")


def free_folder(source, preset):
    """Return the first of runs/NAME-PRESET, runs/NAME-PRESET-2, … that does not exist yet."""
    name = os.path.basename(os.path.abspath(source)).split(".")[0].split(":")[-1]
    name = "".join(letter for letter in name if letter.isalnum() or letter in "-_") or "text"
    folder = os.path.join("runs", name if name == preset else f"{name}-{preset}")
    number, candidate = 1, folder
    while os.path.lexists(candidate):
        number += 1
        candidate = f"{folder}-{number}"
    return candidate
