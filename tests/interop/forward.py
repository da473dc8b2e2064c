"""Readers of exported files in plain numpy, and the forward pass of what they say: nothing of the package is used."""

import json
import math
import pathlib
import struct

import numpy as np


def read_safetensors(path):
    """The metadata and the arrays of a safetensors file."""
    content = pathlib.Path(path).read_bytes()
    [length] = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata, data = header.pop("__metadata__"), content[8 + length :]
    assert max(one["data_offsets"][1] for one in header.values()) == len(data)
    return metadata, {
        name: np.frombuffer(data[slice(*one["data_offsets"])], "<f4").reshape(one["shape"])
        for name, one in header.items()
    }


_KINDS = {0: "<B", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q"}


def read_gguf(path):
    """The values and the arrays of a GGUF file of version 3."""
    content, place = pathlib.Path(path).read_bytes(), 0

    def take(form):
        nonlocal place
        [value] = struct.unpack_from(form, content, place)
        place += struct.calcsize(form)
        return value

    def text():
        nonlocal place
        length = take("<Q")
        place += length
        return content[place - length : place].decode("utf-8")

    def value(kind):
        if kind == 9:
            inner, count = take("<I"), take("<Q")
            return [value(inner) for _ in range(count)]
        return text() if kind == 8 else take(_KINDS[kind])

    assert (take("<4s"), take("<I")) == (b"GGUF", 3)
    tensors, count = take("<Q"), take("<Q")
    values = {text(): value(take("<I")) for _ in range(count)}
    found = []
    for _ in range(tensors):
        name = text()
        shape = [take("<Q") for _ in range(take("<I"))]
        assert take("<I") == 0  # float32
        found.append((name, shape[::-1], take("<Q")))
    begin = place + -place % 32
    return values, {
        name: np.frombuffer(content, "<f4", math.prod(shape), begin + offset).reshape(shape)
        for name, shape, offset in found
    }


# The forward pass of one text


def _gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / np.sqrt(2))),
    "gelu_new": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "silu": lambda x: x / (1 + np.exp(-np.clip(x, -500, 500))),
}


def layer_norm(x, weight, bias, epsilon):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon) * weight + bias


