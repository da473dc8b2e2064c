"""Inspects a model: its parts, its attention weights, its residual stream, and the probabilities of the next token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.description import count_parameters as count_parameters
from tinylm_keras.description import describe as describe
from tinylm_keras.description import read_recipe as read_recipe
from tinylm_keras.id_rules import byte_level
from tinylm_keras.id_rules.byte_pair import BytePairRules
from tinylm_keras.plots import draw_attention
from tinylm_keras.writing import sampling
from tinylm_keras.writing.texts import allowed_tokens

if TYPE_CHECKING:
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
    _check_blocks(model)
    tokens, ids = _tokens_and_ids(model, text)
    x = model.embed(ops.convert_to_tensor(ids[None, :]), 0)
    weights = []
    for block in model.blocks:
        weights.append(ops.convert_to_numpy(block.attention.attention_weights(block.attention_input(x)))[0])
        x = block(x, training=False)
    return tokens, np.stack(weights).astype("float32")


def residual_lengths(model: LanguageModel, text: str) -> tuple[list[str], np.ndarray]:
    """Return how long the vectors of the residual stream are, from the embedding to the last block.

    With `norm="post"`, every block ends with a layer norm, so that all vectors leave it about equally long. With
    `norm="pre"`, every block adds to the stream, and nothing but the final norm makes it shorter.

    Args:
        model: A model with a tokenizer and with `blocks`, such as `MiniLM`.
        text: str. At most as long as the model's context. An end token is added in front, as in training.

    Returns:
        A pair: the tokens, list of str `[T]`; and the Euclidean lengths, float32 numpy array `[num_blocks + 1, T]`:
        row 0 after the embedding, row b + 1 after block b. `plots.draw_residual_lengths` draws them.

    Raises:
        ValueError: if the model has no tokenizer or no blocks, or the text has no token or too many.

    Example:

    >>> import tinylm_keras as tlm
    >>> tokenizer = tlm.WhitespaceTokenizer().adapt("the cat sees the dog")
    >>> model = tlm.MiniLM(tokenizer=tokenizer, embed_dim=16, num_heads=2, feed_forward_dim=8, norm="post")
    >>> tokens, lengths = residual_lengths(model, "the dog")
    >>> tokens, lengths.shape, lengths[1:].round(1).tolist()
    (['the', 'dog'], (3, 2), [[4.0, 4.0], [4.0, 4.0]])
    """
    _check_blocks(model)
    tokens, ids = _tokens_and_ids(model, text)
    x = model.embed(ops.convert_to_tensor(ids[None, :]), 0)  # (1, T, D)
    stream = [x]
    for block in model.blocks:
        x = block(x, training=False)
        stream.append(x)
    vectors = np.stack([ops.convert_to_numpy(one)[0] for one in stream]).astype("float32")
    return tokens, np.linalg.norm(vectors, axis=-1)


def next_token_probabilities(
    model: LanguageModel,
    prompt: str,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    repetition_penalty: float = 1.0,
) -> tuple[list[str], np.ndarray]:
    """Return the probability of each token to be the next one, by the rules with which `generate` chooses.

    Args:
        model: A model with a tokenizer.
        prompt: str. An end token is added in front, as in training. Only the last `context_length` tokens count.
        temperature, top_k, top_p, min_p, repetition_penalty: See `Sampler`.

    Returns:
        A pair: the tokens of the vocabulary, list of str `[V]`; and their probabilities, float64 numpy array `[V]`,
        which sum to 1. Tokens that are never generated, such as padding, have 0. `plots.draw_next_token` draws them.

    Raises:
        ValueError: if the model has no tokenizer, the prompt has no token, or a setting is outside its range.

    Example:

    >>> import tinylm_keras as tlm
    >>> tokenizer = tlm.WhitespaceTokenizer(end_token="<end>").adapt("the cat sees the dog")
    >>> model = tlm.BigramLM(tokenizer=tokenizer)
    >>> tokens, probabilities = next_token_probabilities(model, "the", top_k=2)
    >>> len(tokens), int((probabilities > 0).sum())
    (7, 2)
    """
    rules = {"top_k": top_k, "top_p": top_p, "min_p": min_p, "repetition_penalty": repetition_penalty}
    sampler = sampling.Sampler(temperature=temperature, **rules)
    _, ids = _tokens_and_ids(model, prompt, "prompt", longest=None)
    window = np.asarray(ids[-model.context_length :])
    logits = np.array(ops.convert_to_numpy(model(window[None, :], training=False))[0, -1], "float32")  # (V,)
    seen = np.zeros(len(logits), bool)
    seen[ids] = True
    shares = sampling.probabilities(logits, sampler, ~allowed_tokens(model, allow_unknown=False), seen)
    names = _names(model.tokenizer)
    return names + [""] * (len(shares) - len(names)), shares


def _names(tokenizer):
    """Return all tokens of a vocabulary as readable text; bytes that are no character alone become a sign for that."""
    names = list(tokenizer.get_vocabulary())
    if isinstance(tokenizer, BytePairRules):  # written in letters for bytes
        names = [data.decode("utf-8", "replace") for data in byte_level.token_bytes(names)]
    return names


def _check_blocks(model):
    blocks = getattr(model, "blocks", None)
    if not blocks or not hasattr(blocks[0], "attention"):
        raise _checks.refuse("model", "must have blocks with attention, as MiniLM has", type(model).__name__)


def _tokens_and_ids(model, text, name="text", longest="context"):
    """Return the tokens of a text and their ids, with the end token in front."""
    tokenizer = getattr(model, "tokenizer", None)
    if tokenizer is None:
        raise _checks.refuse("model", "must have a tokenizer", tokenizer, "Set it: model.tokenizer = …")
    ids = np.asarray(tokenizer.tokenize(_checks.text(name, text)), "int32")
    tokens = list(tokenizer.token_strings(text))
    if tokenizer.end_id is not None:
        ids, tokens = np.concatenate([[tokenizer.end_id], ids]).astype("int32"), [tokenizer.end_token, *tokens]
    if longest and not 1 <= len(ids) <= model.context_length:
        raise _checks.refuse(name, f"must have 1 to {model.context_length} tokens, the model's context", text)
    if not len(ids):
        raise _checks.refuse(name, "must have a token", text)
    return tokens, ids


attention_plot = draw_attention
