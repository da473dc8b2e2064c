"""Reads a GPT-2 folder in the format of Hugging Face into a `MiniLM`."""

from __future__ import annotations

import operator
import pathlib
import re
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks, archive, saving
from tinylm_keras._terminal import printable
from tinylm_keras.archive.refusal import shown
from tinylm_keras.interop import huggingface_config, huggingface_tokenizer, safetensors_file
from tinylm_keras.models import MiniLM

if TYPE_CHECKING:
    from tinylm_keras._types import Path

MOST_FILES = 1000

# The logit of padding, which is not a token of GPT-2: its probability becomes 0.
NEVER = -1e4

# Masks that older versions of transformers saved with the weights. "attn.c_attn.bias" is not one of them.
_BUFFER = re.compile(r"h\.\d+\.attn\.(bias|masked_bias)")
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "model.pth")

_SHARD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors")

_BLOCK = {
    "attention_norm": "ln_1",
    "attention.query_key_value": "attn.c_attn",
    "attention.projection": "attn.c_proj",
    "feed_forward_norm": "ln_2",
    "expand": "mlp.c_fc",
    "contract": "mlp.c_proj",
}


def load_huggingface(folder: Path) -> MiniLM:
    """Read a GPT-2 in the format of Hugging Face (config.json, model.safetensors, tokenizer.json) into a `MiniLM`.

    The logits are those of GPT-2, and so are the ids of every text that does not spell a control token. The vocabulary
    has one more row, for padding, whose logit a bias of the head keeps at -10,000. A head that was tied to the token
    table becomes a copy, which is trained separately. Weights are read only from safetensors, in float32, float16 or
    bfloat16; a pickle is never opened. The folder may come from an untrusted source: its declared sizes are compared
    with its files before memory is allocated.

    Args:
        folder: str or path. The weights may be in several files, with model.safetensors.index.json.

    Returns:
        A `MiniLM` with `norm="pre"`, in float32, not compiled.

    Raises:
        FileNotFoundError: if the folder does not exist or has no config.json.
        ValueError: if it is another model, a GPT-2 that `MiniLM` does not support, or incomplete; the message names the
            entry, tensor or file.

    Example:

    >>> load_huggingface("no-such-folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: no-such-folder does not exist. Name a folder with config.json and model.safetensors.

    References:
        Radford et al., Language models are unsupervised multitask learners (2019); github.com/huggingface/safetensors.
    """
    folder = pathlib.Path(folder)
    place = printable(folder)
    if not folder.exists():
        raise FileNotFoundError(f"{place} does not exist. Name a folder with config.json and model.safetensors.")
    if not folder.is_dir():
        rule = "must be a folder with config.json and model.safetensors"
        raise _checks.refuse("folder", rule, str(folder))
    if not (folder / "config.json").exists():
        raise FileNotFoundError(f"{place} has no config.json. Name a folder with config.json and model.safetensors.")
    try:
        return _load(folder)
    except archive.Refused as refused:
        advice = ""
        if (folder / "model.keras").exists():
            advice = " Its model.keras is a model of this package: use that."
        raise ValueError(f"{place} {refused}{advice}") from None


def _load(folder):
    config = huggingface_config.read(huggingface_tokenizer.read_json(folder, "config.json"))
    found = _tensors(folder)
    _check(found, config)
    tokenizer, rows = huggingface_tokenizer.read(folder, config)
    table = _read(found, "wte.weight")[:rows]
    head = _head(found, config, table)[:rows]
    sizes = {"vocabulary_size": rows} if tokenizer is None else {"tokenizer": tokenizer}
    extra = 0 if tokenizer is None else tokenizer.vocabulary_size() - rows  # a row for padding, or none
    with saving.construction:
        model = MiniLM(**sizes, **config.arguments, head_bias=extra > 0)
    for name, variable in _variables(model):
        variable.assign(_read(found, name))
    model.embedding.token_embedding.embeddings.assign(np.pad(table, ((0, extra), (0, 0))))
    model.head.kernel.assign(np.pad(head, ((0, extra), (0, 0))).T)
    if extra:
        model.head.bias.assign(np.pad(np.zeros(rows, "float32"), (0, extra), constant_values=NEVER))
    return model


def _variables(model):
    """Yield pairs of the name of a tensor and its variable, without those of the vocabulary."""
    yield "wpe.weight", model.embedding.position_embedding.embeddings
    yield from _of(model.final_norm, "ln_f")
    for number, block in enumerate(model.blocks):
        for path, name in _BLOCK.items():
            yield from _of(operator.attrgetter(path)(block), f"h.{number}.{name}")


