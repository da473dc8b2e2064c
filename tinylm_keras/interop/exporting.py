"""One function for every way out: what is asked for is checked before anything is written."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tinylm_keras import _checks, _files, _folders, saving
from tinylm_keras.baselines import MixtureLM, NGramLM
from tinylm_keras.interop import gguf_out, huggingface_out, keras_export, model_card, safetensors_file
from tinylm_keras.models import LanguageModel
from tinylm_keras.training import origin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from tinylm_keras._types import Path

# Each format with what its file ends in; None where it is a folder.
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
        bytes: int. Size of all that was written.
        notes: list of str. What there is to know about it, a line each.
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
    - "safetensors": one file with the weights by the names that they have here, for programs of one's own.
    - "onnx", "saved-model", "litert": the forward pass as a graph, by Keras: int32 ids `[B, T]` in, logits out.

    What a format cannot hold is refused. Of a mixture with counts the network alone is exported.

    Args:
        model: `LanguageModel`, or str or path of a `.keras` file or of a run's folder.
        path: str or path of the file or the folder to write.
        format: str. One of the six.
        overwrite: bool. Whether files that exist are replaced. In a folder, other files stay.
        license: str or None. Of the model, for the card and the GGUF file: "mit", "cc-by-4.0", ….
        language: str or list of str, or None. Language codes for the card: "en".
        without_counts: bool. Whether `model.keras` in the folder is the network alone too. Counts contain pieces of
            the text that they were counted from.

    Returns:
        An `Exported`.

    Raises:
        ValueError: if the format cannot hold the model, or something exists and `overwrite` is False.
        ImportError: if a package is missing.
        OSError: if nothing can be written there; nothing is left behind.

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
            beside.write_text(gguf_out.modelfile(network, target.name), encoding="utf-8", newline="\n")
    elif FORMATS[format] is None:
        whole = network if without_counts else model
        card = model_card.text(network, target.resolve().name, record, license, languages, whole is not network)
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
    """Return a model as it is, but of a mixture its network, as a model of its own with the tokenizer."""
    if not isinstance(model, MixtureLM):
        return model
    parts = {name: value for name, value in model.get_config().items() if name in ("tokenizer", "generation_defaults")}
    config = {**model.network.get_config(), **parts, "first_tokens": [list(pair) for pair in model.first_tokens]}
    network = type(model.network).from_config(config)
    network.set_weights(model.network.get_weights())
    return network


def _opened(model):
    """The model, and the record of the run that made it, or None."""
    if isinstance(model, LanguageModel):
        return model, None
    if not isinstance(model, (str, os.PathLike)):
        rule = "must be a LanguageModel, or the path of a .keras file or of a run's folder"
        raise _checks.refuse("model", rule, model, error=TypeError)
    file = pathlib.Path(model)
    file = file / "model.keras" if file.is_dir() else file
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
    """The path to write, or raise: it must end as its format does, and may only exist when it is to be overwritten."""
    suffix = FORMATS[to]
    if suffix is None:
        try:
            return _folders.new_folder(path, overwrite, holds="files")
        except (ValueError, TypeError) as error:  # which calls the argument `out`
            named = (
                _checks.Argument("path", one.value) if getattr(one, "name", "") == "out" else one for one in error.parts
            )
            raise _checks.refusal(*named, error=type(error)) from None
    if not isinstance(path, (str, os.PathLike)):
        raise _checks.refuse("path", "must be the path of a file", path, error=TypeError)
    path = pathlib.Path(path)
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
    """Refuse to replace the file that is exported: its counts and its optimizer would be lost."""
    if to != "huggingface" or not isinstance(model, (str, os.PathLike)):
        return
    source, ours = pathlib.Path(model), target / "model.keras"
    source = source / "model.keras" if source.is_dir() else source
    if source.exists() and ours.exists() and os.path.samefile(source, ours):
        rule = "must be another folder than that of the model, whose model.keras would be replaced"
        raise _checks.refuse("path", rule, str(target), "Choose another name.")


def _write_folder(target, to, overwrite, network, whole, card):
    """Write all files in a new folder beside their places, then move each to its place."""
    with _folders.claimed(target, overwrite, holds="files") as folder:
        stage = pathlib.Path(tempfile.mkdtemp(prefix=".export.", dir=folder))
        try:
            if to == "saved-model":
                keras_export.write(network, stage, to)
                names = os.listdir(stage)
            else:
                huggingface_out.write(network, stage)
                _bare(whole).save(stage / "model.keras")
                (stage / "README.md").write_text(card, encoding="utf-8", newline="\n")
                names = [*huggingface_out.FILES, "model.keras", "README.md"]
            _check_folders(stage, folder, names)
            for name in names:  # what an earlier export left and this one lacks goes too
                _move(stage / name, folder / name)
        except OSError as error:
            raise _folders.unwritable(target, error) if _files.is_of_the_disk(error) else error from None
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        return [folder / name for name in names]


def _check_folders(stage, folder, names):
    """Refuse to replace folders that no earlier export has written: they hold the user's files."""
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


def _bare(model):
    """A copy of a model without its optimizer, whose numbers take twice the room of the weights."""
    if not model.compiled:
        return model
    copy = type(model).from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy


def _write_weights(model, path):
    """Write the weights by their names here, and the config, without the tokenizer, among the metadata."""
    weights = [weight for weight in model.weights if "seed" not in weight.path.rsplit("/", 1)[-1]]
    arrays = (np.asarray(keras.ops.convert_to_numpy(weight), "float32") for weight in weights)
    tensors = dict(zip((weight.path.removeprefix(f"{model.name}/") for weight in weights), arrays, strict=True))
    config: dict[str, Any] = {name: value for name, value in model.get_config().items() if name != "tokenizer"}
    content = json.dumps(config, ensure_ascii=False)
    safetensors_file.write(path, tensors, {"class": type(model).__name__, "config": content})


def _size(path):
    return sum(one.stat().st_size for one in (path, *path.rglob("*")) if one.is_file())
