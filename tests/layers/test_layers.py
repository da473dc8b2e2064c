"""Keras's own suite for layers, and the errors of their constructors."""

import numpy as np
import pytest
from keras.src.testing import TestCase

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.baselines.layers import NormalizedDense, PermutationCoding, PrefixMean, TrailingWindow
from tinylm_keras.layers import (
    CausalSelfAttention,
    Dropout,
    RotaryAttention,
    RotaryBlock,
    RotaryEmbedding,
    SoftCappedDense,
    TokenAndPositionEmbedding,
    TransformerBlock,
)
from tinylm_keras.models import MiniLM, RotaryLM

POLICIES = ["float32", "mixed_bfloat16", "mixed_float16"]
BLOCK = {"embed_dim": 8, "num_heads": 2, "feed_forward_dim": 12}
NORMAL = {"class_name": "RandomNormal", "config": {"stddev": 0.02}}

# Class, arguments, width of the output, and how many trainable weights, others and seed generators it has.
LAYERS = {
    "attention": (CausalSelfAttention, {"embed_dim": 8, "num_heads": 2, "kernel_initializer": NORMAL}, 8, 4, 0, 0),
    "block_post": (TransformerBlock, {**BLOCK, "kernel_initializer": NORMAL}, 8, 12, 0, 2),
    "block_pre": (TransformerBlock, {**BLOCK, "norm": "pre", "activation": "gelu_tanh"}, 8, 12, 0, 2),
    "dropout": (Dropout, {"rate": 0.3}, 8, 0, 0, 1),
    "normalized_dense": (NormalizedDense, {"units": 6, "activation": "silu"}, 6, 3, 2, 1),
    "prefix_mean": (PrefixMean, {}, 8, 0, 0, 0),
    "rotary": (RotaryEmbedding, {}, 8, 0, 0, 0),
    "rotary_attention": (RotaryAttention, {"embed_dim": 8, "num_heads": 2, "context_length": 3}, 8, 4, 0, 0),
    "rotary_block": (RotaryBlock, {**BLOCK, "context_length": 3, "dropout": 0.1}, 8, 8, 0, 2),
    "soft_capped_dense": (SoftCappedDense, {"units": 8, "soft_cap": 3.0}, 8, 1, 0, 0),
    "trailing_window": (TrailingWindow, {"window": 3}, 24, 0, 0, 0),
}
LAYERS_OF_IDS = {
    "embedding": (TokenAndPositionEmbedding, {"vocabulary_size": 10, "context_length": 6, "embed_dim": 4}, 4, 2),
    "permutation_coding": (PermutationCoding, {"vocabulary_size": 10}, 6, 0),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("policy", POLICIES)
def test_keras_own_layer_suite_passes(name, policy):
    layer, arguments, width, weights, others, seeds = LAYERS[name]
    TestCase().run_layer_test(
        layer,
        init_kwargs={**arguments, "dtype": policy},
        input_shape=(2, 5, 8),
        expected_output_shape=(2, 5, width),
        expected_num_trainable_weights=weights,
        expected_num_non_trainable_weights=others,
        expected_num_seed_generators=seeds,
        run_mixed_precision_check=policy == "float32",
    )


@pytest.mark.parametrize("name", LAYERS_OF_IDS)
@pytest.mark.parametrize("policy", POLICIES)
def test_keras_own_layer_suite_passes_for_layers_of_ids(name, policy):
    layer, arguments, width, weights = LAYERS_OF_IDS[name]
    TestCase().run_layer_test(
        layer,
        init_kwargs={**arguments, "dtype": policy},
        input_data=np.array([[1, 2, 3], [4, 5, 6]], "int32"),
        expected_output_shape=(2, 3, width),
        expected_num_trainable_weights=weights,
        expected_num_non_trainable_weights=0,
        run_mixed_precision_check=policy == "float32",
    )


def test_the_two_embedding_tables_start_with_different_numbers():
    layer = TokenAndPositionEmbedding(6, 6, 4, "normal")
    layer.build((None, None))
    assert not np.allclose(layer.token_embedding.embeddings, layer.position_embedding.embeddings)


def test_a_new_pre_norm_block_changes_nothing_yet():
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    assert np.array_equal(TransformerBlock(8, 2, 12, norm="pre")(x), x)
    assert not np.allclose(TransformerBlock(8, 2, 12, norm="post")(x), x)


def test_attention_weights_are_causal_shares():
    layer = CausalSelfAttention(embed_dim=8, num_heads=2)
    weights = np.array(layer.attention_weights(np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")))
    assert weights.shape == (3, 2, 5, 5)
    assert np.allclose(weights.sum(-1), 1)
    assert (weights[..., np.triu_indices(5, 1)[0], np.triu_indices(5, 1)[1]] == 0).all()


def test_a_prefix_mean_is_the_mean_of_each_prefix_in_one_step_or_in_many():
    x = np.random.default_rng(0).normal(size=(2, 7, 3)).astype("float32")
    layer = PrefixMean()
    expected = np.stack([x[:, : place + 1].mean(axis=1) for place in range(7)], axis=1)
    assert np.allclose(layer(x), expected, atol=1e-6)
    cache = layer.empty_cache(2, 9, 3)
    for start, end in ((0, 4), (4, 5), (5, 7)):
        means, cache = layer(x[:, start:end], cache=cache, start=start)
        assert np.allclose(means, expected[:, start:end], atol=1e-6)


def test_a_prefix_mean_of_a_long_text_in_half_precision_keeps_moving():
    x = np.concatenate([np.ones((1, 1000, 1)), np.zeros((1, 1000, 1))], axis=1).astype("float16")
    layer = PrefixMean(dtype="mixed_bfloat16")
    assert float(layer(x)[0, -1, 0]) == 0.5
    _, cache = layer(x[:, :1999], cache=layer.empty_cache(1, 2000, 1), start=0)
    assert float(layer(x[:, 1999:], cache=cache, start=1999)[0][0, 0, 0]) == 0.5


@pytest.mark.parametrize("size", [9, 3])  # the whole text; only what the window looks back at
def test_a_trailing_window_holds_the_last_vectors_in_one_step_or_in_many(size):
    x = np.random.default_rng(0).normal(size=(2, 7, 3)).astype("float32")
    layer = TrailingWindow(4)
    padded = np.concatenate([np.zeros((2, 3, 3), "float32"), x], axis=1)
    expected = np.stack([padded[:, place : place + 4].reshape(2, 12) for place in range(7)], axis=1)
    assert np.array_equal(layer(x), expected)
    cache = layer.empty_cache(2, size, 3)
    for start, end in ((0, 4), (4, 5), (5, 7)):
        rows, cache = layer(x[:, start:end], cache=cache, start=start)
        assert np.array_equal(rows, expected[:, start:end])


def test_a_new_rotary_block_changes_nothing_yet():
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    assert np.array_equal(RotaryBlock(8, 2, 12, context_length=3)(x), x)


def test_rotary_attention_weights_are_shares_of_the_last_positions():
    layer = RotaryAttention(embed_dim=8, num_heads=2, context_length=3)
    weights = np.array(layer.attention_weights(np.random.default_rng(0).normal(size=(3, 6, 8)).astype("float32")))
    distance = np.arange(6)[:, None] - np.arange(6)
    assert np.allclose(weights.sum(-1), 1)
    assert ((weights > 0) == ((distance >= 0) & (distance < 3))).all()


def test_a_cap_bounds_the_outputs_and_leaves_small_ones_as_they_are():
    x = np.array([[1e-3], [1.0], [-50.0]], "float32")
    capped, bare = (SoftCappedDense(1, cap, kernel_initializer="ones")(x) for cap in (2.0, None))
    assert np.allclose(capped, 2 * np.tanh(x / 2), rtol=1e-6)
    assert np.array_equal(bare, x)


def test_rotary_positions_are_those_of_keras_nlp():
    x = np.random.default_rng(0).normal(size=(2, 3, 9, 8)).astype("float32")
    theirs = keras_nlp.layers.RotaryEmbedding(sequence_axis=2)(x, start_index=5)
    assert np.abs(RotaryEmbedding()(x, start=5) - np.array(theirs)).max() <= 1e-5


def test_products_of_rotated_vectors_depend_on_distances_alone_however_far_the_text_has_gone():
    layer = RotaryEmbedding()
    queries, keys = np.random.default_rng(0).normal(size=(2, 1, 40, 8)).astype("float32")
    expected = np.array(layer(queries)) @ np.array(layer(keys)).transpose(0, 2, 1)
    for start in (1, 999_983, 2_000_000_000):
        products = np.array(layer(queries, start=start)) @ np.array(layer(keys, start=start)).transpose(0, 2, 1)
        assert np.abs(products - expected).max() <= 1e-5
    angles = (np.arange(40) + 1_000_000)[:, None] * 10_000.0 ** (-np.arange(4) / 4)  # float64
    turned = np.array(layer(np.ones((1, 40, 8), "float32"), start=1_000_000))[0]
    assert np.abs(turned[:, :4] - (np.cos(angles) - np.sin(angles))).max() <= 2e-3


def block(**arguments):
    return TransformerBlock(**{"embed_dim": 8, "num_heads": 2, "feed_forward_dim": 8, **arguments})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: CausalSelfAttention(64, 5),
            r"`num_heads` must divide `embed_dim`.*embed_dim=64, num_heads=5. Try num_heads=4",
        ),
        (lambda: MiniLM(vocabulary_size=9, embed_dim=10, num_heads=3), r"`num_heads` must divide `embed_dim`"),
        (lambda: CausalSelfAttention(0, 1), r"`embed_dim` must be a whole number of at least 1. Received: embed_dim=0"),
        (lambda: CausalSelfAttention(8, 0), r"`num_heads` must be a whole number of at least 1"),
        (lambda: block(feed_forward_dim=0), r"`feed_forward_dim` must be a whole number of at least 1"),
        (lambda: block(dropout=1.0), r"`dropout` must be a number in \[0, 1\). Received: dropout=1.0"),
        (lambda: block(dropout=float("nan")), r"`dropout` must be a number in"),
        (lambda: block(norm="middle"), r"`norm` must be one of 'post', 'pre'. Received: norm='middle'"),
        (lambda: block(activation="tanh"), r"`activation` must be one of 'relu', 'gelu', 'gelu_tanh', 'silu'"),
        (lambda: TrailingWindow(0), r"`window` must be a whole number of at least 1. Received: window=0"),
        (lambda: NormalizedDense(0), r"`units` must be a whole number of at least 1. Received: units=0"),
        (lambda: NormalizedDense(4, "gelu"), r"`activation` must be one of 'sigmoid', 'relu', 'silu'"),
        (lambda: NormalizedDense(4, dropout=1), r"`dropout` must be a number in \[0, 1\)"),
        (lambda: TokenAndPositionEmbedding(0, 2, 2), r"`vocabulary_size` must be a whole number of at least 1"),
        (lambda: TokenAndPositionEmbedding(2, 0, 2), r"`context_length` must be a whole number of at least 1"),
        (lambda: TokenAndPositionEmbedding(2, 2, 0), r"`embed_dim` must be a whole number of at least 1"),
        (lambda: RotaryAttention(8, 2, 0), r"`context_length` must be a whole number of at least 1"),
        (lambda: RotaryAttention(6, 2, 4), r"`num_heads` must give heads of an even width.*embed_dim=6.*num_heads=2"),
        (lambda: RotaryEmbedding(1.0), r"`max_wavelength` must be a number of more than 1. Received: max_wavelength=1"),
        (lambda: RotaryEmbedding()(np.ones((1, 2, 3))), r"`x` must have an even last dimension.*x=\(1, 2, 3\)"),
        (lambda: RotaryBlock(8, 2, 0, 4), r"`feed_forward_dim` must be a whole number of at least 1"),
        (lambda: RotaryBlock(8, 2, 8, 4, dropout=-0.1), r"`dropout` must be a number in \[0, 1\)"),
        (lambda: SoftCappedDense(8, 0.0), r"`soft_cap` must be a number of more than 0. Received: soft_cap=0.0"),
        (lambda: RotaryLM(vocabulary_size=9, logit_soft_cap=0), r"`logit_soft_cap` must be a number of more than 0"),
        (lambda: RotaryLM(vocabulary_size=9, num_blocks=0), r"`num_blocks` must be a whole number of at least 1"),
        (lambda: RotaryLM(vocabulary_size=9, embed_dim=6, num_heads=4), r"`num_heads` must divide `embed_dim`"),
        (lambda: MiniLM(), r"`vocabulary_size` is needed without a tokenizer"),
        (lambda: MiniLM(vocabulary_size=9, num_blocks=0), r"`num_blocks` must be a whole number of at least 1"),
        (lambda: MiniLM(vocabulary_size=9, context_length=2.5), r"`context_length` must be a whole number"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_more_positions_than_the_embedding_has_are_refused():
    with pytest.raises(ValueError, match=r"`token_ids` must have at most `context_length` columns.*context_length=2"):
        TokenAndPositionEmbedding(9, 2, 2)(np.zeros((1, 3), "int32"))


def test_a_vocabulary_smaller_than_the_tokenizer_is_refused(mini_lm):
    with pytest.raises(ValueError, match=r"`vocabulary_size` must cover the tokenizer. Received: vocabulary_size=5"):
        MiniLM(vocabulary_size=5, tokenizer=mini_lm.tokenizer)
