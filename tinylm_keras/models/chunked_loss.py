"""The loss of a large vocabulary, computed in chunks of tokens, so that all logits never exist at once."""

import contextlib
import contextvars

import keras
from keras import ops

from tinylm_keras.layers.dense import Dense

# Logits of one chunk. Smaller chunks save memory and cost time: each chunk updates the whole gradient of the kernel.
CHUNK_BYTES = 48 * 2**20

# The step of `fit` or `evaluate` that is traced. A context variable, because another thread may call the same model.
_step = contextvars.ContextVar("step of fit or evaluate", default=None)


class Step:
    """One `train_step` or `test_step`: the logits of the last call of its model, the head and the hidden states."""

    def __init__(self, model):
        self.model, self.head, self.hidden, self.logits = model, None, None, None


@contextlib.contextmanager
def step_of(model):
    """A context for one `train_step` or `test_step`, in which `call` keeps hidden states for the loss."""
    token = _step.set(Step(model))
    try:
        yield
    finally:
        _step.reset(token)


def keep(model, head, hidden, logits):
    """Keep the hidden states of a call in a step, if its logits take more bytes than `LOGITS_AT_ONCE`.

    If nothing else reads these logits, the compiler removes them from the step.

    Args:
        model: `LanguageModel` that is called.
        head: the layer that made the logits. Of a mixture, the head of its network.
        hidden: tensor `[B, T, D]`.
        logits: tensor `[B, T, V]`.
    """
    step = _step.get()
    if step is None or step.model is not model or not suits(head):
        return
    batch_size, length = hidden.shape[:2]
    tokens = (batch_size or 32) * (length or model.context_length)  # 32 is Keras's default batch size
    if 4 * tokens * model.vocabulary_size > model.LOGITS_AT_ONCE:
        step.head, step.hidden, step.logits = head, hidden, logits


def kept(logits):
    """Return the head and the hidden states that these very logits come from; None if they were not kept."""
    step = _step.get()
    return None if step is None or step.logits is not logits else (step.head, step.hidden)


def suits(head):
    """Whether `total_nats` can compute `head`: a dense layer in float32, with or without logit soft-capping."""
    return (
        isinstance(head, keras.layers.Dense)
        and (type(head) in (Dense, keras.layers.Dense) or hasattr(head, "soft_cap"))
        and head.activation is keras.activations.linear
        and head.quantization_mode is None
        and head.compute_dtype == head.variable_dtype == "float32"
    )


def total_nats(head, hidden, token_ids, weights, training):
    """Return the sum over all tokens of cross-entropy times weight, from the logits `head(hidden)`, in chunks.

    The loss is a scalar, so the gradient of each chunk is known, up to a common factor, as soon as its logits are
    computed. It is computed in the forward pass: nothing is computed twice, and no logits are kept.

    Args:
        head: a layer for which `suits` is True.
        hidden: float tensor `[B, T, D]`.
        token_ids: int tensor `[B, T]`. The targets.
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
        """Return the nats of one chunk of `vectors` `[C, D]`, and their gradient by its logits, `[C, V]`."""
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
            # The gradient overwrites the vectors of its chunk. So the next chunk has to wait for it: without XLA,
            # TensorFlow would compute ten chunks in parallel and hold them all.
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
    # Reshaped, because TensorFlow refuses variables here in eager mode.
    kernel = ops.reshape(head.kernel, (width, size))
    bias = ops.zeros((size,)) if head.bias is None else ops.reshape(head.bias, (size,))
    return (with_gradient if training else forward)(vectors, kernel, bias)
