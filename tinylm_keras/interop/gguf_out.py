"""Writes a model as a GGUF file for llama.cpp and Ollama: a pre-norm `MiniLM` as gpt2, a `RotaryLM` as qwen3."""

from __future__ import annotations

import dataclasses
import json

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.interop import folding, gguf_file, gguf_tokens, huggingface_out
from tinylm_keras.interop.names import Names
from tinylm_keras.interop.refusal import refuse
from tinylm_keras.models import RotaryLM

# llama.cpp's gpt2 has only the tanh GELU, and qwen3 only the SiLU. For large numbers both act as a ReLU: gelu(s x) / s
# differs from relu(x) by at most 0.17 / s. Multiplying by a power of two is exact in float32, but exceeds the range of
# float16; so the whole file is in float32.
LARGE = 2.0**14

_SEPARATE, _GATED = ("attn_q", "attn_k", "attn_v"), ("ffn_gate", "ffn_up")
NAMES = {
    "gpt2": Names(
        ("token_embd", "position_embd", "output_norm", "output"),
        "blk.{}.",
        ("attn_norm", "attn_qkv", "attn_output", "ffn_norm", "ffn_up", "ffn_down"),
    ),
    "qwen3": Names(
        ("token_embd", None, "output_norm", "output"),
        "blk.{}.",
        ("attn_norm", _SEPARATE, "attn_output", "ffn_norm", _GATED, "ffn_down", "attn_q_norm", "attn_k_norm"),
    ),
}


def check(model):
    """Raise unless llama.cpp can run the model; the message says which format to use instead."""
    huggingface_out.check_kind(model, "gguf")
    instead = ["Use ", _checks.Argument("format", "huggingface"), "."]
    if isinstance(model, RotaryLM):
        if model.logit_soft_cap is not None:
            raise huggingface_out.refuse_cap(model, "gguf", "llama.cpp's qwen3 has no such cap")
    elif model.block_config["norm"] == "post":
        raise refuse("A MiniLM with norm='post'", "gguf", "llama.cpp has no such architecture", *instead)
    elif model.block_config["activation"] == "silu":
        raise refuse("A MiniLM with activation='silu'", "gguf", "llama.cpp's gpt2 has only GELU and ReLU", *instead)
    gguf_tokens.check(model.tokenizer)


def notes(model):
    """Return the differences between llama.cpp and this package, as a list of lines."""
    found = []
    if not isinstance(model, RotaryLM) and model.block_config["activation"] == "gelu":
        found.append("llama.cpp uses the tanh approximation of the GELU: log probabilities differ in the third digit.")
    if isinstance(model.tokenizer, gguf_tokens.WhitespaceTokenizer):
        found.append("In llama.cpp an unknown word that begins with a known word becomes that word and an unknown one.")
    if isinstance(model, RotaryLM):
        found.append(f"llama.cpp has no sliding window here: a text ends at {model.context_length} tokens.")
    return found


def write(model, path, license=None):
    """Write a GGUF file in float32.

    Args:
        model: A model that passes `check`.
        path: `pathlib.Path`.
        license: str or None.
    """
    tokens, never = gguf_tokens.describe(model.tokenizer, model.vocabulary_size)
    arrays = folding.arrays_of(model)
    arrays = folding.never(_with_rows(arrays, len(tokens["tokenizer.ggml.tokens"]), model.tokenizer.unk_id), never)
    if isinstance(model, RotaryLM):
        kind, arrays, parts = "qwen3", folding.add_constant(arrays), _qwen3
    else:
        kind, arrays, parts = "gpt2", folding.widen(arrays), _gpt2
    sizes, tensors = parts(model, arrays)
    sizes |= {
        "context_length": model.context_length,
        "embedding_length": arrays.width,
        "feed_forward_length": arrays.inner_width,
        "block_count": len(arrays.blocks),
        "attention.head_count": arrays.num_heads,
    }
    values = {"general.architecture": kind, "general.name": model.name, "general.file_type": 0}
    values |= {} if license is None else {"general.license": license}
    values |= {f"general.sampling.{name}": value for name, value in _sampling(model).items()}
    values |= {f"{kind}.{name}": value for name, value in sizes.items()}
    gguf_file.write(path, values | tokens, tensors)


def modelfile(model, name):
    """Return the text of a Modelfile, with which `ollama create` imports the GGUF file called `name`."""
    names = {"temp": "temperature", "penalty_repeat": "repeat_penalty"}
    parameters = {names.get(name, name): value for name, value in _sampling(model).items()}
    parameters["num_ctx"] = model.context_length
    lines = [f"FROM ./{name}", 'TEMPLATE "{{ .Prompt }}"']
    lines += [f"PARAMETER {name} {value}" for name, value in parameters.items()]
    stops = model.generation_defaults.get("stop") or ()
    lines += [f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}" for stop in stops]
    return "\n".join(lines) + "\n"


def _sampling(model):
    """Return all settings of sampling, for which llama.cpp and Ollama have other defaults."""
    defaults = {name: value for name, value in model.generation_defaults.items() if value is not None}
    return {
        "temp": float(defaults.get("temperature", 1.0)),
        "top_k": int(defaults.get("top_k", 0)),
        "top_p": float(defaults.get("top_p", 1.0)),
        "min_p": float(defaults.get("min_p", 0.0)),
        "penalty_repeat": float(defaults.get("repetition_penalty", 1.0)),
    }


def _with_rows(arrays, size, like):
    """Return arrays with more ids, whose embeddings are copies of that of the id `like`."""
    more = size - len(arrays.tokens)
    if not more:
        return arrays
    rows = np.repeat(arrays.tokens[[0 if like is None else like]], more, axis=0)
    bias = None if arrays.head_bias is None else np.pad(arrays.head_bias, (0, more))
    head = np.pad(arrays.head, [(0, 0), (0, more)])
    return dataclasses.replace(arrays, tokens=np.concatenate([arrays.tokens, rows]), head=head, head_bias=bias)


def _gpt2(model, arrays):
    if model.block_config["activation"] == "relu":
        arrays = dataclasses.replace(arrays, blocks=[_enlarged(block) for block in arrays.blocks])
    return {"attention.layer_norm_epsilon": arrays.epsilon}, NAMES["gpt2"].tensors(arrays)


def _enlarged(block):
    (up, up_bias), (down, down_bias) = block["expand"], block["contract"]
    return block | {"expand": (up * LARGE, up_bias * LARGE), "contract": (down / LARGE, down_bias)}


def _qwen3(model, arrays):
    attention, tensors = model.blocks[0].attention, NAMES["qwen3"].tensors(arrays)
    for index in range(len(arrays.blocks)):
        tensors[f"blk.{index}.ffn_gate.weight"] = tensors[f"blk.{index}.ffn_gate.weight"] * LARGE
        tensors[f"blk.{index}.ffn_up.weight"] = tensors[f"blk.{index}.ffn_up.weight"] / LARGE
    return {
        "attention.layer_norm_rms_epsilon": float(arrays.epsilon),
        "attention.head_count_kv": arrays.num_heads,
        "attention.key_length": attention.head_dim,
        "attention.value_length": attention.head_dim,
        "rope.freq_base": float(attention.rotary.max_wavelength),
    }, tensors
