"""`tinylm compare`: the ladder from counting to attention on one text, as a table and a picture."""

from typing import Annotated

import typer

from tinylm_keras.cli import _console, _tables
from tinylm_keras.cli._recipe_options import typed_settings, with_recipe_options
from tinylm_keras.cli.train import BUILT_IN, free_folder

SETTINGS = ("separator", "encoding", "column", "bad_rows", "validation", "end_token", "context_length")
SETTINGS += ("batch_size", "steps", "seed", "jit_compile")


@with_recipe_options(SETTINGS)
def compare(
    source: Annotated[
        list[str] | None,
        typer.Argument(help="Text, as for train; several are joined. Left out: built-in stories.", show_default=False),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder for the runs and the comparison. Left out: a new one, runs/SOURCE-compare."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let it replace an existing folder.")] = False,
    **typed,
):
    """Train and count models from unigram to transformer on one text: what does each idea buy?

    All read the same characters, learn the same part of the text and are judged in bits per character of all the rest.
    Each trained model is a run of its own in the folder: tinylm generate FOLDER/mlp
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
    rungs = comparison.compare(texts, folder, steps, overwrite, "auto", name, **overrides)
    show(rungs)
    _console.say(f"Written: {folder}. Let one write:  tinylm generate {folder}/{rungs[-1].name}")


def show(rungs):
    """Print the table of the rungs, and what each idea is."""
    headings = ("model", "bits per character", "less than above", "perplexity", "numbers", "steps", "seconds")
    table = _tables.table(*headings, right=range(1, len(headings)))
    above = None
    for rung in rungs:
        bits = rung.bits_per_character
        less = "" if above is None else f"{above - bits:+.3f}".replace("+", "").replace("-", "−")
        how = [f"{rung.steps:,}", f"{rung.seconds:.0f}"] if rung.trained else ["counted", ""]
        table.add_row(rung.name, f"{bits:.3f}", less, f"{rung.perplexity:.2f}", f"{rung.parameters:,}", *how)
        above = bits
    _tables.show(table, "", _tables.pairs([(f"{rung.name}:", rung.line) for rung in rungs], style="bold"))
