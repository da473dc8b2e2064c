"""The loss of a large vocabulary, some tokens at a time, so that never all logits exist at once."""

import contextlib
import contextvars

import keras
from keras import ops

from tinylm_keras.layers.dense import Dense

# Logits of one chunk. Smaller chunks need less memory and more time: each adds to the whole gradient of the kernel.
CHUNK_BYTES = 48 * 2**20

# The model in the middle of a step of `fit` or `evaluate`. A context variable, because another thread may call the same
# model at that time, and has to see logits.
_stepping = contextvars.ContextVar("model in the middle of a step", default=None)


@contextlib.contextmanager
def step_of(model):
    """A step of `fit` or `evaluate`: while it is open, the loss of `model` may take over the head."""
    token = _stepping.set(model)
    try:
        yield
    finally:
        _stepping.reset(token)


def takes_over(model, token_ids):
    """Whether the loss of `model` takes over its head: in a step, with more bytes of logits than `LOGITS_AT_ONCE`."""
    if _stepping.get() is not model or not suits(model.head):
        return False
    batch_size, length = token_ids.shape
    tokens = (batch_size or 32) * (length or model.context_length)  # 32: what Keras takes when nobody says
    return 4 * tokens * model.vocabulary_size > model.LOGITS_AT_ONCE


def suits(head):
    """Whether `total_nats` knows what `head` does: a dense layer in float32, perhaps with a cap on its outputs."""
    return (
        isinstance(head, keras.layers.Dense)
        and (type(head) in (Dense, keras.layers.Dense) or hasattr(head, "soft_cap"))
        and head.activation is keras.activations.linear
        and head.quantization_mode is None
        and head.compute_dtype == head.variable_dtype == "float32"
    )


def total_nats(head, hidden, token_ids, weights, training):
    """The sum over all tokens of cross-entropy times weight, as from `head(hidden)`, in chunks of tokens.

    The loss is one number, so the gradient of each chunk is known, but for one common factor, as soon as its logits
    are. It is taken while they are there: nothing is computed twice, and no logits are kept for the backward pass.

    Args:
        head: a layer that `suits`.
        hidden: float tensor `[B, T, D]`.
        token_ids: int tensor `[B, T]`. The tokens that came.
        weights: float32 tensor `[B, T]`.
        training: bool. False: the gradient is not needed.

    Returns:
        A float32 scalar; its gradient reaches `hidden`, the kernel and the bias.

    References:
        Hsu et al., "Liger Kernel", arXiv:2410.10989 (the gradient in the forward pass); Wijmans et al., "Cut Your
        Losses in Large-Vocabulary Language Models", arXiv:2411.09009.
    """
    size, width = head.kernel.shape[1], hidden.shape[-1]
    cap = getattr(head, "soft_cap", None)
    tokens = ops.shape(token_ids)[0] * ops.shape(token_ids)[1]
    chunks = -(-tokens // max(1, CHUNK_BYTES // (4 * size)))
    length = -(-tokens // chunks)
    padding = chunks * length - tokens

    def in_chunks(x, *last):
        x = ops.reshape(x, (tokens, *last))
        return ops.reshape(ops.pad(x, [[0, padding], *([0, 0] for _ in last)]), (chunks, length, *last))

    token_ids, weights = in_chunks(ops.cast(token_ids, "int32")), in_chunks(weights)

    def one(vectors, kernel, bias, index):
        """The nats of one chunk of `vectors` `[C, D]`, and their gradient by what the kernel made, `[C, V]`."""
        weight = ops.expand_dims(ops.take(weights, index, axis=0), 1)
        logits = ops.matmul(vectors, kernel) + bias
        if cap is not None:
            logits = cap * ops.tanh(logits / cap)
        sums = ops.logsumexp(logits, axis=-1, keepdims=True)
        came = ops.one_hot(ops.take(token_ids, index, axis=0), size)
        nats = sums - ops.sum(came * logits, axis=-1, keepdims=True)
        slope = (ops.exp(logits - sums) - came) * weight
        if cap is not None:
            slope = slope * (1 - ops.square(logits / cap))
        return ops.sum(nats * weight), slope

    def unfinished(index, *_):
        return index < chunks

    def forward(vectors, kernel, bias):
        def add(index, total):
            nats, _ = one(ops.take(vectors, index, axis=0), kernel, bias, index)
            return index + 1, total + nats

        return ops.while_loop(unfinished, add, (ops.zeros((), "int32"), ops.zeros(())))[1]

    @ops.custom_gradient
    def with_gradient(vectors, kernel, bias):
        def add(index, total, vectors, by_kernel, by_bias):
            here = ops.take(vectors, index, axis=0)
            nats, slope = one(here, kernel, bias, index)
            # The gradient takes the place of its vectors. Thus the next chunk has to wait for it: without XLA,
            # TensorFlow would work at ten chunks at a time, and hold them all.
            by_here = ops.matmul(slope, ops.transpose(kernel))
            vectors = ops.slice_update(vectors, (index, 0, 0), ops.expand_dims(by_here, 0))
            by_kernel = by_kernel + ops.matmul(ops.transpose(here), slope)
            return index + 1, total + nats, vectors, by_kernel, by_bias + ops.sum(slope, axis=0)

        start = (ops.zeros((), "int32"), ops.zeros(()), vectors, ops.zeros_like(kernel), ops.zeros_like(bias))
        _, total, *gradients = ops.while_loop(unfinished, add, start)

        def gradient(*inputs, upstream=None):
            upstream = inputs[0] if upstream is None else upstream
            return tuple(upstream * part for part in gradients)

        return total, gradient

    vectors = in_chunks(ops.cast(hidden, "float32"), width)
    # Reshaped they are tensors: TensorFlow refuses variables here when it runs eagerly.
    kernel = ops.reshape(head.kernel, (width, size))
    bias = ops.zeros((size,)) if head.bias is None else ops.reshape(head.bias, (size,))
    return (with_gradient if training else forward)(vectors, kernel, bias)
