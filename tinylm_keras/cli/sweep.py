"""`tinylm sweep`: one setting with several values, as a table and a plot."""

import shlex
from typing import Annotated

import typer

from tinylm_keras.cli import _arguments, _console, _tables
from tinylm_keras.cli._recipe_options import typed_settings, with_recipe_options
from tinylm_keras.cli.train import BUILT_IN, free_folder
from tinylm_keras.experiments import sweep_values
from tinylm_keras.recipe import presets


@with_recipe_options([name for name in presets.settings() if name != "minutes"])
def sweep(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            help="Text, as for train; several are joined. Default: the built-in stories.", show_default=False
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Preset for all other settings, as for train; a run by minutes makes 500 steps instead.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder for the runs and the result. Default: a new one, runs/SOURCE-sweep."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            help="Train each value with so many seeds, --seed and the next ones, and show means ± standard deviations.",
            metavar="N",
            parser=_arguments.number("seeds", int),
        ),
    ] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
    **typed,
):
    """Train a model with each value of one setting and compare what they reach.

    Give one option of the recipe, a number or a choice, several values separated by commas; all other options have one
    value, as in train. Values whose loss diverges are named.

    If it is stopped, the same command with --out FOLDER continues it.
    """
    settings = read(typed)
    swept, _ = sweep_values.find(settings)
    sources = source or [BUILT_IN]
    if preset is not None and preset != "auto":
        presets.get(preset)  # refused before Keras is imported
    texts = sources[0] if len(sources) == 1 else _joined(sources, settings)
    folder = free_folder(sources[0], "sweep") if out is None else out
    _console.start_keras()
    import tinylm_keras

    name = _console.JOINED.join(sources)
    with _console.continued_by(folder):
        results = tinylm_keras.sweep(texts, preset, folder, overwrite, "auto", name, seeds, **settings)
    show(swept.setting, results)
    _console.say(f"Written: {folder}")
    best = next((result for result in results if result.best), None)
    if best is not None:
        run = shlex.quote(f"{folder}/{sweep_values.shown(best.value)}")
        _console.say(f"Best: {swept.setting} {sweep_values.shown(best.value)}. Generate text:  tinylm generate {run}")


def read(typed):
    """Return the typed settings as values: a list for each that has commas, unless it is a text."""
    several = {name: text for name, text in typed.items() if text and "," in text and sweep_values.has_values(name)}
    settings = typed_settings({name: text for name, text in typed.items() if name not in several})
    for name, text in several.items():
        if presets.settings()[name].metadata["type"] is float:
            _arguments.refuse_decimal_comma(name, text)
        settings[name] = [presets.parse(name, one.strip()) for one in text.split(",")]
    return settings


def _joined(sources, settings):
    """Return several sources as one `Documents`, to be read with the typed settings."""
    from tinylm_keras.text import documents

    how = {name: settings[name] for name in ("separator", "encoding", "column", "bad_rows") if name in settings}
    return documents.Joined([documents.Documents(source, **how) for source in sources])


def show(setting, results):
    """Print the table of the results."""
    from tinylm_keras.plots.comparison import shown

    headings = (setting, "bits per character", "perplexity", "weights", "steps", "seconds", "")
    table = _tables.table(*headings, right=range(1, len(headings) - 1))
    for result in results:
        bits = "" if result.bits_per_character is None else shown(result.bits_per_character, result.deviation)
        perplexity = "" if result.perplexity is None else f"{result.perplexity:.2f}"
        steps = f"{result.seeds} × {result.steps:,}" if result.seeds > 1 else f"{result.steps:,}"
        weights = f"{result.parameters:,}" if result.parameters else ""
        numbers = (bits, perplexity, weights, steps, f"{result.seconds:.0f}")
        table.add_row(sweep_values.shown(result.value), *numbers, _remark(result))
    _tables.show(table)


def _remark(result):
    if result.diverged:
        return "diverged" if result.seeds == 1 else f"{result.diverged} of {result.seeds} diverged"
    return "best" if result.best else ""
