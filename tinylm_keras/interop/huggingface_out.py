"""Writes a model as a folder in the format of Hugging Face, for `transformers` and all programs that read it."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import numpy as np

from tinylm_keras.interop import folding, safetensors_file, tokenizer_json
from tinylm_keras.interop.folding import arrays_of
from tinylm_keras.interop.names import Names
from tinylm_keras.interop.refusal import refuse
from tinylm_keras.models import MiniLM, RotaryLM

FILES = ("config.json", "model.safetensors", "generation_config.json", "tokenizer.json", "tokenizer_config.json")

# The names of the activations in transformers.
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "gelu_tanh": "gelu_new", "silu": "silu"}

ARCHITECTURES = {"gpt2": "GPT2LMHeadModel", "opt": "OPTForCausalLM", "qwen3": "Qwen3ForCausalLM"}

# Their names for context, width, number of blocks, number of heads, and inner width.
_NEWER = ("hidden_size", "num_hidden_layers", "num_attention_heads")
SIZES = {
    "gpt2": ("n_positions", "n_embd", "n_layer", "n_head", "n_inner"),
    "opt": ("max_position_embeddings", *_NEWER, "ffn_dim"),
    "qwen3": ("sliding_window", *_NEWER, "intermediate_size"),
}

_SEPARATE = tuple(f"self_attn.{part}_proj" for part in "qkv")
_GATED = (("mlp.gate_proj", "mlp.up_proj"), "mlp.down_proj")
_NORMS = ("self_attn.q_norm", "self_attn.k_norm")
NAMES = {
    "gpt2": Names(
        ("transformer.wte", "transformer.wpe", "transformer.ln_f", "lm_head"),
        "transformer.h.{}.",
        ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"),
        outputs_first=False,
    ),
    "opt": Names(
        ("model.decoder.embed_tokens", "model.decoder.embed_positions", None, "lm_head"),
        "model.decoder.layers.{}.",
        ("self_attn_layer_norm", _SEPARATE, "self_attn.out_proj", "final_layer_norm", "fc1", "fc2"),
    ),
    "qwen3": Names(
        ("model.embed_tokens", None, "model.norm", "lm_head"),
        "model.layers.{}.",
        ("input_layernorm", _SEPARATE, "self_attn.o_proj", "post_attention_layernorm", *_GATED, *_NORMS),
    ),
}

# A RotaryLM has no maximum length, but transformers needs a number.
_LONGEST = 1 << 20


def check(model):
    """Raise unless an architecture of `transformers` computes exactly this model."""
    check_kind(model, "huggingface")
    if isinstance(model, RotaryLM) and model.logit_soft_cap is not None:
        raise refuse_cap(model, "huggingface", "no architecture of transformers has these layers and such a cap")
    if model.tokenizer is not None:
        tokenizer_json.check_kind(model.tokenizer, "huggingface")


def check_kind(model, to):
    """Raise unless the model is a `MiniLM` or a `RotaryLM`, and not a subclass, which may compute anything."""
    if type(model) not in (MiniLM, RotaryLM):
        advice = "Use safetensors, onnx, saved-model or litert."
        raise refuse(f"A {type(model).__name__}", to, "only MiniLM and RotaryLM have a matching architecture", advice)


def refuse_cap(model, to, reason):
    """Build the error for a `RotaryLM` with a cap on its logits."""
    cap = f"logit_soft_cap={model.logit_soft_cap:g}"
    advice = "Train with logit_soft_cap=None (--logit-soft-cap none)."
    return refuse(f"A RotaryLM with {cap}", to, reason, advice)


def write(model, folder):
    """Write config.json, model.safetensors, generation_config.json and the two files of the tokenizer to a folder.

    Args:
        model: A model that passes `check`.
        folder: `pathlib.Path`.
    """
    config, tensors = convert(model)
    texts = {"config.json": config, "generation_config.json": generation(model)}
    if model.tokenizer is not None:
        texts["tokenizer.json"] = tokenizer_json.describe(model.tokenizer)
        longest = None if model.sliding_window_cache else model.context_length
        texts["tokenizer_config.json"] = tokenizer_json.settings(model.tokenizer, longest)
    for name, value in texts.items():
        content = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        pathlib.Path(folder, name).write_text(content, encoding="utf-8", newline="\n")
    safetensors_file.write(pathlib.Path(folder, "model.safetensors"), tensors, {"format": "pt"})


def convert(model):
    """Return config.json as a dict, and the arrays under the names of `transformers`.

    A pre-norm `MiniLM` becomes a GPT-2, a post-norm one an OPT, and a `RotaryLM` without a cap a Qwen3.
    """
    arrays = arrays_of(model)
    kind = "qwen3" if isinstance(model, RotaryLM) else "opt" if arrays.final_norm is None else "gpt2"
    if arrays.head_bias is not None:
        arrays = {"gpt2": folding.widen, "opt": folding.double}[kind](arrays)
    sizes = (model.context_length, arrays.width, len(arrays.blocks), arrays.num_heads, arrays.inner_width)
    end = None if model.tokenizer is None else model.tokenizer.end_id
    config = {
        "architectures": [ARCHITECTURES[kind]],
        "model_type": kind,
        **dict(zip(SIZES[kind], sizes, strict=True)),
        **_settings(kind, model, arrays),
        "vocab_size": model.vocabulary_size,
        "tie_word_embeddings": False,
        "dtype": "float32",
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": model.pad_id,
    }
    if kind == "opt":  # its first two rows are never used
        arrays = dataclasses.replace(arrays, positions=np.pad(arrays.positions, [(2, 0), (0, 0)]))
    tensors = NAMES[kind].tensors(arrays)
    return config, {name: np.ascontiguousarray(array) for name, array in tensors.items()}


def generation(model):
    """Return generation_config.json: the model's own defaults, without the ids that this package never writes."""
    tokenizer, defaults = model.tokenizer, dict(model.generation_defaults)
    end = None if tokenizer is None else tokenizer.end_id
    known = model.vocabulary_size if tokenizer is None else tokenizer.vocabulary_size()
    silent = {model.pad_id, None if tokenizer is None else tokenizer.unk_id, *range(known, model.vocabulary_size)}
    silent = sorted(silent - {None})
    temperature = defaults.get("temperature")
    temperature = 1.0 if temperature is None else temperature
    config = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": model.pad_id, "suppress_tokens": silent or None}
    if temperature == 0:
        config["do_sample"] = False
    else:
        # otherwise transformers samples from the best 50
        config |= {"do_sample": True, "temperature": temperature, "top_k": defaults.get("top_k") or 0}
        config |= {name: defaults[name] for name in ("top_p", "min_p") if defaults.get(name) is not None}
    if defaults.get("repetition_penalty") is not None:
        config["repetition_penalty"] = defaults["repetition_penalty"]
    if model.sliding_window_cache:
        return config | {"max_new_tokens": defaults.get("max_new_tokens") or 64}
    return config | {"max_length": model.context_length}  # GPT-2 and OPT have no positions beyond it


def _settings(kind, model, arrays):
    """Return the entries of config.json besides sizes and ids."""
    if kind == "qwen3":
        return {
            "max_position_embeddings": _LONGEST,
            "num_key_value_heads": arrays.num_heads,
            "head_dim": arrays.width // arrays.num_heads,
            "hidden_act": "relu",  # relu(x) * x, with the same kernel twice, is the squared ReLU
            "rms_norm_eps": arrays.epsilon,
            "rope_theta": model.blocks[0].attention.rotary.max_wavelength,
            "use_sliding_window": True,
            "layer_types": ["sliding_attention"] * len(arrays.blocks),
        }
    none, own = ("resid_pdrop", "embd_pdrop", "attn_pdrop"), {"layer_norm_epsilon": arrays.epsilon}
    if kind == "opt":
        none, own = ("dropout", "attention_dropout", "layerdrop"), {"do_layer_norm_before": False}
    return {"activation_function": ACTIVATIONS[model.block_config["activation"]], **own, **dict.fromkeys(none, 0.0)}
