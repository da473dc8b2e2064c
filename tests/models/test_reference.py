"""Law 9: independent implementations of the whole forward pass give the same logits.

Two are used here: the runtime in plain numpy, and the GPT-2 of keras-nlp. Two more are deliberately apart from the
package: `examples/gpt_in_one_file.py`, which learners read alone, and `tests/interop/forward.py`, which computes what
exported files say.
"""

import keras
import numpy as np
import pytest

from tinylm_keras import runtime
from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.baselines import MLPLM, AverageLM
from tinylm_keras.models import MiniLM, RotaryLM

SIZES = {"vocabulary_size": 40, "context_length": 10}
BLOCKS = {"embed_dim": 24, "num_heads": 3, "feed_forward_dim": 50, "num_blocks": 2}
MODELS = {
    "post-norm": lambda: MiniLM(**SIZES, **BLOCKS, norm="post"),
    "pre-norm": lambda: MiniLM(**SIZES, **BLOCKS, norm="pre", head_bias=True, activation="gelu"),
    "rotary": lambda: RotaryLM(**SIZES, **BLOCKS, logit_soft_cap=4.0),
    "average": lambda: AverageLM(**SIZES, embed_dim=12, hidden_dim=20, num_hidden_layers=3),
    "mlp": lambda: MLPLM(**SIZES, window=4, hidden_dim=20, activation="sigmoid"),
}


@pytest.fixture(params=MODELS)
def both(request, tmp_path):
    """A model with large weights by chance, biases and gains too, as Keras has it and as the runtime reads its file."""
    model, generator = MODELS[request.param](), np.random.default_rng(3)
    for variable in model.weights:
        if "seed" not in variable.path:
            value = generator.normal(0.2, 0.4, variable.shape)
            variable.assign(np.abs(value) if variable.name == "moving_variance" else value)
    model.save(tmp_path / "model.keras")
    return model, runtime.load(tmp_path / "model.keras")


def test_logits_equal_those_of_plain_numpy(both):
    model, plain = both
    ids = np.random.default_rng(4).integers(0, 40, (2, 10)).astype("int32")
    expected = plain.logits(ids)
    assert np.abs(expected).max() > 2  # a soft cap is felt
    assert np.abs(np.array(model(ids)) - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("both", ["rotary", "mlp"], indirect=True)
def test_logits_past_the_context_equal_those_of_plain_numpy_step_by_step(both):
    model, plain = both
    ids = np.random.default_rng(5).integers(0, 40, (1, 35)).astype("int32")
    cache = plain.network.empty_cache(1)
    expected = np.concatenate([plain.network.last_logits(ids[:, place : place + 1], cache) for place in range(35)])
    logits = np.array(model.head(model.hidden_states(ids)))[0]
    assert np.abs(logits - expected).max() <= 1e-5 * np.abs(expected).max()


def test_pre_norm_logits_equal_those_of_a_gpt2_backbone():
    keras.utils.set_random_seed(4)
    sizes = {"vocabulary_size": 50, "num_layers": 3, "num_heads": 4, "hidden_dim": 32, "intermediate_dim": 64}
    backbone = keras_nlp.models.GPT2Backbone(max_sequence_length=16, **sizes)
    generator = np.random.default_rng(4)
    for variable in backbone.weights:
        variable.assign(variable + generator.normal(0, 0.2, variable.shape))
    model = MiniLM(50, 16, 32, 4, 64, 3, dropout=0.0, norm="pre", activation="gelu_tanh")
    model.embedding.token_embedding.embeddings.assign(backbone.token_embedding.embeddings)
    model.embedding.position_embedding.embeddings.assign(backbone.position_embedding.position_embeddings)
    for block, theirs in zip(model.blocks, backbone.transformer_layers, strict=True):
        attention = theirs._self_attention_layer
        parts = (attention.query_dense, attention.key_dense, attention.value_dense)
        kernel = np.concatenate([np.reshape(part.kernel, (32, 32)) for part in parts], axis=1)
        bias = np.concatenate([np.reshape(part.bias, 32) for part in parts])
        block.attention.query_key_value.set_weights([kernel, bias])
        output = attention.output_dense
        block.attention.projection.set_weights([np.reshape(output.kernel, (32, 32)), output.bias])
        block.attention_norm.set_weights(theirs._self_attention_layer_norm.get_weights())
        block.feed_forward_norm.set_weights(theirs._feedforward_layer_norm.get_weights())
        block.expand.set_weights(theirs._feedforward_intermediate_dense.get_weights())
        block.contract.set_weights(theirs._feedforward_output_dense.get_weights())
    model.final_norm.set_weights(backbone.layer_norm.get_weights())
    model.head.set_weights([np.array(backbone.token_embedding.embeddings).T])

    ids = generator.integers(0, 50, (2, 16)).astype("int32")
    hidden = backbone({"token_ids": ids, "padding_mask": np.ones_like(ids)})
    expected = np.array(backbone.token_embedding(hidden, reverse=True))
    assert np.abs(np.array(model(ids)) - expected).max() <= 1e-4
