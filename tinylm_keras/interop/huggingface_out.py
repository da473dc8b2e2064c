"""A model as a folder of Hugging Face: `transformers` and all that reads its formats can use it."""

from __future__ import annotations

import json
import pathlib

import numpy as np

from tinylm_keras.interop import folding, safetensors_file, tokenizer_json
from tinylm_keras.interop.folding import arrays_of
from tinylm_keras.interop.refusal import refuse
from tinylm_keras.models import MiniLM, RotaryLM

FILES = ("config.json", "model.safetensors", "generation_config.json", "tokenizer.json", "tokenizer_config.json")

# What transformers calls the activations.
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "gelu_tanh": "gelu_new", "silu": "silu"}

# A RotaryLM has no longest text; transformers wants a number.
_LONGEST = 1 << 20


def check(model):
    """Raise unless the model is one that some architecture of `transformers` computes exactly."""
    check_kind(model, "huggingface")
    if isinstance(model, RotaryLM) and model.logit_soft_cap is not None:
        raise refuse_cap(model, "huggingface", "no architecture of transformers has its parts and such a cap")
    if model.tokenizer is not None:
        tokenizer_json.check_kind(model.tokenizer, "huggingface")


def check_kind(model, to):
    """Raise unless the model is a `MiniLM` or a `RotaryLM`, and no subclass, which may compute anything."""
    if type(model) not in (MiniLM, RotaryLM):
        advice = "The formats safetensors, onnx, saved-model and litert take it."
        raise refuse(f"A {type(model).__name__}", to, "only a MiniLM or a RotaryLM has an architecture there", advice)


def refuse_cap(model, to, reason):
    """Build the error for a `RotaryLM` with a cap on its logits."""
    cap = f"logit_soft_cap={model.logit_soft_cap:g}"
    advice = "Train with logit_soft_cap=None (--logit-soft-cap none)."
    return refuse(f"A RotaryLM with {cap}", to, reason, advice)


def write(model, folder):
    """Write config.json, model.safetensors, generation_config.json and the tokenizer's two files into a folder.

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
    """Return config.json as a dict, and the arrays by the names of `transformers`.

    A pre-norm `MiniLM` is a GPT-2, a post-norm one an OPT, a `RotaryLM` without a cap a Qwen3.
    """
    arrays = arrays_of(model)
    kind = _qwen3 if isinstance(model, RotaryLM) else _gpt2 if arrays.final_norm is not None else _opt
    config, tensors = kind(model, arrays)
    tokenizer = model.tokenizer
    end = None if tokenizer is None else tokenizer.end_id
    ids = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": model.pad_id}
    common = {"vocab_size": model.vocabulary_size, "tie_word_embeddings": False, "dtype": "float32", **ids}
    return config | common, {name: np.ascontiguousarray(array) for name, array in tensors.items()}


def generation(model):
    """Return generation_config.json: the model's own defaults, and never an id that the package never writes."""
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
        # transformers takes the best 50 where nothing is said.
        config |= {"do_sample": True, "temperature": temperature, "top_k": defaults.get("top_k") or 0}
        config |= {name: defaults[name] for name in ("top_p", "min_p") if defaults.get(name) is not None}
    if defaults.get("repetition_penalty") is not None:
        config["repetition_penalty"] = defaults["repetition_penalty"]
    if model.sliding_window_cache:
        return config | {"max_new_tokens": defaults.get("max_new_tokens") or 64}
    return config | {"max_length": model.context_length}  # beyond it there are no positions


def _gpt2(model, arrays):
    if arrays.head_bias is not None:
        arrays = folding.widen(arrays)
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "n_positions": model.context_length,
        "n_embd": arrays.width,
        "n_layer": len(arrays.blocks),
        "n_head": arrays.num_heads,
        "n_inner": arrays.inner_width,
        "activation_function": ACTIVATIONS[model.block_config["activation"]],
        "layer_norm_epsilon": arrays.epsilon,
        **dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0),
    }
    tensors = {"transformer.wte.weight": arrays.tokens, "transformer.wpe.weight": arrays.positions}
    names = {"attention_norm": "ln_1", "query_key_value": "attn.c_attn", "projection": "attn.c_proj"}
    names |= {"feed_forward_norm": "ln_2", "expand": "mlp.c_fc", "contract": "mlp.c_proj"}
    for index, block in enumerate(arrays.blocks):
        for part, name in names.items():
            tensors |= _named(f"transformer.h.{index}.{name}", *block[part])
    tensors |= _named("transformer.ln_f", *arrays.final_norm)
    return config, tensors | {"lm_head.weight": arrays.head.T}


