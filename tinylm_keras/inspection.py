"""Inspects a model: its parts, and its attention weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from tinylm_keras import _checks, _terminal
from tinylm_keras.description import count_parameters as count_parameters
from tinylm_keras.description import describe as describe
from tinylm_keras.description import read_recipe as read_recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from tinylm_keras.models import LanguageModel


def attention_weights(model: LanguageModel, text: str) -> tuple[list[str], np.ndarray]:
    """Return the attention weights of every head for a text.

    Args:
        model: A model with a tokenizer and with an attention layer in each of its `blocks`, such as `MiniLM`.
        text: str. At most as long as the model's context. An end token is added in front, as in training.

    Returns:
        A pair: the tokens, list of str `[T]`; and the weights, float32 numpy array
        `[num_blocks, num_heads, T, T]`: entry `[b, h, i, j]` is the share of its attention that head h of block b
        gives to token j at token i. Rows sum to 1, and no token looks ahead.

    Raises:
        ValueError: if the model has no tokenizer or no attention, or the text has no token or too many.

    Example:

    >>> import tinylm_keras as tlm
    >>> tokenizer = tlm.WhitespaceTokenizer().adapt("the cat sees the dog")
    >>> model = tlm.MiniLM(tokenizer=tokenizer, embed_dim=8, num_heads=2, feed_forward_dim=8)
    >>> tokens, weights = attention_weights(model, "the dog")
    >>> tokens, weights.shape
    (['the', 'dog'], (2, 2, 2, 2))
    """
    blocks = getattr(model, "blocks", None)
    if not blocks or not hasattr(blocks[0], "attention"):
        raise _checks.refuse("model", "must have blocks with attention, as MiniLM has", type(model).__name__)
    tokens, ids = _tokens_and_ids(model, text)
    x = model.embedding(ops.convert_to_tensor(ids[None, :]))
    weights = []
    for block in blocks:
        weights.append(ops.convert_to_numpy(block.attention.attention_weights(block.attention_input(x)))[0])
        x = block(x, training=False)
    return tokens, np.stack(weights).astype("float32")


def _tokens_and_ids(model, text):
    tokenizer = model.tokenizer
    if tokenizer is None:
        raise _checks.refuse("model", "must have a tokenizer", tokenizer, "Set it: model.tokenizer = …")
    ids = np.asarray(tokenizer.tokenize(_checks.text("text", text)), "int32")
    tokens = list(tokenizer.token_strings(text))
    if tokenizer.end_id is not None:
        ids, tokens = np.concatenate([[tokenizer.end_id], ids]).astype("int32"), [tokenizer.end_token, *tokens]
    if not 1 <= len(ids) <= model.context_length:
        raise _checks.refuse("text", f"must have 1 to {model.context_length} tokens, the model's context", text)
    return tokens, ids


def attention_plot(
    tokens: Sequence[str], weights: np.ndarray, block: int | None = None, head: int | None = None
) -> Figure:
    """Plot attention maps: one for each head, with a row for each block.

    Args:
        tokens: list of str `[T]`, from `attention_weights`.
        weights: array `[num_blocks, num_heads, T, T]`, from `attention_weights`.
        block: int or None. Only this block, counted from 0.
        head: int or None. Only this head, counted from 0.

    Returns:
        A `matplotlib.figure.Figure`, made without pyplot. Save it with `figure.savefig(…)`.

    Raises:
        ValueError: if `tokens` and `weights` do not match, or there is no such block or head.
    """
    weights = np.asarray(weights)
    if weights.ndim != 4 or weights.shape[2:] != (len(tokens), len(tokens)):
        rule = f"must have the shape (blocks, heads, {len(tokens)}, {len(tokens)}) for {len(tokens)} tokens"
        raise _checks.refuse("weights", rule, weights.shape)
    rows = _chosen("block", block, weights.shape[0])
    columns = _chosen("head", head, weights.shape[1])
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    # A single map is large and shows numbers; several maps are small, and only the outer ones show the tokens.
    alone = len(rows) * len(columns) == 1
    side = max(4.0, 0.45 * len(tokens)) if alone else max(2.2, 0.3 * len(tokens))
    margin = 0.09 * max(map(len, tokens)) + 0.5
    figure = Figure(figsize=(len(columns) * (side + 0.25) + margin, len(rows) * (side + 0.25) + margin))
    figure.set_layout_engine("constrained")
    axes = figure.subplots(len(rows), len(columns), squeeze=False, sharex=True, sharey=True)
    for axis_row, b in zip(axes, rows, strict=True):
        for axis, h in zip(axis_row, columns, strict=True):
            image = _draw_map(axis, tokens, weights[b, h], f"block {b}, head {h}")
            if alone:
                _write_numbers(axis, weights[b, h])
    colorbar = figure.colorbar(image, ax=axes, shrink=min(1.0, 3.0 / (len(rows) * side)), aspect=20)
    colorbar.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    colorbar.set_label("share of its attention")
    colorbar.outline.set_visible(False)
    figure.supxlabel("… looks at this one", fontsize="medium")
    figure.supylabel("this token …", fontsize="medium")
    return figure


def _chosen(name, index, count):
    return range(count) if index is None else [_checks.whole_number(name, index, 0, count - 1)]


def _draw_map(axis, tokens, shares, title):
    """Plot the map of one head; later tokens, which are masked, are grey."""
    ahead = np.triu(np.ones_like(shares, dtype=bool), 1)
    axis.set_facecolor("0.96")
    image = axis.imshow(np.ma.masked_array(shares, ahead), cmap="Blues", vmin=0.0, vmax=1.0)
    axis.set_title(title, fontsize="medium")
    labels = [_label(token) for token in tokens]
    axis.set_xticks(range(len(tokens)), labels, rotation=90, fontsize="small")
    axis.set_yticks(range(len(tokens)), labels, fontsize="small")
    axis.set_xticks(np.arange(len(tokens) + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(tokens) + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.0)
    axis.tick_params(which="both", length=0)
    for side in axis.spines.values():
        side.set_visible(False)
    return image


def _label(token):
    """Return a token as a tick label: white space visible, control characters and dollars escaped, long words cut."""
    shown = _terminal.printable(token) if token.strip() else repr(token)[1:-1].replace(" ", "␣")
    return (shown if len(shown) <= 16 else shown[:15] + "…").replace("$", r"\$")


def _write_numbers(axis, shares):
    """Write each share of at least one percent into its cell."""
    for i, j in np.argwhere(np.tril(shares) >= 0.01):
        color = "white" if shares[i, j] > 0.5 else "0.25"
        axis.text(j, i, f"{100 * shares[i, j]:.0f}", ha="center", va="center", color=color, fontsize="small")
