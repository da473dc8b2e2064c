"""Loading behind the check: what passes, what it costs, what is left aside, and what `trusted` opens."""

import json
import warnings

import keras
import numpy as np
import pytest

import tinylm_keras as tlm
from tests.archive import hostile
from tinylm_keras.models import MiniLM

GADGETS = ["lambda_as_tokenizer", "function_as_loss", "saved_model", "vocabulary_as_path", "large_product", "loop"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.keras"


@pytest.mark.parametrize("name", ["format_1", "format_2"])
def test_the_stored_model_of_each_format_loads_and_writes_the_same_ids(name):
    model = tlm.load_model(hostile.GOOD.with_name(f"{name}.keras"))
    expected = [2, 3, 9, 9, 9, 9, 9, 9, 9, 6, 2, 8, 8, 9]
    assert model.generate(np.array([2, 3], "int32"), max_new_tokens=12, seed=7).tolist() == expected
    assert model.tokenizer.get_vocabulary()[2:-1] == ["the", "cat", "sat", "déjà", "猫", "🙂", "a\u2028b", "c\x85d"]
    assert (model.tokenizer.end_token, model.generation_defaults) == ("<end>", {"temperature": 0.8})


@pytest.mark.parametrize("name", GADGETS)
def test_keras_never_sees_a_file_that_is_refused(path, name, monkeypatch):
    make, why = hostile.FILES[name]
    make(path)
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras was asked"))
    with pytest.raises(ValueError, match=why):
        tlm.load_model(path)


@pytest.mark.parametrize("address", ["hf://somebody/model", "https://example.org/model.keras"])
@pytest.mark.parametrize("trusted", [False, True])
def test_an_address_is_refused_in_either_way(address, trusted):
    with pytest.raises(ValueError, match="is an address, and only files are loaded"):
        tlm.load_model(address, trusted=trusted)


def test_a_loss_of_keras_that_is_not_on_the_list_leaves_the_model_uncompiled_and_says_so(path, mini_lm):
    model = keras.models.clone_model(mini_lm)
    model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["mse"], jit_compile=False)
    model.save(path)
    with pytest.warns(UserWarning, match="was compiled with ") as caught:
        loaded = tlm.load_model(path)
    assert len(caught) == 1
    message = str(caught[0].message)
    assert "\n" not in message
    assert "keras.losses.CategoricalCrossentropy, metrics='mse', which the check does not know" in message
    assert not loaded.compiled
    ids = np.array([[2, 3, 4]], "int32")
    assert np.array_equal(np.array(loaded(ids)), np.array(model(ids)))
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tlm.load_model(path, trusted=True).compiled


def test_a_model_with_every_usual_part_of_keras_is_loaded_compiled(path):
    model = MiniLM(vocabulary_size=9, context_length=4, embed_dim=4, num_blocks=1)
    schedules = keras.optimizers.schedules
    model.compile(
        keras.optimizers.AdamW(schedules.PiecewiseConstantDecay([10, 20], [0.1, 0.01, 0.001]), clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(3), tlm.metrics.BitsPerCharacter(0.5)],
        jit_compile=False,
    )
    model.save(path)
    loaded = tlm.load_model(path)
    assert loaded.compiled
    assert loaded.optimizer.get_config() == model.optimizer.get_config()


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Muon"])
def test_the_optimizers_of_recipes_are_loaded(path, name):
    model = MiniLM(vocabulary_size=9, context_length=4, embed_dim=4, num_blocks=1, dtype="mixed_float16")
    model.compile(getattr(keras.optimizers, name)(0.1), jit_compile=False)
    model.save(path)
    optimizer = tlm.load_model(path).optimizer
    assert isinstance(optimizer.inner_optimizer, getattr(keras.optimizers, name))


@keras.saving.register_keras_serializable(package="somebody")
class OwnLM(MiniLM):
    """A model of a user's own."""


def test_a_model_of_ones_own_takes_trusted(path):
    OwnLM(vocabulary_size=9, context_length=4, embed_dim=4, num_blocks=1).save(path)
    with pytest.raises(ValueError, match=r"it holds 'OwnLM' of .*somebody>OwnLM'.*tlm\.load_model\(path, trusted=True"):
        tlm.load_model(path)
    assert isinstance(tlm.load_model(path, trusted=True), OwnLM)


def test_what_is_trusted_must_still_be_a_language_model_and_safe_for_keras(path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    with pytest.raises(ValueError, match="holds a Sequential, not a tinylm_keras model"):
        tlm.load_model(path, trusted=True)
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x)]).save(path)
    with pytest.raises(ValueError, match="cannot be loaded: "):
        tlm.load_model(path, trusted=True)
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="not a whole zip archive"):
        tlm.load_model(path, trusted=True)


def test_a_file_of_a_later_format_says_so_in_every_way_of_loading(path):
    hostile.FILES["newer"][0](path)
    with pytest.raises(ValueError, match=r"model\.keras was written by a newer tinylm_keras \(format 3"):
        tlm.load_model(path)
    with pytest.raises(ValueError, match=r"The model was written by a newer tinylm_keras \(format 3"):
        tlm.load_model(path, trusted=True)
    with pytest.raises(ValueError, match=r"The model was written by a newer tinylm_keras \(format 3"):
        keras.saving.load_model(path)


def test_a_file_from_before_the_format_had_a_version_loads(path):
    tree = hostile.tree()
    assert tree["config"].pop("format_version") == 1
    hostile.with_text(json.dumps(tree))(path)
    assert tlm.load_model(path).get_config()["format_version"] == 2


def test_pure_bfloat16_takes_trusted_and_mixed_precision_does_not(path):
    for policy in ("mixed_bfloat16", "bfloat16"):
        MiniLM(vocabulary_size=9, context_length=4, embed_dim=4, num_blocks=1, dtype=policy).save(path)
        if policy == "bfloat16":
            with pytest.raises(ValueError, match=r"has an array with an attribute .*, as bfloat16 does.*trusted=True"):
                tlm.load_model(path)
        assert tlm.load_model(path, trusted=policy == "bfloat16").dtype_policy.name == policy