def _of(layer, name):
    weight, bias = (layer.gamma, layer.beta) if hasattr(layer, "gamma") else (layer.kernel, layer.bias)
    yield f"{name}.weight", weight
    yield f"{name}.bias", bias


def _tensors(folder):
    """Return the `safetensors_file.Tensor` of each weight by its name, without the prefix "transformer."."""
    found, names = {}, ["model.safetensors"]
    if not (folder / names[0]).exists():
        names = _shards(folder)
    for name in names:
        for tensor, place in safetensors_file.tensors(folder / name).items():
            tensor = tensor.removeprefix("transformer.")
            if tensor in found:
                raise archive.Refused(f"holds the tensor {shown(tensor)} twice.")
            found[tensor] = place
    return {name: place for name, place in found.items() if not _BUFFER.fullmatch(name)}


def _shards(folder):
    """Return the names of the files with the weights, which are all directly in the folder."""
    index = "model.safetensors.index.json"
    if not (folder / index).exists():
        pickle = next((name for name in _PICKLES if (folder / name).exists()), None)
        if pickle is None:
            raise archive.Refused("has no model.safetensors, and weights are read from no other file.")
        raise archive.Refused(
            f"has its weights in {pickle}, a pickle, which can run any code and is never opened. Convert it with "
            "transformers: AutoModelForCausalLM.from_pretrained(folder).save_pretrained(other_folder)."
        )
    content = huggingface_tokenizer.read_json(folder, index)
    places = content.get("weight_map") if isinstance(content, dict) else None
    names = list(places.values()) if isinstance(places, dict) else [None]
    if not all(isinstance(name, str) and _SHARD.fullmatch(name) for name in names):
        raise archive.Refused(f"has a {index} that names no safetensors files of the folder.")
    names = sorted(set(names))
    if len(names) > MOST_FILES:
        raise archive.Refused(f"has its weights in more than {MOST_FILES:,} files.")
    missing = next((name for name in names if not (folder / name).exists()), None)
    if missing is not None:
        raise archive.Refused(f"has a {index} that names {missing}, which does not exist.")
    return names


def _check(found, config):
    """Refuse weights that differ from those of the model in config.json."""
    width, inner = config.arguments["embed_dim"], config.arguments["feed_forward_dim"]
    shapes = {"ln_1": (width,), "ln_2": (width,), "attn.c_attn": (width, 3 * width), "attn.c_proj": (width, width)}
    shapes |= {"mlp.c_fc": (width, inner), "mlp.c_proj": (inner, width)}
    shapes = {
        f"h.{block}.{name}": shape for block in range(config.arguments["num_blocks"]) for name, shape in shapes.items()
    }
    shapes["ln_f"] = (width,)
    expected = {f"{name}.weight": shape for name, shape in shapes.items()}
    expected |= {f"{name}.bias": shape[-1:] for name, shape in shapes.items()}
    expected["wpe.weight"] = (config.arguments["context_length"], width)
    expected["wte.weight"] = (config.vocabulary_size, width)
    if not config.tied or "lm_head.weight" in found:
        expected["lm_head.weight"] = (config.vocabulary_size, width)
    for name, shape in expected.items():
        if name not in found:
            raise archive.Refused(f"has no tensor {name}, which its config.json requires.")
        if found[name].shape != shape:
            raise archive.Refused(
                f"has a tensor {name} of shape {found[name].shape}; its config.json requires {shape}."
            )
    unknown = next((name for name in found if name not in expected), None)
    if unknown is not None:
        raise archive.Refused(f"has a tensor {shown(unknown)}, which a GPT-2 with its config.json does not have.")


def _head(found, config, table):
    """Return the kernel of the head, with one row for each token."""
    if "lm_head.weight" not in found:
        return table
    head = _read(found, "lm_head.weight")
    if config.tied and not np.array_equal(head[: len(table)], table):
        rule = "has tie_word_embeddings in its config.json, but a lm_head.weight that differs from wte.weight"
        raise archive.Refused(f"{rule}. Set tie_word_embeddings to false if the head is separate.")
    return head


def _read(found, name):
    array = found[name].read()
    if not np.isfinite(array).all():
        raise archive.Refused(f"holds weights that are not finite ({name}): its training diverged.")
    return array
