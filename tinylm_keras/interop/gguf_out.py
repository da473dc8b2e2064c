"""A model as a GGUF file, which llama.cpp and Ollama run: a pre-norm `MiniLM` as gpt2, a `RotaryLM` as qwen3."""

from __future__ import annotations

import dataclasses
import json

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.interop import folding, gguf_file, gguf_tokens, huggingface_out
from tinylm_keras.interop.refusal import refuse
from tinylm_keras.models import RotaryLM

# llama.cpp's gpt2 knows the tanh GELU alone, and qwen3 the SiLU. Of large numbers both are a ReLU: gelu(s x) / s is
# relu(x) within 0.17 / s. Powers of two round nothing, but float16 cannot hold the products: all is float32 here.
LARGE = 2.0**14


def check(model):
    """Raise unless llama.cpp can run the model; the message says what to do instead."""
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
    """Return what is not exactly the same in llama.cpp, as a list of lines."""
    found = []
    if not isinstance(model, RotaryLM) and model.block_config["activation"] == "gelu":
        found.append(
            "llama.cpp has no exact GELU and takes its tanh approximation: log probabilities differ in the third digit."
        )
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
    """Return the text of a Modelfile, from which `ollama create` takes the GGUF file called `name`."""
    names = {"temp": "temperature", "penalty_repeat": "repeat_penalty"}
    parameters = {names.get(name, name): value for name, value in _sampling(model).items()}
    parameters["num_ctx"] = model.context_length
    lines = [f"FROM ./{name}", 'TEMPLATE "{{ .Prompt }}"']
    lines += [f"PARAMETER {name} {value}" for name, value in parameters.items()]
    stops = model.generation_defaults.get("stop") or ()
    lines += [f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}" for stop in stops]
    return "\n".join(lines) + "\n"


def _sampling(model):
    """All that llama.cpp and Ollama would else choose themselves."""
    defaults = {name: value for name, value in model.generation_defaults.items() if value is not None}
    return {
        "temp": float(defaults.get("temperature", 1.0)),
        "top_k": int(defaults.get("top_k", 0)),
        "top_p": float(defaults.get("top_p", 1.0)),
        "min_p": float(defaults.get("min_p", 0.0)),
        "penalty_repeat": float(defaults.get("repetition_penalty", 1.0)),
    }


def _with_rows(arrays, size, like):
    """Arrays with further ids that are read as the id `like`."""
    more = size - len(arrays.tokens)
    if not more:
        return arrays
    rows = np.repeat(arrays.tokens[[0 if like is None else like]], more, axis=0)
    bias = None if arrays.head_bias is None else np.pad(arrays.head_bias, (0, more))
    head = np.pad(arrays.head, [(0, 0), (0, more)])
    return dataclasses.replace(arrays, tokens=np.concatenate([arrays.tokens, rows]), head=head, head_bias=bias)


def _gpt2(model, arrays):
    large = LARGE if model.block_config["activation"] == "relu" else 1.0
    tensors = _tensor("token_embd", arrays.tokens.T) | _tensor("position_embd", arrays.positions.T)
    names = {"attention_norm": "attn_norm", "query_key_value": "attn_qkv", "projection": "attn_output"}
    names |= {"feed_forward_norm": "ffn_norm"}
    for index, block in enumerate(arrays.blocks):
        for part, name in names.items():
            tensors |= _tensor(f"blk.{index}.{name}", *block[part])
        (up, up_bias), (down, down_bias) = block["expand"], block["contract"]
        tensors |= _tensor(f"blk.{index}.ffn_up", up * large, up_bias * large)
        tensors |= _tensor(f"blk.{index}.ffn_down", down / large, down_bias)
    tensors |= _tensor("output_norm", *arrays.final_norm) | _tensor("output", arrays.head)
    return {"attention.layer_norm_epsilon": arrays.epsilon}, tensors


def _qwen3(model, arrays):
    attention = model.blocks[0].attention
    tensors = _tensor("token_embd", arrays.tokens.T)
    names = {"attention_norm": "attn_norm", "query_norm": "attn_q_norm", "key_norm": "attn_k_norm"}
    names |= {"projection": "attn_output", "feed_forward_norm": "ffn_norm", "contract": "ffn_down"}
    for index, block in enumerate(arrays.blocks):
        for part, name in names.items():
            tensors |= _tensor(f"blk.{index}.{name}", *block[part])
        for letter, kernel in zip("qkv", np.split(block["query_key_value"][0], 3, axis=-1), strict=True):
            tensors |= _tensor(f"blk.{index}.attn_{letter}", kernel)
        [kernel] = block["expand"]
        tensors |= _tensor(f"blk.{index}.ffn_gate", kernel * LARGE) | _tensor(f"blk.{index}.ffn_up", kernel / LARGE)
    tensors |= _tensor("output_norm", *arrays.final_norm) | _tensor("output", arrays.head)
    return {
        "attention.layer_norm_rms_epsilon": float(arrays.epsilon),
        "attention.head_count_kv": arrays.num_heads,
        "attention.key_length": attention.head_dim,
        "attention.value_length": attention.head_dim,
        "rope.freq_base": float(attention.rotary.max_wavelength),
    }, tensors


def _tensor(name, weight, bias=None):
    """A layer under its name; kernels `[inputs, outputs]` are stored with the outputs first."""
    return {f"{name}.weight": weight.T} | ({} if bias is None else {f"{name}.bias": bias})
