"""What does not train does not train after loading, and a run that continues leaves it alone."""

import warnings

import keras
import numpy as np
import pytest

from tests.training.test_resume import Stopper
from tests.training.test_train import TEXTS, TINY
from tinylm_keras import load_model
from tinylm_keras.models import MiniLM, frozen
from tinylm_keras.training.train import train


def freeze_all_but_the_head(model):
    model.trainable = False
    model.head.trainable = True
    model.trainable = True  # which Keras hands on
    for layer in (model.embedding, *model.blocks):
        layer.trainable = False


def a_layer_in_a_frozen_block(model):
    model.blocks[0].trainable = False
    model.blocks[0].attention.projection.trainable = True


WAYS = {
    "embedding": (lambda model: setattr(model.embedding, "trainable", False), ["embedding"]),
    "deep": (
        lambda model: setattr(model.blocks[1].attention.projection, "trainable", False),
        ["block_1/attention/projection"],
    ),
    "weight": (lambda model: setattr(model.head.bias, "trainable", False), ["head/bias"]),
    "model": (lambda model: setattr(model, "trainable", False), [""]),
    "not_within": (a_layer_in_a_frozen_block, ["block_0", "block_0/attention/projection"]),
    "all_but_head": (freeze_all_but_the_head, ["embedding", "block_0", "block_1"]),
}


def small():
    return MiniLM(10, context_length=4, embed_dim=4, num_heads=1, feed_forward_dim=8)


def paths(model):
    return [variable.path for variable in model.trainable_variables]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("first", ["frozen", "compiled"])
def test_what_is_frozen_is_so_after_loading_with_the_same_optimizer(way, first, tmp_path):
    freeze, places = WAYS[way]
    model, x = small(), np.array([[1, 2, 3, 4]], "int32")
    if first == "frozen":
        freeze(model)
    model.compile(keras.optimizers.Adam(0.1), jit_compile=False)
    if model.trainable_variables:
        model.train_on_batch(x, x)
    if first == "compiled":
        freeze(model)
    assert frozen.places(model) == places
    model.save(tmp_path / "model.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load_model(tmp_path / "model.keras")
    assert paths(loaded) == paths(model)
    for one, other in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
        assert np.array_equal(one.numpy(), other.numpy())
    before = {weight.path: weight.numpy() for weight in loaded.weights}
    if loaded.trainable_variables:
        loaded.fit(x, x, verbose=0)
    moved = [weight.path for weight in loaded.weights if (weight.numpy() != before[weight.path]).any()]
    assert set(moved) <= set(paths(model))
    assert bool(moved) == bool(paths(model))


def test_a_model_that_trains_as_a_whole_says_nothing_of_it_and_an_unknown_layer_is_refused():
    config = small().get_config()
    assert not {"frozen", "frozen_when_compiled"} & set(config)
    with pytest.raises(ValueError, match=r"`frozen` must name layers or weights of the model. Received: frozen='x'"):
        MiniLM.from_config({**config, "frozen": ["x"]})


def test_a_run_that_goes_on_leaves_frozen_layers_alone(tmp_path):
    model = train(TEXTS, **{**TINY, "steps": 1})
    model.embedding.trainable = False
    before = model.embedding.token_embedding.embeddings.numpy()
    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, "tinylm", tmp_path / "run", init=model, progress=Stopper(2), steps=4, prompt=None)
    resumed = train(TEXTS, resume=tmp_path / "run", progress=None)
    assert frozen.places(resumed) == ["embedding"]
    assert np.array_equal(resumed.embedding.token_embedding.embeddings.numpy(), before)
