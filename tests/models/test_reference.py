"""Law 9: independent implementations of the whole forward pass give the same logits."""

import keras
import numpy as np

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.baselines import MLPLM, AverageLM
from tinylm_keras.baselines.layers import PermutationCoding
from tinylm_keras.models import MiniLM, RotaryLM


def layer_norm(x, scale, shift):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * scale + shift


def post_norm_logits(weights, ids, num_blocks, num_heads):
    """A post-norm transformer in plain numpy: shapes (T, D) for one text, heads one after the other."""
    length = len(ids)
    x = weights["embedding/token_embedding/embeddings"][ids]
    x = x + weights["embedding/position_embedding/embeddings"][:length]
    width = x.shape[1] // num_heads
    for block in range(num_blocks):

        def get(name, block=block):
            return weights[f"block_{block}/{name}"]

        def dense(x, name, get=get):
            return x @ get(f"{name}/kernel") + get(f"{name}/bias")

        def norm(x, name, get=get):
            return layer_norm(x, get(f"{name}/gamma"), get(f"{name}/beta"))

        queries, keys, values = np.split(dense(x, "attention/query_key_value"), 3, axis=1)
        heads = []
        for head in range(num_heads):
            part = slice(head * width, (head + 1) * width)
            scores = queries[:, part] @ keys[:, part].T / np.sqrt(width)
            scores[np.triu_indices(length, 1)] = -np.inf
            shares = np.exp(scores - scores.max(1, keepdims=True))
            heads.append(shares / shares.sum(1, keepdims=True) @ values[:, part])
        x = norm(x + dense(np.concatenate(heads, 1), "attention/projection"), "attention_norm")
        x = norm(x + dense(np.maximum(dense(x, "expand"), 0), "contract"), "feed_forward_norm")
    return x @ weights["head/kernel"] + weights["head/bias"]


def rms_norm(x, scale):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * scale


def rotated(x):
    """Each vector of `x` (T, width) turned by its position; features i and i + width / 2 are one complex number."""
    half = x.shape[1] // 2
    angles = np.arange(len(x))[:, None] * 10_000.0 ** (-np.arange(half) / half)
    turned = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angles)
    return np.concatenate([turned.real, turned.imag], 1)


def rotary_logits(weights, ids, num_blocks, num_heads, context_length, logit_soft_cap):
    """RotaryLM in plain numpy, one position after the other: each sees the last `context_length`, itself included."""
    x = weights["embedding/embeddings"][ids]
    width = x.shape[1] // num_heads
    for block in range(num_blocks):

        def get(name, block=block):
            return weights[f"block_{block}/{name}"]

        seen = rms_norm(x, get("attention_norm/scale")) @ get("attention/query_key_value/kernel")
        queries, keys, values = (part.reshape(len(ids), num_heads, width) for part in np.split(seen, 3, axis=1))
        joined = np.zeros((len(ids), num_heads, width))
        for head in range(num_heads):
            turned_queries = rotated(rms_norm(queries[:, head], get("attention/query_norm/scale")))
            turned_keys = rotated(rms_norm(keys[:, head], get("attention/key_norm/scale")))
            for place in range(len(ids)):
                window = slice(max(0, place - context_length + 1), place + 1)
                shares = np.exp(turned_keys[window] @ turned_queries[place] / np.sqrt(width))
                joined[place, head] = shares / shares.sum() @ values[window, head]
        x = x + joined.reshape(len(ids), -1) @ get("attention/projection/kernel")
        y = np.maximum(rms_norm(x, get("feed_forward_norm/scale")) @ get("expand/kernel"), 0)
        x = x + y**2 @ get("contract/kernel")
    logits = rms_norm(x, weights["final_norm/scale"]) @ weights["head/kernel"]
    return logit_soft_cap * np.tanh(logits / logit_soft_cap)