def rms_norm(x, weight, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def rotated(x, base):
    """Half-split rotary positions of `x` `[T, H, hd]`."""
    half = x.shape[-1] // 2
    angles = np.arange(len(x))[:, None, None] * float(base) ** (-np.arange(half) / half)
    first, second = x[..., :half], x[..., half:]
    turned = (first * np.cos(angles) - second * np.sin(angles), second * np.cos(angles) + first * np.sin(angles))
    return np.concatenate(turned, -1)


def attention(queries, keys, values, window=None):
    """Causal attention of `[T, H, hd]` each, as `[T, H * hd]`."""
    length = len(queries)
    scores = np.einsum("qhd,khd->hqk", queries, keys) / np.sqrt(queries.shape[-1])
    distance = np.arange(length)[:, None] - np.arange(length)
    scores = np.where((distance >= 0) & (distance < (window or length)), scores, -np.inf)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("hqk,khd->qhd", shares / shares.sum(-1, keepdims=True), values).reshape(length, -1)


def huggingface_logits(folder, ids):
    """What GPT-2, OPT or Qwen3 in a folder of Hugging Face says of ids `[T]`: logits `[T, V]`."""
    config = json.loads(pathlib.Path(folder, "config.json").read_text(encoding="utf-8"))
    _, tensors = read_safetensors(pathlib.Path(folder, "model.safetensors"))
    get = {name: array.astype("float64") for name, array in tensors.items()}.__getitem__
    return {"gpt2": gpt2, "opt": _opt, "qwen3": _qwen3}[config["model_type"]](config, get, ids)


def gpt2(config, get, ids):
    """GPT-2's logits `[T, V]` of ids `[T]`; `get(name)` gives an array by its name in transformers."""
    act, epsilon, heads = ACTIVATIONS[config["activation_function"]], config["layer_norm_epsilon"], config["n_head"]

    def norm(x, name):
        return layer_norm(x, get(f"{name}.weight"), get(f"{name}.bias"), epsilon)

    def dense(x, name):  # GPT-2's kernels are (inputs, outputs)
        return x @ get(f"{name}.weight") + get(f"{name}.bias")

    x = get("transformer.wte.weight")[ids] + get("transformer.wpe.weight")[: len(ids)]
    for place in (f"transformer.h.{i}" for i in range(config["n_layer"])):
        parts = np.split(dense(norm(x, f"{place}.ln_1"), f"{place}.attn.c_attn"), 3, -1)
        seen = attention(*(part.reshape(len(ids), heads, -1) for part in parts))
        x = x + dense(seen, f"{place}.attn.c_proj")
        x = x + dense(act(dense(norm(x, f"{place}.ln_2"), f"{place}.mlp.c_fc")), f"{place}.mlp.c_proj")
    return norm(x, "transformer.ln_f") @ get("lm_head.weight").T


def _opt(config, get, ids):
    act, heads = ACTIVATIONS[config["activation_function"]], config["num_attention_heads"]

    def norm(x, name):
        return layer_norm(x, get(f"{name}.weight"), get(f"{name}.bias"), 1e-5)

    def linear(x, name):
        return x @ get(f"{name}.weight").T + get(f"{name}.bias")

    positions = get("model.decoder.embed_positions.weight")[2 : 2 + len(ids)]
    x = get("model.decoder.embed_tokens.weight")[ids] + positions
    for place in (f"model.decoder.layers.{i}" for i in range(config["num_hidden_layers"])):
        parts = (linear(x, f"{place}.self_attn.{part}_proj").reshape(len(ids), heads, -1) for part in "qkv")
        x = norm(x + linear(attention(*parts), f"{place}.self_attn.out_proj"), f"{place}.self_attn_layer_norm")
        x = norm(x + linear(act(linear(x, f"{place}.fc1")), f"{place}.fc2"), f"{place}.final_layer_norm")
    return x @ get("lm_head.weight").T


def _qwen3(config, get, ids):
    heads, epsilon, act = config["num_attention_heads"], config["rms_norm_eps"], ACTIVATIONS[config["hidden_act"]]
    x = get("model.embed_tokens.weight")[ids]
    for place in (f"model.layers.{i}" for i in range(config["num_hidden_layers"])):
        y = rms_norm(x, get(f"{place}.input_layernorm.weight"), epsilon)
        queries, keys, values = (
            (y @ get(f"{place}.self_attn.{part}_proj.weight").T).reshape(len(ids), heads, -1) for part in "qkv"
        )
        queries, keys = (
            rotated(rms_norm(one, get(f"{place}.self_attn.{part}_norm.weight"), epsilon), config["rope_theta"])
            for one, part in ((queries, "q"), (keys, "k"))
        )
        seen = attention(queries, keys, values, config["sliding_window"])
        x = x + seen @ get(f"{place}.self_attn.o_proj.weight").T
        y = rms_norm(x, get(f"{place}.post_attention_layernorm.weight"), epsilon)
        gate, up, down = (get(f"{place}.mlp.{part}_proj.weight").T for part in ("gate", "up", "down"))
        x = x + (act(y @ gate) * (y @ up)) @ down
    return rms_norm(x, get("model.norm.weight"), epsilon) @ get("lm_head.weight").T


def gguf_logits(path, ids):
    """What llama.cpp's gpt2 or qwen3 makes of ids `[T]`: logits `[T, V]`."""
    values, tensors = read_gguf(path)
    kind = values["general.architecture"]
    size = {name.removeprefix(f"{kind}."): value for name, value in values.items() if name.startswith(f"{kind}.")}
    get = {name: array.astype("float64") for name, array in tensors.items()}.__getitem__
    heads, blocks = size["attention.head_count"], [f"blk.{i}" for i in range(size["block_count"])]

    def linear(x, name):
        y = x @ get(f"{name}.weight").T
        return y + get(f"{name}.bias") if f"{name}.bias" in tensors else y

    def norm(x, name):
        if kind == "qwen3":
            return rms_norm(x, get(f"{name}.weight"), size["attention.layer_norm_rms_epsilon"])
        return layer_norm(x, get(f"{name}.weight"), get(f"{name}.bias"), size["attention.layer_norm_epsilon"])

    x = get("token_embd.weight")[ids]
    if kind == "gpt2":
        x = x + get("position_embd.weight")[: len(ids)]
    for place in blocks:
        y = norm(x, f"{place}.attn_norm")
        if kind == "gpt2":
            parts = np.split(linear(y, f"{place}.attn_qkv"), 3, -1)
        else:
            parts = [linear(y, f"{place}.attn_{part}") for part in "qkv"]
        parts = [part.reshape(len(ids), heads, -1) for part in parts]
        if kind == "qwen3":
            for index, part in enumerate("qk"):
                parts[index] = rotated(norm(parts[index], f"{place}.attn_{part}_norm"), size["rope.freq_base"])
        x = x + linear(attention(*parts), f"{place}.attn_output")
        y = norm(x, f"{place}.ffn_norm")
        if kind == "gpt2":
            y = _gelu_tanh(linear(y, f"{place}.ffn_up"))
        else:
            y = ACTIVATIONS["silu"](linear(y, f"{place}.ffn_gate")) * linear(y, f"{place}.ffn_up")
        x = x + linear(y, f"{place}.ffn_down")
    return linear(norm(x, "output_norm"), "output")
