"""keras-nlp's GPT-2 (keras-hub is its new name) of the same shape, fed with ids: no preprocessor."""

import keras
import keras_hub
import numpy as np

from benchmarks.arms.clock import Clock
from benchmarks.measuring import repeat, serve
from benchmarks.shapes import SHAPES


def _model(shape, dtype=None):
    shape = SHAPES[shape]
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=shape.vocabulary_size,
        num_layers=shape.num_blocks,
        num_heads=shape.num_heads,
        hidden_dim=shape.embed_dim,
        intermediate_dim=shape.feed_forward_dim,
        dropout=0.0,
        max_sequence_length=shape.context_length,
        dtype=dtype,
    )
    return keras_hub.models.GPT2CausalLM(backbone, preprocessor=None)


def generation(shape, prompts, new_tokens, top_k, budget):
    """New text with the model's own `generate`: its cache, and its loop compiled by XLA."""
    model = _model(shape)
    sampler = keras_hub.samplers.TopKSampler(k=top_k, seed=0) if top_k else keras_hub.samplers.RandomSampler(seed=0)
    model.compile(sampler=sampler, jit_compile=True)
    token_ids = np.zeros((prompts, 1 + new_tokens), "int32")
    padding_mask = np.zeros_like(token_ids)
    token_ids[:, 0] = padding_mask[:, 0] = 1
    inputs = {"token_ids": token_ids, "padding_mask": padding_mask}
    return repeat(lambda: model.generate(inputs, stop_token_ids=None), budget)


def training(shape, batch_size, steps, dtype="float32", **compile_arguments):
    """Training steps with `fit` on numpy arrays, and with the settings that `compile` has by itself."""
    length = SHAPES[shape].context_length
    model = _model(shape, dtype)
    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=0.1, beta_2=0.99, global_clipnorm=1.0)
    model.compile(optimizer=optimizer, **compile_arguments)
    ids = np.random.default_rng(0).integers(0, SHAPES[shape].vocabulary_size, (steps * batch_size, length + 1))
    ids = ids.astype("int32")
    inputs = {"token_ids": ids[:, :-1], "padding_mask": np.ones_like(ids[:, :-1])}
    clock = Clock(steps)
    model.fit(inputs, ids[:, 1:], batch_size=batch_size, epochs=clock.epochs, callbacks=[clock], verbose=0)
    return clock.result()


if __name__ == "__main__":
    serve(generation, training)
