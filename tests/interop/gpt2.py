"""GPT-2 directories as Hugging Face writes them, made on the spot from numbers by chance, and their logits in numpy."""

import json

import numpy as np

from tests.interop import forward
from tinylm_keras.tokenizers import BytePairTokenizer

END = "<|endoftext|>"
TEXTS = ["the cat sat on the mat", "a dog ran after the cat and the cat ran up a tree", "déjà vu 🙂\n\n  two  blanks"]

CONFIG = {
    "model_type": "gpt2",
    "architectures": ["GPT2LMHeadModel"],
    "activation_function": "gelu_new",
    "n_positions": 24,
    "n_ctx": 24,
    "n_embd": 16,
    "n_layer": 2,
    "n_head": 4,
    "n_inner": None,
    "layer_norm_epsilon": 1e-5,
    "resid_pdrop": 0.1,
    "embd_pdrop": 0.1,
    "attn_pdrop": 0.1,
    "vocab_size": 299,
    "bos_token_id": 298,
    "eos_token_id": 298,
    "tie_word_embeddings": True,
    "transformers_version": "5.24.0",
    "_name_or_path": "somebody/something",
    "summary_type": "cls_index",
    "task_specific_params": {"text-generation": {"max_length": 50}},
}


def make(seed=0, **changes):
    """Return config.json as a dict and the weights, as arrays by the names of transformers."""
    config, draw = {**CONFIG, **changes}, np.random.default_rng(seed)
    width, inner = config["n_embd"], config["n_inner"] or 4 * config["n_embd"]
    shapes = {"ln_1": (width,), "ln_2": (width,), "attn.c_attn": (width, 3 * width), "attn.c_proj": (width, width)}
    shapes |= {"mlp.c_fc": (width, inner), "mlp.c_proj": (inner, width)}
    weights = {}
    for name, shape in [
        (f"h.{block}.{name}", shape) for block in range(config["n_layer"]) for name, shape in shapes.items()
    ]:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = (draw.normal(0, 0.3, one) for one in (shape, shape[-1:]))
    weights |= {"ln_f.weight": draw.normal(1, 0.3, width), "ln_f.bias": draw.normal(0, 0.3, width)}
    weights["wte.weight"] = draw.normal(0, 0.5, (config["vocab_size"], width))
    weights["wpe.weight"] = draw.normal(0, 0.3, (config["n_positions"], width))
    weights = {f"transformer.{name}": array.astype("float32") for name, array in weights.items()}
    if not config["tie_word_embeddings"]:
        weights["lm_head.weight"] = draw.normal(0, 0.5, (config["vocab_size"], width)).astype("float32")
    return config, weights


def safetensors(weights, kind="F32", metadata=None):
    """Return a safetensors file with all weights as numbers of one kind."""
    header, contents, end = {} if metadata is None else {"__metadata__": metadata}, [], 0
    for name, array in weights.items():
        content = encoded(array, kind)
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [end, end + len(content)]}
        contents.append(content)
        end += len(content)
    return packed(header, b"".join(contents))


def packed(header, data):
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(content).to_bytes(8, "little") + content + data


def encoded(array, kind):
    if kind == "BF16":
        return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return array.astype({"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "U8": "u1"}[kind]).tobytes()


def write(folder, config, weights, kind="F32", shards=1, tokenizer=None):
    """Write a directory; `tokenizer` None, "tokenizer.json" or "vocab.json"."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    if shards == 1:
        (folder / "model.safetensors").write_bytes(safetensors(weights, kind, {"format": "pt"}))
    else:
        names = list(weights)
        places = {name: f"model-{index % shards + 1:05}-of-{shards:05}.safetensors" for index, name in enumerate(names)}
        for file in set(places.values()):
            some = {name: weights[name] for name in names if places[name] == file}
            (folder / file).write_bytes(safetensors(some, kind))
        index = {"metadata": {"total_size": 1}, "weight_map": places}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    if tokenizer is not None:
        write_tokenizer(folder, tokenizer)
    return folder


def vocabulary(size=299):
    """The tokens of a byte-pair tokenizer and its merges; its end token is the last."""
    learned = BytePairTokenizer(max_tokens=size + 1, end_token=END).adapt(TEXTS * 2).get_config()
    return learned["vocabulary"], learned["merges"]


def write_tokenizer(folder, name):
    tokens, merges = vocabulary()
    ids = {token: index for index, token in enumerate(tokens)}
    if name == "vocab.json":
        (folder / "vocab.json").write_text(json.dumps(ids))
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
        return
    end = ids.pop(END)
    flags = ("single_word", "lstrip", "rstrip", "normalized")
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    content = {
        "version": "1.0",
        "added_tokens": [{"id": end, "content": END, "special": True, **dict.fromkeys(flags, False)}],
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": level,
        "decoder": level,
        "model": {"type": "BPE", "dropout": None, "vocab": ids, "merges": [merge.split(" ") for merge in merges]},
    }
    (folder / "tokenizer.json").write_text(json.dumps(content))


def logits(config, weights, ids):
    """GPT-2's forward pass for one row of ids, in float64: logits `[T, V]`."""
    arrays = {name.removeprefix("transformer."): array.astype("float64") for name, array in weights.items()}
    arrays.setdefault("lm_head.weight", arrays["wte.weight"])
    return forward.gpt2(config, lambda name: arrays[name.removeprefix("transformer.")], ids)
