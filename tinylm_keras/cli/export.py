"""`tinylm export`: write a model for other programs."""

import pathlib
import shlex
from typing import Annotated

import typer

from tinylm_keras import hub
from tinylm_keras.cli import _console

# The file or folder that each format writes beside the model by default.
NAMES = {
    "gguf": "model.gguf",
    "huggingface": "huggingface",
    "safetensors": "model.safetensors",
    "onnx": "model.onnx",
    "saved-model": "saved-model",
    "litert": "model.tflite",
}


def export(
    model: Annotated[str, typer.Argument(help="A .keras file, or a run's folder.", show_default=False)],
    format: Annotated[
        str,
        typer.Option(
            "--to",
            help="gguf: llama.cpp, Ollama. huggingface: a folder for transformers. safetensors: the weights alone. "
            "onnx, saved-model, litert: the forward pass as a graph.",
            metavar="|".join(NAMES),
            show_default=False,
        ),
    ],
    path: Annotated[
        str | None,
        typer.Option(
            "--out", help="The file or folder to write. Default: beside the model.", metavar="PATH", show_default=False
        ),
    ] = None,
    license: Annotated[
        str | None,
        typer.Option(help="Licence of the model, for its card: mit, cc-by-4.0, …", metavar="NAME", show_default=False),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            help="Language of its text, for its card: en, de, …; may be repeated.", metavar="CODE", show_default=False
        ),
    ] = None,
    without_counts: Annotated[
        bool,
        typer.Option("--without-counts", help="Also leave counts (pieces of the text) out of model.keras."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
):
    """Export a model to a format of other programs, with its tokenizer if the format can contain one.

    Models that a format cannot represent are refused. Of a mixture with counts, only the network is exported.
    """
    from tinylm_keras import _checks

    _checks.one_of("format", format, tuple(NAMES))
    file = _console.model_file(model)
    _console.start_keras()
    from tinylm_keras.interop import exporting

    beside = pathlib.Path(NAMES[format]) if hub.is_address(model) else file.with_name(NAMES[format])
    settings = {"license": license, "language": language, "without_counts": without_counts}
    done = exporting.export(file, beside if path is None else path, format, overwrite=overwrite, **settings)
    for note in done.notes:
        _console.say(note)
    _console.answer(f"Written: {done.path}, {done.bytes:,} bytes")
    _console.answer(f"Use it:  {usage(format, done.path)}")


def usage(format, path):
    """Return a line that shows how an exported model is used."""
    shown = shlex.quote(str(path))
    folder = shlex.quote(str(path.parent))
    return {
        "gguf": f"llama-cli -m {shown} -no-cnv -p Once   or, in {folder}:   ollama create my-model",
        "huggingface": f"transformers.pipeline('text-generation', {str(path)!r})('Once')",
        "safetensors": f"safetensors.numpy.load_file({str(path)!r})",
        "onnx": f"onnxruntime.InferenceSession({str(path)!r}).run(None, {{'token_ids': ids}})",
        "saved-model": f"tensorflow.saved_model.load({str(path)!r}).serve(ids)",
        "litert": f"ai_edge_litert.interpreter.Interpreter({str(path)!r}).get_signature_runner()",
    }[format]
