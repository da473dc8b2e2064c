"""`tinylm import`: convert a GPT-2 folder in the format of Hugging Face to one `.keras` file."""

import pathlib
import shlex
from typing import Annotated

import typer

from tinylm_keras import _checks, hub
from tinylm_keras.cli import _console


def import_(
    folder: Annotated[
        str, typer.Argument(help="A folder with config.json, model.safetensors and tokenizer.json.", show_default=False)
    ],
    out: Annotated[
        str | None,
        typer.Option(help="The .keras file to write. Default: model.keras in the folder.", metavar="FILE"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
):
    """Convert a GPT-2 in the format of Hugging Face to one .keras file, which can be trained further.

    Weights are read only from safetensors; a pickle (pytorch_model.bin) is never opened.
    """
    target = _target(folder, out, overwrite)
    _console.start_keras()
    from tinylm_keras.interop import huggingface_in

    model = huggingface_in.load_huggingface(folder)
    model.save(target, overwrite=overwrite)
    _console.answer(f"Written: {target}, {model.count_params():,} weights, context {model.context_length:,}")
    file = shlex.quote(str(target))
    if model.tokenizer is not None:
        _console.answer(f"Write with it: tinylm generate {file} 'Once'")
        _console.answer(f"Train it on:   tinylm train my.txt --init {file}")


def _target(folder, out, overwrite):
    """Return the file to write as a path, or refuse it before the work begins."""
    if not folder or not pathlib.Path(folder).is_dir():
        rule = "must be a folder with config.json and model.safetensors"
        name = folder.removeprefix(hub.SCHEME)
        advice = f"Download it first: hf download {name} --local-dir my-folder" if hub.is_address(folder) else ""
        raise _checks.refuse("folder", rule, folder, advice, error=_console.BadInput)
    path = pathlib.Path(folder, "model.keras") if out is None else _checks.path("out", out)
    if path.suffix != ".keras" and path.name:
        advice = ["Try ", _checks.Argument("out", str(path.with_name(f"{path.name}.keras"))), "."]
        raise _checks.refuse("out", "must end in .keras", str(path), advice, error=_console.BadInput)
    if not path.name or path.is_dir() or not path.parent.is_dir():
        raise _checks.refuse("out", "must be a file in a folder that exists", str(path), error=_console.BadInput)
    if path.exists() and not overwrite:
        advice = ["Choose another name with ", _checks.Argument("out"), ", or add "]
        advice += [_checks.Argument("overwrite", True), "."]
        raise _checks.refuse("out", "must be a new file, but it exists", str(path), advice, error=_console.BadInput)
    return path
