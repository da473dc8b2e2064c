"""The function `export` for all formats. All arguments are validated before anything is written."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tinylm_keras import _checks, _files, _folders, _terminal, hub, saving
from tinylm_keras.baselines import MixtureLM, NGramLM
from tinylm_keras.interop import gguf_out, huggingface_out, keras_export, model_card, safetensors_file
from tinylm_keras.models import LanguageModel
from tinylm_keras.training import origin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from tinylm_keras._types import Path

# The file name extension of each format; None for a folder.
FORMATS = {
    "gguf": ".gguf",
    "huggingface": None,
    "safetensors": ".safetensors",
    "onnx": ".onnx",
    "saved-model": None,
    "litert": ".tflite",
}
MODELFILE = "Modelfile"


@dataclasses.dataclass(frozen=True)
class Exported:
    """What `export` wrote.

    Attributes:
        path: `pathlib.Path`. The file or the folder.
        bytes: int. Total size.
        notes: list of str. Remarks for the user, one line each.
    """

    path: pathlib.Path
    bytes: int
    notes: list


def export(
    model: LanguageModel | Path,
    path: Path,
    format: Literal["gguf", "huggingface", "safetensors", "onnx", "saved-model", "litert"],
    *,
    overwrite: bool = False,
    license: str | None = None,
    language: str | Sequence[str] | None = None,
    without_counts: bool = False,
) -> Exported:
    """Write a model for other programs.

    - "gguf": one file for llama.cpp, Ollama and LM Studio, tokenizer included, and a `Modelfile` beside it.
    - "huggingface": a folder for `transformers`: GPT-2, OPT or Qwen3, with tokenizer, model card and `model.keras`.
    - "safetensors": one file with the weights under the names of this package, for programs of your own.
    - "onnx", "saved-model", "litert": the forward pass as a graph, by Keras: int32 ids `[B, T]` in, logits out.

    Models that a format cannot represent are refused. Of a mixture with counts, only the network is exported.

    Args:
        model: `LanguageModel`, or str or path of a `.keras` file or of a run's folder.
        path: str or path of the file or folder to write.
        format: str. One of the six names above.
        overwrite: bool. Whether to replace existing files. Other files in a folder are kept.
        license: str or None. Licence of the model, for the card and the GGUF file: "mit", "cc-by-4.0", ….
        language: str or list of str, or None. Language codes for the card: "en".
        without_counts: bool. Whether `model.keras` in the folder is also only the network. Counts contain pieces of
            the text that they were counted from.

    Returns:
        An `Exported`.

    Raises:
        ValueError: if the format cannot represent the model, or if a file exists and `overwrite` is False.
        ImportError: if a package is missing.
        OSError: if the files cannot be written. Nothing is left behind.

    Example:

    >>> import pathlib, tempfile
    >>> import tinylm_keras as tlm
    >>> model = tlm.MiniLM(vocabulary_size=10, context_length=8, embed_dim=8, norm="pre")
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> export(model, path, "safetensors").bytes > 10_000
    True

    References:
        GGUF: github.com/ggml-org/ggml/blob/master/docs/gguf.md; safetensors: github.com/huggingface/safetensors.
    """
    _checks.one_of("format", format, tuple(FORMATS))
    for name, value in (("overwrite", overwrite), ("without_counts", without_counts)):
        if not isinstance(value, bool):
            raise _checks.refuse(name, "must be True or False", value, error=TypeError)
    languages = model_card.check(license, language)
    target = _target(path, format, overwrite)
    _check_source(model, target, format)
    model, record = _opened(model)
    network = network_of(model)
    notes = _notes(model, network, record, without_counts)
    _check(network, format)
    if format == "gguf":
        notes += gguf_out.notes(network)
        written = [target, target.with_name(MODELFILE)]
        with _files.atomic_path(written[0]) as file, _files.atomic_path(written[1]) as beside:
            gguf_out.write(network, file, license)
            text = gguf_out.modelfile(network, target.name)
            beside.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")  # any file name
    elif FORMATS[format] is None:
        whole = network if without_counts else model
        name = _terminal.printable(target.resolve().name)
        card = model_card.text(network, name, record, license, languages, whole is not network)
        written = _write_folder(target, format, overwrite, network, whole, card)
        notes += _notes_of_folder(format, model, network, without_counts, license)
    else:
        written = [target]
        with _files.atomic_path(target) as temporary:
            if format == "safetensors":
                _write_weights(network, temporary)
            else:
                keras_export.write(network, temporary, format)
    return Exported(target, sum(_size(one) for one in written), notes)


def network_of(model: LanguageModel) -> LanguageModel:
    """Return the network of a mixture as a model of its own, with the tokenizer; return any other model unchanged."""
    if not isinstance(model, MixtureLM):
        return model
    whole = model.get_config()
    return _copy(model.network, {name: whole[name] for name in ("tokenizer", "generation_defaults", "first_tokens")})


def _copy(model, changes=None):
    """Return a model of the same weights, with changes in its config, and without the optimizer."""
    copy = type(model).from_config(model.get_config() | (changes or {}))
    copy.set_weights(model.get_weights())
    return copy


def _opened(model):
    """Return the model, and the record of the run that trained it, or None."""
    if isinstance(model, LanguageModel):
        return model, None
    if not isinstance(model, (str, os.PathLike)):
        rule = "must be a LanguageModel, or the path of a .keras file or of a run's folder"
        raise _checks.refuse("model", rule, model, error=TypeError)
    file = hub.file_of(model)
    loaded = saving.load_model(file)
    return loaded, origin.find(file, loaded).record


def _check(model, to):
    if to == "gguf":
        gguf_out.check(model)
    elif to == "huggingface":
        huggingface_out.check(model)
    elif to != "safetensors":
        keras_export.check(model, to)


def _notes(model, network, record, without_counts):
    if isinstance(model, NGramLM):
        if without_counts:
            raise _checks.refuse("without_counts", "must be False for an NGramLM, which is counts alone", True)
        return ["The file contains counts, and with them pieces of the text they were counted from."]
    if network is model:
        return []
    line = "The network alone is exported, without the counts"
    bits = {} if record is None else record.values.get("result", {}).get("bits_per_character", {})
    if isinstance(bits, dict) and all(isinstance(bits.get(name), float) for name in ("mixture", "network")):
        line += ": {network:.3f} bits per character of the validation text, {mixture:.3f} with them".format(**bits)
    return [f"{line}."]


def _notes_of_folder(to, model, network, without_counts, license):
    if to != "huggingface":
        return []
    notes = []
    if model is not network and not without_counts:
        words = "model.keras in it contains the counts, and with them pieces of the text it learned from. To leave them"
        notes.append(f"{words} out, export with without_counts (--without-counts).")
    if license is None:
        notes.append("The model card states no licence. Before you publish it, export with a license (--license mit).")
    if model.tokenizer is None:
        notes.append("The model has no tokenizer, so the folder has none: it takes ids alone.")
    return notes


def _target(path, to, overwrite):
    """Return the path to write, or raise if it has another extension than the format, or exists without `overwrite`."""
    suffix = FORMATS[to]
    if suffix is None:
        return _folders.new_folder(path, overwrite, "files", "path")
    path = _checks.path("path", path)
    if path.suffix.lower() != suffix:
        advice = ["Try ", _checks.Argument("path", str(path.with_name(path.name + suffix))), "."] if path.name else ""
        raise _checks.refuse("path", f'must end in "{suffix}" for the format {to}', str(path), advice)
    if not path.parent.is_dir():
        raise _checks.refuse("path", "must be in a folder that exists", str(path), f"Make {path.parent} first.")
    for one in [path, *([path.with_name(MODELFILE)] if to == "gguf" else [])]:
        if one.is_dir() or (os.path.lexists(one) and not one.is_file()):
            raise _checks.refuse("path", "must be an ordinary file", str(one), "Choose another name.")
        if one.exists() and not overwrite:
            beside = "must be a new file, but it exists" if one == path else "must be in a folder without a Modelfile"
            advice = ["Choose another name, or pass ", _checks.Argument("overwrite", True), "."]
            raise _checks.refuse("path", beside, str(one), advice)
    return path


def _check_source(model, target, to):
    """Refuse to replace the exported file itself, whose counts and optimizer would be lost."""
    if to != "huggingface" or not isinstance(model, (str, os.PathLike)):
        return
    source, ours = hub.file_of(model), target / "model.keras"
    if source.exists() and ours.exists() and os.path.samefile(source, ours):
        rule = "must be another folder than that of the model, whose model.keras would be replaced"
        raise _checks.refuse("path", rule, str(target), "Choose another name.")


def _write_folder(target, to, overwrite, network, whole, card):
    """Write all files into a stage inside the folder, then move each to its place; return their paths."""
    with _folders.claimed(target, overwrite, "files", argument="path") as folder:
        try:
            with _folders.stage(folder) as stage:
                names = _write_files(stage, to, network, whole, card)
                _check_folders(stage, folder, names)
                for name in names:  # a file that an earlier export wrote and this one lacks is removed
                    _move(stage / name, folder / name)
        except OSError as error:
            raise _folders.unwritable(target, error, "path") if _files.is_of_the_disk(error) else error from None
        return [folder / name for name in names]


def _write_files(stage, to, network, whole, card):
    """Write all files of a format that is a folder; return the names of all that such a folder may have."""
    if to == "saved-model":
        keras_export.write(network, stage, to)
        return os.listdir(stage)
    huggingface_out.write(network, stage)
    bare = _copy(whole) if whole.compiled else whole  # an optimizer takes twice the room of the weights
    bare.save(stage / "model.keras")
    (stage / "README.md").write_text(card, encoding="utf-8", newline="\n")
    return [*huggingface_out.FILES, "model.keras", "README.md"]


def _check_folders(stage, folder, names):
    """Refuse to replace folders that no earlier export wrote, because they contain the user's files."""
    ours = (folder / "saved_model.pb").exists()
    for name in names:
        if (folder / name).is_dir() and not ((stage / name).is_dir() and ours):
            rule = f"must be a folder without a folder {name}, which would be replaced"
            raise _checks.refuse("path", rule, str(folder), "Choose another name.")


def _move(source, target):
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif not source.exists():
        target.unlink(missing_ok=True)
    if source.exists():
        os.replace(source, target)


def _write_weights(model, path):
    """Write the weights under the names of this package, and the config without the tokenizer as metadata."""
    weights = [weight for weight in model.weights if "seed" not in weight.path.rsplit("/", 1)[-1]]
    arrays = (np.asarray(keras.ops.convert_to_numpy(weight), "float32") for weight in weights)
    tensors = dict(zip((weight.path.removeprefix(f"{model.name}/") for weight in weights), arrays, strict=True))
    config: dict[str, Any] = {name: value for name, value in model.get_config().items() if name != "tokenizer"}
    content = json.dumps(config, ensure_ascii=False)
    safetensors_file.write(path, tensors, {"class": type(model).__name__, "config": content})


def _size(path):
    return sum(one.stat().st_size for one in (path, *path.rglob("*")) if one.is_file())
