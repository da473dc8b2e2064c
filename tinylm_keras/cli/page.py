"""`tinylm page`: a model as one HTML file in which it writes and shows how."""

import pathlib
from typing import Annotated

import typer

from tinylm_keras import hub
from tinylm_keras.cli import _arguments, _console, _engines

NAME = "page.html"


def page(
    model: Annotated[
        str, typer.Argument(help="A .keras file, a run's folder, or hf://owner/name.", show_default=False)
    ],
    prompt: Annotated[
        str | None,
        typer.Argument(
            help="The text that the page begins with. Left out: a few words that the model writes.", show_default=False
        ),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(
            "--out", help=f"The file to write. Left out: {NAME} beside the model.", metavar="FILE", show_default=False
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(help="The model's name on the page. Left out: that of its run or file.", show_default=False),
    ] = None,
    weights: Annotated[
        str,
        typer.Option(
            help="How weights are kept: float32 is exact and twice as large as float16; int8 is half of it and changes "
            "what the model writes.",
            metavar="float16|float32|int8",
        ),
    ] = "float16",
    without_counts: Annotated[
        bool, typer.Option("--without-counts", help="Leave out counts, which hold pieces of the training text.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --out if it exists.")] = False,
):
    """Make one HTML file in which the model writes and shows how, in a browser and without network.

    It holds the model itself: tokens, probabilities, attention and the numbers of every part are computed in the page.
    """
    file = _console.model_file(model)
    beside = pathlib.Path(NAME) if hub.is_address(model) else file.with_name(NAME)
    texts = {"prompt": prompt, "title": title}
    typed = {name: _arguments.typed_text(name, text) for name, text in texts.items() if text is not None}
    _engines.limit_threads()
    from tinylm_keras import explain

    out = beside if path is None else pathlib.Path(path)
    source = model if hub.is_address(model) else file
    how = {"weights": weights, "without_counts": without_counts, "overwrite": overwrite}
    made = explain.page(source, path=out, **typed, **how)
    for note in made.notes:
        _console.say(note)
    _console.answer(f"Written: {made.path}, {made.bytes:,} bytes")
    _console.answer("Open it in a browser; it needs no network.")
