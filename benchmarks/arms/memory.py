"""A training step with a large vocabulary, and the most memory that it took."""

import resource

import keras
import numpy as np

from benchmarks.arms.clock import Clock
from benchmarks.measuring import serve
from tinylm_keras import data
from tinylm_keras.models import MiniLM

LENGTH = 256


def step(tokens, vocabulary_size, num_blocks, steps, by="ours", chunks=True, xla=True):
    """Some steps by our `fit`, or by plain Keras around the same layers with Keras's own loss."""
    sizes = {"context_length": LENGTH, "embed_dim": 384, "num_heads": 6, "feed_forward_dim": 1536}
    ours = MiniLM(vocabulary_size, **sizes, num_blocks=num_blocks, dropout=0.0, norm="pre", activation="gelu_tanh")
    if not chunks:
        ours.LOGITS_AT_ONCE = float("inf")
    model, loss = ours, None
    if by == "keras":
        inputs = keras.Input((LENGTH,), dtype="int32")
        model, loss = keras.Model(inputs, ours(inputs)), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=0.1, beta_2=0.99, global_clipnorm=1.0)
    model.compile(optimizer, loss, jit_compile=xla)
    optimizer.build(model.trainable_variables)
    ids = np.random.default_rng(0).integers(0, vocabulary_size, 4 * tokens).astype("int32")
    batches = data.windows(ids, context_length=LENGTH, batch_size=tokens // LENGTH, steps=steps, seed=0)
    clock, before = Clock(steps), _peak()
    model.fit(batches.for_fit(endless=True), steps_per_epoch=steps, epochs=clock.epochs, verbose=0, callbacks=[clock])
    return {**clock.result(), "peak": _peak(), "growth": _peak() - before}


def _peak():
    """MiB that this process held at most (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    serve(step)
