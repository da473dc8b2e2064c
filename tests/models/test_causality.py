"""Law 1: a token never changes the logits before it."""

import keras
import numpy as np
import pytest


@pytest.mark.parametrize("training", [False, True])
def test_perturbing_a_token_leaves_earlier_logits_bit_identical(make_model, training):
    model = make_model(vocabulary_size=30, dropout=0.3 if training else 0.0)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False  # in training its statistics are of the whole batch: the one exception of the law
    ids = np.random.default_rng(0).integers(0, 30, (2, 12)).astype("int32")
    states = [np.array(v) for v in model.non_trainable_variables]

    def logits(token_ids):
        for variable, state in zip(model.non_trainable_variables, states, strict=True):
            variable.assign(state)  # the same dropout again
        return np.array(model(token_ids, training=training))

    before = logits(ids)
    for place in (0, 5, 11):
        changed = ids.copy()
        changed[:, place] = (changed[:, place] + 7) % 30
        after = logits(changed)
        assert np.array_equal(after[:, :place], before[:, :place])
        assert not np.allclose(after[:, place], before[:, place])


def test_logits_are_float32_of_the_promised_shape(make_model):
    model = make_model(vocabulary_size=30)
    logits = model(np.zeros((3, 5), "int32"))
    assert tuple(logits.shape) == (3, 5, 30)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert model.compute_output_shape((3, 5)) == (3, 5, 30)


def test_a_model_is_built_when_constructed(make_model):
    model = make_model(vocabulary_size=30)
    assert model.built
    assert all(layer.built for layer in model._flatten_layers())
    assert model.count_params() > 0


def test_more_positions_than_the_context_are_refused(make_model):
    model = make_model(vocabulary_size=30)
    with pytest.raises(ValueError, match=r"at most `context_length` columns.*\(1, 13\), context_length=12"):
        model(np.zeros((1, 13), "int32"))


def test_mixed_precision_keeps_float32_logits(make_model):
    model = make_model(vocabulary_size=30, dtype="mixed_bfloat16")
    logits = model(np.zeros((1, 5), "int32"))
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert len(model.generate(np.array([3]), max_new_tokens=3, seed=0)) == 4
