"""What each kind of model hands to the page: the sizes in its config, and its weights by the names they have there."""

import numpy as np

_TRANSFORMER = ("embed_dim", "num_heads", "feed_forward_dim", "num_blocks")
_SIZES = {
    "MiniLM": (*_TRANSFORMER, "norm", "activation"),
    "RotaryLM": (*_TRANSFORMER, "logit_soft_cap"),
    "AverageLM": ("embed_dim", "hidden_dim", "num_hidden_layers"),
    "BigramLM": (),
    "MLPLM": ("window", "code_bits", "hidden_dim", "num_hidden_layers", "activation"),
    "NGramLM": ("order", "num_contexts", "num_counts"),
}


def sizes(kind, config):
    """The entries of a model's config that its forward pass needs, as plain values.

    Args:
        kind: str. The class of the model.
        config: dict, from a checked file.

    Returns:
        dict.
    """
    needed = {name: config[name] for name in ("vocabulary_size", "context_length", *_SIZES[kind])}
    if kind == "MiniLM":
        needed["head_bias"] = config.get("head_bias") is not False
    if kind == "NGramLM":
        needed["num_counts"] = None  # those of the tables, which may be fewer
    return needed


def weights(kind, network):
    """Yield the name and array of each weight of a `runtime` network; matrices are views with a row for each output."""
    yield from _WEIGHTS[kind](network)


def tables(network):
    """The tables of an `NGramLM` by name, exact and in the smallest types that hold them.

    Few of the probabilities differ, because they are made of small counts: `"….levels"` lists those that there are, and
    the table has their indices.
    """
    counts = network.counts
    found = {
        "counts.unigram": counts.unigram,
        "counts.successors": _smallest(np.diff(counts.first)),
        "counts.token": _smallest(counts.token),
    }
    for name, table in (("counts.backoff", counts.backoff), ("counts.value", counts.value)):
        levels, indices = np.unique(table, return_inverse=True)
        found |= {f"{name}.levels": levels, name: _smallest(indices)} if len(levels) <= 1 << 16 else {name: table}
    return found


def _smallest(numbers):
    """Whole numbers of at least 0 in the smallest type that holds them."""
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def shares(network):
    """The network's share of a `MixtureLM` for a known context of 0, 1, 2, … tokens: float32 `[order]`."""
    return np.exp(network.log_shares[0])


def _dense(name, dense):
    yield f"{name}.kernel", dense.kernel.T
    if dense.bias is not None:
        yield f"{name}.bias", dense.bias


def _norm(name, norm):
    yield f"{name}.gain", norm.gain
    if hasattr(norm, "bias"):
        yield f"{name}.bias", norm.bias


def _block(name, block):
    for part in ("query_key_value", "projection", "expand", "contract"):
        yield from _dense(f"{name}.{part}", getattr(block, part))
    for part in ("attention_norm", "feed_forward_norm"):
        yield from _norm(f"{name}.{part}", getattr(block, part))


def _mini(network):
    yield "embedding.token", network.tokens
    yield "embedding.position", network.positions
    for index, block in enumerate(network.blocks):
        yield from _block(f"block.{index}", block)
    if network.final_norm is not None:
        yield from _norm("final_norm", network.final_norm)
    yield from _dense("head", network.head)


def _rotary(network):
    yield "embedding.token", network.tokens
    for index, block in enumerate(network.blocks):
        yield from _block(f"block.{index}", block)
        for name, gain in zip(("query_norm", "key_norm"), block.query_key_norm.gain, strict=True):
            yield f"block.{index}.{name}.gain", gain.reshape(-1)
    yield from _norm("final_norm", network.final_norm)
    yield from _dense("head", network.last)


def _average(network):
    yield "embedding.token", network.tokens
    for index, layer in enumerate(network.layers):
        yield from _dense(f"layer.{index}", layer)
    yield from _dense("head", network.head)


def _bigram(network):
    yield "table", network.table


def _mlp(network):
    for index, layer in enumerate(network.layers):
        yield from _dense(f"layer.{index}", layer.dense)
        yield f"layer.{index}.scale", layer.scale
        yield f"layer.{index}.shift", layer.shift
    yield from _dense("head", network.head)


_WEIGHTS = {"MiniLM": _mini, "RotaryLM": _rotary, "AverageLM": _average, "BigramLM": _bigram, "MLPLM": _mlp}