def _opt(model, arrays):
    if arrays.head_bias is not None:
        arrays = folding.double(arrays)
    config = {
        "architectures": ["OPTForCausalLM"],
        "model_type": "opt",
        "max_position_embeddings": model.context_length,
        "hidden_size": arrays.width,
        "num_hidden_layers": len(arrays.blocks),
        "num_attention_heads": arrays.num_heads,
        "ffn_dim": arrays.inner_width,
        "activation_function": ACTIVATIONS[model.block_config["activation"]],
        "do_layer_norm_before": False,
        **dict.fromkeys(("dropout", "attention_dropout", "layerdrop"), 0.0),
    }
    # Its first two positions are no positions.
    positions = np.pad(arrays.positions, [(2, 0), (0, 0)])
    tensors = {
        "model.decoder.embed_tokens.weight": arrays.tokens,
        "model.decoder.embed_positions.weight": positions,
    }
    for index, block in enumerate(arrays.blocks):
        place = f"model.decoder.layers.{index}"
        tensors |= _separate(f"{place}.self_attn", block["query_key_value"])
        tensors |= _linear(f"{place}.self_attn.out_proj", *block["projection"])
        tensors |= _linear(f"{place}.fc1", *block["expand"]) | _linear(f"{place}.fc2", *block["contract"])
        tensors |= _named(f"{place}.self_attn_layer_norm", *block["attention_norm"])
        tensors |= _named(f"{place}.final_layer_norm", *block["feed_forward_norm"])
    return config, tensors | {"lm_head.weight": arrays.head.T}


def _qwen3(model, arrays):
    layers, width = len(arrays.blocks), arrays.width
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "max_position_embeddings": _LONGEST,
        "hidden_size": width,
        "intermediate_size": arrays.inner_width,
        "num_hidden_layers": layers,
        "num_attention_heads": arrays.num_heads,
        "num_key_value_heads": arrays.num_heads,
        "head_dim": width // arrays.num_heads,
        "hidden_act": "relu",  # relu(x) * x, with the same kernel twice, is the squared ReLU
        "rms_norm_eps": arrays.epsilon,
        "rope_theta": model.blocks[0].attention.rotary.max_wavelength,
        "use_sliding_window": True,
        "sliding_window": model.context_length,
        "layer_types": ["sliding_attention"] * layers,
    }
    tensors = {"model.embed_tokens.weight": arrays.tokens}
    norms = {"attention_norm": "input_layernorm", "feed_forward_norm": "post_attention_layernorm"}
    norms |= {"query_norm": "self_attn.q_norm", "key_norm": "self_attn.k_norm"}
    for index, block in enumerate(arrays.blocks):
        place = f"model.layers.{index}"
        tensors |= _separate(f"{place}.self_attn", block["query_key_value"])
        tensors |= _linear(f"{place}.self_attn.o_proj", *block["projection"])
        for name in ("gate_proj", "up_proj"):
            tensors |= _linear(f"{place}.mlp.{name}", *block["expand"])
        tensors |= _linear(f"{place}.mlp.down_proj", *block["contract"])
        for part, name in norms.items():
            tensors |= _named(f"{place}.{name}", *block[part])
    return config, tensors | _named("model.norm", *arrays.final_norm) | {"lm_head.weight": arrays.head.T}


def _named(place, weight, bias=None):
    return {f"{place}.weight": weight} | ({} if bias is None else {f"{place}.bias": bias})


def _linear(place, kernel, bias=None):
    return _named(place, kernel.T, bias)


def _separate(place, layer):
    """Queries, keys and values as three layers."""
    parts = zip("qkv", *(np.split(array, 3, axis=-1) for array in layer), strict=True)
    return {name: array for part, *one in parts for name, array in _linear(f"{place}.{part}_proj", *one).items()}
