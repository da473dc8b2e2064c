"""`tinylm compare`: baselines from counting to attention on one text, as a table and a plot."""

import shlex
from typing import Annotated

import typer

from tinylm_keras.cli import _arguments, _console, _tables
from tinylm_keras.cli._recipe_options import typed_settings, with_recipe_options
from tinylm_keras.cli.train import BUILT_IN, free_folder

SETTINGS = ("separator", "encoding", "column", "bad_rows", "validation", "end_token", "context_length")
SETTINGS += ("batch_size", "steps", "seed", "jit_compile")


@with_recipe_options(SETTINGS)
def compare(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            help="Text, as for train; several are joined. Default: the built-in stories.", show_default=False
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder for the runs and the comparison. Default: a new one, runs/SOURCE-compare."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            help="Train each model with so many seeds, --seed and the next ones, and show means ± standard deviations.",
            metavar="N",
            parser=_arguments.number("seeds", int),
        ),
    ] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
    **typed,
):
    """Train baselines from unigram to transformer on one text and compare them.

    All models train on the same part of the text and are compared in bits per character of the rest. Each trained model
    is a run in its own subfolder: tinylm generate FOLDER/mlp

    If it is stopped, the same command with --out FOLDER continues it.
    """
    overrides = typed_settings(typed)
    sources = source or [BUILT_IN]
    _console.start_keras()
    from tinylm_keras.baselines import comparison

    recipe = next(iter(comparison.make_recipes(overrides.pop("steps", None), overrides).values()))
    steps = recipe.steps
    texts = sources[0] if len(sources) == 1 else _console.open_sources(sources, recipe)
    folder = free_folder(sources[0], "compare") if out is None else out
    name = _console.JOINED.join(sources)
    with _console.continued_by(folder):
        results = comparison.compare(texts, folder, steps, overwrite, "auto", name, seeds, **overrides)
    show(results)
    _console.say(f"Written: {folder}. Generate text:  tinylm generate {shlex.quote(f'{folder}/{results[-1].name}')}")


def show(results):
    """Print the table of the results, and a line about each baseline."""
    from tinylm_keras.plots.comparison import shown

    headings = ("model", "bits per character", "less than above", "perplexity", "numbers", "steps", "seconds")
    table = _tables.table(*headings, right=range(1, len(headings)))
    above = None
    for result in results:
        bits = result.bits_per_character
        less = "" if above is None else f"{above - bits:+.3f}".replace("+", "").replace("-", "−")
        steps = f"{result.seeds} × {result.steps:,}" if result.seeds > 1 else f"{result.steps:,}"
        how = [steps, f"{result.seconds:.0f}"] if result.trained else ["counted", ""]
        numbers = (less, f"{result.perplexity:.2f}", f"{result.parameters:,}")
        table.add_row(result.name, shown(bits, result.deviation), *numbers, *how)
        above = bits
    _tables.show(table, "", _tables.pairs([(f"{result.name}:", result.line) for result in results], style="bold"))