def test_rotary_logits_equal_a_forward_in_plain_numpy_inside_the_context_and_past_it():
    keras.utils.set_random_seed(5)
    sizes = {"num_blocks": 2, "num_heads": 3, "context_length": 7, "logit_soft_cap": 4.0}
    model = RotaryLM(vocabulary_size=40, embed_dim=24, feed_forward_dim=50, **sizes)
    generator = np.random.default_rng(5)
    weights = {}
    for variable in model.trainable_variables:
        variable.assign(generator.normal(0.2, 0.4, variable.shape))
        weights[variable.path.split("/", 1)[1]] = np.array(variable, "float64")
    ids = generator.integers(0, 40, 25)
    expected = rotary_logits(weights, ids, **sizes)
    assert np.abs(expected).max() > 2  # the cap is felt
    inside = np.array(model(ids[None, :7].astype("int32")))[0]
    assert np.abs(inside - expected[:7]).max() <= 1e-5 * np.abs(expected).max()
    past = np.array(model.head(model.hidden_states(ids[None].astype("int32"))))[0]
    assert np.abs(past - expected).max() <= 1e-5 * np.abs(expected).max()


def test_post_norm_logits_equal_a_forward_in_plain_numpy():
    keras.utils.set_random_seed(3)
    model = MiniLM(vocabulary_size=40, context_length=10, embed_dim=24, num_heads=3, feed_forward_dim=50)
    generator = np.random.default_rng(3)
    weights = {}
    for variable in model.trainable_variables:
        variable.assign(generator.normal(0.2, 0.4, variable.shape))
        weights[variable.path.split("/", 1)[1]] = np.array(variable, "float64")
    ids = generator.integers(0, 40, 9)
    expected = post_norm_logits(weights, ids, num_blocks=2, num_heads=3)
    logits = np.array(model(ids[None].astype("int32")))[0]
    assert np.abs(logits - expected).max() <= 1e-5 * np.abs(expected).max()


def with_random_weights(model):
    """Return all weights by name, in float64, after setting them at random (variances above zero)."""
    generator, weights = np.random.default_rng(3), {}
    for variable in model.weights:
        value = generator.normal(0.2, 0.4, variable.shape)
        variable.assign(np.abs(value) if variable.name == "moving_variance" else value)
        weights[variable.path.split("/", 1)[1]] = np.array(variable, "float64")
    return weights


def test_logits_of_average_lm_equal_a_forward_in_plain_numpy():
    model = AverageLM(vocabulary_size=40, context_length=10, embed_dim=12, hidden_dim=20, num_hidden_layers=3)
    weights = with_random_weights(model)
    ids = np.random.default_rng(4).integers(0, 40, 9)
    logits = np.array(model(ids[None].astype("int32")))[0]
    for place in range(9):
        x = weights["embedding/embeddings"][ids[: place + 1]].mean(0)
        for layer in range(3):
            x = x @ weights[f"dense_{layer}/kernel"] + weights[f"dense_{layer}/bias"]
            x = np.where(x > 0, x, 0.2 * x)
        expected = x @ weights["head/kernel"] + weights["head/bias"]
        assert np.abs(logits[place] - expected).max() <= 1e-5 * np.abs(expected).max()


def test_logits_of_mlp_lm_equal_a_forward_in_plain_numpy():
    model = MLPLM(vocabulary_size=40, context_length=10, window=4, hidden_dim=20, activation="sigmoid")
    weights = with_random_weights(model)
    ids = np.random.default_rng(4).integers(0, 40, 9)
    logits = np.array(model(ids[None].astype("int32")))[0]
    codes = np.concatenate([np.zeros((3, 8)), PermutationCoding(40, 8).patterns[ids]])
    for place in range(9):
        x = codes[place : place + 4].reshape(-1)
        for layer in range(3):
            w = {name: weights[f"hidden_{layer}/batch_norm/{name}"] for name in ("gamma", "beta")}
            mean, variance = (weights[f"hidden_{layer}/batch_norm/moving_{name}"] for name in ("mean", "variance"))
            x = x @ weights[f"hidden_{layer}/dense/kernel"]
            x = 1 / (1 + np.exp(-((x - mean) / np.sqrt(variance + 1e-5) * w["gamma"] + w["beta"])))
        expected = x @ weights["head/kernel"] + weights["head/bias"]
        assert np.abs(logits[place] - expected).max() <= 1e-5 * np.abs(expected).max()


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
