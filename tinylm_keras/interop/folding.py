"""The weights of a transformer as plain arrays, and exact ways to fold a bias of the head into other weights.

GPT-2, OPT and llama.cpp compute logits without a bias. An additional feature that is always 1 can replace it: the
head's row for this feature is the bias. How such a feature is made depends on the norm.
"""

from __future__ import annotations

import dataclasses

import numpy as np

# No sampler chooses an id with this logit.
NEVER = -1e4

# Layers that write into the residual stream, and norms that read it.
WRITERS, NORMS = ("projection", "contract"), ("attention_norm", "feed_forward_norm")

# The share of epsilon that the constant feature takes with RMSNorm. It is small, because programs have one epsilon, and
# the norms of queries and keys, which have no such feature, get the reduced one too.
_SHARE = 0.05
# The value of the feature after the last norm depends on the text; this factor is a margin for `NEVER`.
_ROOM = 100


@dataclasses.dataclass(frozen=True)
class Arrays:
    """A `MiniLM` or `RotaryLM` as float32 arrays. D is its width, V its vocabulary.

    A layer is a tuple: kernel `[inputs, outputs]` and bias, or gain and shift of a norm; without bias or shift it is a
    tuple of one array.

    Attributes:
        tokens: array `[V, D]`.
        positions: array `[context_length, D]`, or None with rotary positions.
        blocks: list of dict. The layers of a block by name: "attention_norm", "query_key_value", "projection",
            "feed_forward_norm", "expand", "contract", and with rotary positions "query_norm" and "key_norm".
        final_norm: tuple, or None.
        head: array `[D, V]`.
        head_bias: array `[V]`, or None.
        num_heads: int.
        epsilon: float. The epsilon of all norms of the residual stream.
    """

    tokens: np.ndarray
    positions: np.ndarray | None
    blocks: list
    final_norm: tuple | None
    head: np.ndarray
    head_bias: np.ndarray | None
    num_heads: int
    epsilon: float

    @property
    def width(self):
        return self.tokens.shape[1]

    @property
    def inner_width(self):
        return self.blocks[0]["expand"][0].shape[1]


def arrays_of(model):
    """Return the `Arrays` of a `MiniLM` or a `RotaryLM`."""
    blocks = []
    for block in model.blocks:
        parts = {"query_key_value": block.attention.query_key_value, "projection": block.attention.projection}
        parts |= {name: getattr(block, name) for name in (*NORMS, "expand", "contract")}
        if hasattr(block.attention, "query_norm"):
            parts |= {name: getattr(block.attention, name) for name in ("query_norm", "key_norm")}
        blocks.append({name: _layer(layer) for name, layer in parts.items()})
    embedding = model.embedding
    has_positions = hasattr(embedding, "position_embedding")
    head, *bias = _layer(model.head)
    return Arrays(
        tokens=_layer(embedding.token_embedding if has_positions else embedding)[0],
        positions=_layer(embedding.position_embedding)[0] if has_positions else None,
        blocks=blocks,
        final_norm=None if model.final_norm is None else _layer(model.final_norm),
        head=head,
        head_bias=bias[0] if bias else None,
        num_heads=model.blocks[0].attention.num_heads,
        epsilon=model.blocks[0].attention_norm.epsilon,
    )


def _layer(layer):
    return tuple(np.asarray(array, "float32") for array in layer.get_weights())


def never(arrays, ids):
    """Return arrays whose head gives some ids a logit so low that no sampler chooses them."""
    bias = np.zeros(arrays.head.shape[1], "float32") if arrays.head_bias is None else arrays.head_bias.copy()
    bias[list(ids)] = NEVER
    return dataclasses.replace(arrays, head_bias=bias)


def widen(arrays):
    """Fold the head's bias of a pre-norm `MiniLM` into features that are always 0 before a norm.

    Only norms read the residual stream, and they ignore its mean. So everything that writes into it is made mean-free;
    new features of 0 then only reduce the variance by D / D', which the gains and epsilon compensate. In the last norm
    one of the new features gets the gain 0 and the shift 1. Each attention head becomes one feature wider, because
    programs compute its width as D' / num_heads.

    Returns:
        `Arrays` with D' = D + num_heads and without a bias in the head. The logits are the same except for rounding.
    """
    heads, width = arrays.num_heads, arrays.width
    head_width, shrunk = width // heads, np.float32(np.sqrt(width / (width + heads)))
    blocks = []
    for block in arrays.blocks:
        new = {}
        for name in NORMS:
            gain, shift = block[name]
            new[name] = _wider(gain * shrunk, heads), _wider(shift, heads)
        kernel, bias = block["query_key_value"]
        kernel = _wider(kernel.reshape(width, 3, heads, head_width), 1)
        bias = _wider(bias.reshape(3, heads, head_width), 1)
        # Attention divides scores by the root of the width of a head, which is larger now.
        grown = np.float32(np.sqrt((head_width + 1) / head_width))
        kernel[:, 0], bias[0] = kernel[:, 0] * grown, bias[0] * grown
        new["query_key_value"] = _wider(kernel.reshape(width, -1), heads, axis=0), bias.reshape(-1)
        kernel, bias = block["expand"]
        new["expand"] = _wider(kernel, heads, axis=0), bias
        for name in WRITERS:
            new[name] = tuple(_wider(_mean_free(array), heads) for array in block[name])
        kernel, bias = new["projection"]
        kernel = _wider(kernel.reshape(heads, head_width, -1), 1, axis=1)
        new["projection"] = kernel.reshape(width + heads, -1), bias
        blocks.append(new)
    gain, shift = (_wider(array, heads) for array in arrays.final_norm)
    shift[width] = 1
    return dataclasses.replace(
        arrays,
        tokens=_wider(_mean_free(arrays.tokens), heads),
        positions=_wider(_mean_free(arrays.positions), heads),
        blocks=blocks,
        final_norm=(gain * shrunk, shift),
        head=_head(arrays, heads, width),
        head_bias=None,
        epsilon=arrays.epsilon * width / (width + heads),
    )


