"""Losses and metrics of Keras that take probabilities are refused; those that take logits leave padding out."""

import functools

import keras
import keras_hub
import numpy as np
import pytest

from tinylm_keras import load_model
from tinylm_keras.models import MiniLM

losses, metrics = keras.losses, keras.metrics
OF_PROBABILITIES = [
    "sparse_categorical_crossentropy",
    "SparseCategoricalCrossentropy",
    "crossentropy",
    "categorical_crossentropy",
    "bce",
    "kld",
    "poisson",
    losses.SparseCategoricalCrossentropy,
    losses.SparseCategoricalCrossentropy(),
    losses.CategoricalFocalCrossentropy(),
    losses.KLDivergence(),
    losses.sparse_categorical_crossentropy,
    [losses.sparse_categorical_crossentropy],
    {"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": False}},
]
METRICS = [
    "ce",
    "sparse_categorical_crossentropy",
    metrics.SparseCategoricalCrossentropy(),
    metrics.MeanMetricWrapper(losses.sparse_categorical_crossentropy),
    metrics.AUC(),
    metrics.Precision(),
    "Poisson",
    keras_hub.metrics.Perplexity(),
]


def small(**arguments):
    return MiniLM(9, context_length=6, embed_dim=4, num_heads=1, feed_forward_dim=4, num_blocks=1, **arguments)


@pytest.mark.parametrize("place", range(len(OF_PROBABILITIES)))
def test_a_loss_of_probabilities_is_refused_in_one_line(place):
    with pytest.raises(ValueError, match=r"^`loss` must take logits, .*Received: loss=.*from_logits=True") as error:
        small().compile("adam", loss=OF_PROBABILITIES[place])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("place", range(len(METRICS)))
@pytest.mark.parametrize("argument", ["metrics", "weighted_metrics"])
def test_a_metric_of_probabilities_is_refused_in_one_line(argument, place):
    with pytest.raises(ValueError, match=f"^`{argument}` must take logits") as error:
        small().compile("adam", **{argument: ["accuracy", METRICS[place]]})
    assert "\n" not in str(error.value)


def test_what_takes_logits_or_is_of_ones_own_is_taken():
    of_logits = functools.partial(losses.sparse_categorical_crossentropy, from_logits=True)
    for loss in (losses.SparseCategoricalCrossentropy(from_logits=True), of_logits, lambda y, logits: logits, "hinge"):
        small().compile("adam", loss=loss, jit_compile=False)
    top = metrics.SparseTopKCategoricalAccuracy(3)
    nlp = keras_hub.metrics.Perplexity(from_logits=True)
    small().compile("adam", metrics=["accuracy", top, nlp, "sparse_categorical_accuracy"], jit_compile=False)

    class Probabilities(MiniLM):
        def call(self, token_ids, training=None):
            return keras.ops.softmax(super().call(token_ids, training=training))

    Probabilities(9, embed_dim=4).compile("adam", loss="sparse_categorical_crossentropy", jit_compile=False)


def test_a_loss_of_keras_leaves_padding_out_as_the_own_one_does():
    model = small(pad_id=0)
    x = np.array([[3, 4, 5, 0, 0, 0], [2, 3, 4, 5, 6, 7]], "int32")
    y = np.array([[4, 5, 0, 0, 0, 0], [3, 4, 5, 6, 7, 0]], "int32")
    model.compile(jit_compile=False)
    own = model.evaluate(x, y, verbose=0, return_dict=True)
    real = y != 0
    right = (np.argmax(keras.ops.convert_to_numpy(model(x)), axis=-1) == y)[real].mean()
    for loss in (losses.SparseCategoricalCrossentropy(from_logits=True), None):
        model.compile("adam", loss=loss, metrics=["accuracy"], jit_compile=False)
        found = model.evaluate(x, y, verbose=0, return_dict=True)
        assert found["loss"] == pytest.approx(own["loss"], rel=1e-5)
        assert found["perplexity"] == pytest.approx(own["perplexity"], rel=1e-5)
        assert found["accuracy"] == pytest.approx(right)


def test_a_layer_after_the_model_sees_which_tokens_are_real():
    model = small(pad_id=3)
    ids = keras.Input((None,), dtype="int32")
    pooled = keras.layers.GlobalAveragePooling1D()(model(ids))
    outer = keras.Model(ids, pooled)
    x = np.array([[1, 2, 4, 3, 3, 3]], "int32")
    logits = keras.ops.convert_to_numpy(model(x))
    assert model.supports_masking
    assert np.allclose(outer.predict(x, verbose=0), logits[:, :3].mean(axis=1), atol=1e-5)
    assert small().compute_mask(x) is None


def test_an_old_file_with_such_a_loss_is_loaded_and_takes_logits(tmp_path, monkeypatch):
    model = small()
    with monkeypatch.context() as patch:
        patch.setattr("tinylm_keras.models.own_losses.check", lambda *_: None)
        arguments = {"metrics": [metrics.SparseCategoricalCrossentropy(name="nats")], "jit_compile": False}
        model.compile("adam", "sparse_categorical_crossentropy", **arguments)
        model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match=r"of this file took logits for probabilities") as caught:
        loaded = load_model(tmp_path / "model.keras")
    assert len(caught) == 2
    x = np.array([[1, 2, 4]], "int32")
    found = loaded.evaluate(x, x, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(np.log(found["perplexity"]), rel=1e-5)
    assert found["nats"] == pytest.approx(found["loss"], rel=1e-5)


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_quantize_is_refused_and_names_what_there_is(mode):
    model = small()
    before = [weight.numpy() for weight in model.weights]
    with pytest.raises(ValueError, match=rf"Received: mode='{mode}'. Use model.generate\(prompt, quantize=\"int8\"\)"):
        model.quantize(mode)
    assert all(np.array_equal(weight.numpy(), old) for weight, old in zip(model.weights, before, strict=True))
