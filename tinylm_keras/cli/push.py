"""`tinylm push`: a model's folder on the Hugging Face hub."""

from typing import Annotated

import typer

from tinylm_keras import hub
from tinylm_keras.cli import _console


def push(
    folder: Annotated[
        str,
        typer.Argument(help="A folder with model.keras and its card, README.md.", show_default=False),
    ],
    name: Annotated[str, typer.Argument(help="Where to: owner/name.", show_default=False)],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
):
    """Push a model and its card to the Hugging Face hub; every command then takes hf://owner/name as MODEL.

    The card (README.md) must state a licence. Sign in first, with: hf auth login
    """
    _console.answer(f"Pushed to {hub.push(folder, name, private)}")
    _console.answer(f"Try it: tinylm generate hf://{name} 'Once'")