def double(arrays):
    """Fold the head's bias of a post-norm `MiniLM` into the weights by doubling every feature.

    With post-norm the mean depends on the data, so `widen` would change it; copies of all features change neither mean
    nor variance. In the last norm the copies get the gain 0, and one of them the shift 1. The number of attention heads
    is doubled too, so that a head keeps its width; the new ones are 0.

    Returns:
        `Arrays` with twice the width and twice the heads, and without a bias in the head. The logits are the same
        except for rounding.
    """
    width, blocks = arrays.width, []
    for block in arrays.blocks:
        new = {name: tuple(_twice(array) for array in block[name]) for name in NORMS}
        kernel, bias = block["query_key_value"]
        kernel = _wider(kernel.reshape(width, 3, width), width).reshape(width, -1)
        new["query_key_value"] = _wider(kernel, width, axis=0), _wider(bias.reshape(3, width), width).reshape(-1)
        kernel, bias = block["projection"]
        new["projection"] = _twice(_wider(kernel, width, axis=0)), _twice(bias)
        kernel, bias = block["expand"]
        new["expand"] = _wider(kernel, width, axis=0), bias
        new["contract"] = tuple(_twice(array) for array in block["contract"])
        blocks.append(new)
    gain, shift = (_wider(array, width) for array in arrays.blocks[-1]["feed_forward_norm"])
    shift[width] = 1
    blocks[-1]["feed_forward_norm"] = gain, shift
    tables = {name: _twice(getattr(arrays, name)) for name in ("tokens", "positions")}
    head = {"head": _head(arrays, width, width), "head_bias": None}
    return dataclasses.replace(arrays, **tables, blocks=blocks, **head, num_heads=2 * arrays.num_heads)


def add_constant(arrays):
    """Fold a bias of the head into the weights of a `RotaryLM` by a new feature that is a small constant.

    RMSNorm divides by the root of the mean square plus epsilon. The square of the new feature replaces a part of
    epsilon, so nothing else changes. After the last norm the feature is small and positive, but its size varies. So it
    cannot represent any bias, only one that excludes an id.

    Returns:
        `Arrays` with D' = D + 1, whose head gives ids with the bias `NEVER` a logit far below all others.
    """
    width, epsilon = arrays.width, arrays.epsilon
    ratio = np.float32(np.sqrt(width / (width + 1)))
    constant = np.sqrt(_SHARE * epsilon * width)
    blocks = []
    for block in arrays.blocks:
        new = {**block, **{name: (_wider(block[name][0], 1) * ratio,) for name in NORMS}}
        new |= {name: (_wider(block[name][0], 1, axis=0),) for name in ("query_key_value", "expand")}
        blocks.append(new | {name: (_wider(block[name][0], 1),) for name in WRITERS})
    tokens, [gain] = _wider(arrays.tokens, 1), arrays.final_norm
    tokens[:, width] = constant
    gain = _wider(gain, 1)
    gain[width] = 1
    head = _wider(arrays.head, 1, axis=0)
    head[width] = np.where(arrays.head_bias <= NEVER, _ROOM * NEVER / constant, 0)
    return dataclasses.replace(
        arrays,
        tokens=tokens,
        blocks=blocks,
        final_norm=(gain * ratio,),
        head=head,
        head_bias=None,
        epsilon=(1 - _SHARE) * epsilon * width / (width + 1),
    )


def _wider(array, count, axis=-1):
    """Return an array with `count` more zeros at the end of an axis."""
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, count)
    return np.pad(array, widths)


def _twice(array):
    return np.concatenate([array, array], axis=-1)


def _mean_free(array):
    return array - array.mean(axis=-1, keepdims=True)


def _head(arrays, count, row):
    head = _wider(arrays.head, count, axis=0)
    head[row] = 0 if arrays.head_bias is None else arrays.head_bias
    return head
