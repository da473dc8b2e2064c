"""Loading behind the check: what passes, what it costs, what is left aside, and what `trusted` opens."""

import errno
import json
import os
import shutil
import warnings
import zipfile

import keras
import numpy as np
import pytest
from keras.src.saving import saving_lib

import tinylm_keras as tlm
from tests.archive import hostile
from tinylm_keras import archive
from tinylm_keras.archive import checks, held
from tinylm_keras.models import MiniLM, RotaryLM
from tinylm_keras.recipe import renames
from tinylm_keras.schedules import Decay
from tinylm_keras.training import checkpoint

GADGETS = ["lambda_as_tokenizer", "function_as_loss", "saved_model", "vocabulary_as_path", "large_product", "loop"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.keras"


# The head of a new pre-norm model has no bias, so the one of format 4 has other logits.
WRITTEN = {f"format_{version}": [2, 3, 9, 9, 9, 9, 9, 9, 9, 6, 2, 8, 8, 9] for version in (1, 2, 3)}
WRITTEN |= {"format_4": [2, 3, 9, 9, 9, 9, 8, 9, 9, 4, 2, 5, 5, 9]}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_stored_model_of_each_format_loads_and_writes_the_same_ids(name):
    model = tlm.load_model(hostile.GOOD.with_name(f"{name}.keras"))
    assert model.generate(np.array([2, 3], "int32"), max_new_tokens=12, seed=7).tolist() == WRITTEN[name]
    assert model.head_bias is (name != "format_4")
    assert model.tokenizer.get_vocabulary()[2:-1] == ["the", "cat", "sat", "déjà", "猫", "🙂", "a\u2028b", "c\x85d"]
    assert (model.tokenizer.end_token, model.generation_defaults) == ("<end>", {"temperature": 0.8})


@pytest.mark.parametrize("name", GADGETS)
def test_keras_never_sees_a_file_that_is_refused(path, name, monkeypatch):
    make, why = hostile.FILES[name]
    make(path)
    monkeypatch.setattr(saving_lib, "load_model", lambda *_, **__: pytest.fail("Keras was asked"))
    with pytest.raises(ValueError, match=why):
        tlm.load_model(path)


@pytest.mark.parametrize("address", ["s3://somebody/model.keras", "https://example.org/model.keras"])
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
    with pytest.raises(ValueError, match="not a complete zip archive"):
        tlm.load_model(path, trusted=True)


def test_a_file_of_a_later_format_says_so_in_every_way_of_loading(path):
    hostile.FILES["newer"][0](path)
    with pytest.raises(ValueError, match=r"model\.keras was written by a newer tinylm_keras \(format 5"):
        tlm.load_model(path)
    with pytest.raises(ValueError, match=r"The model was written by a newer tinylm_keras \(format 5"):
        tlm.load_model(path, trusted=True)
    with pytest.raises(ValueError, match=r"The model was written by a newer tinylm_keras \(format 5"):
        keras.saving.load_model(path)


def test_a_file_from_before_the_format_had_a_version_loads(path):
    tree = hostile.tree()
    assert tree["config"].pop("format_version") == 1
    hostile.with_text(json.dumps(tree))(path)
    assert tlm.load_model(path).get_config()["format_version"] == 4


def test_a_model_of_format_2_is_read_with_its_old_names_and_written_with_the_new(tmp_path):
    sizes = {"context_length": 4, "embed_dim": 8, "num_heads": 2, "num_blocks": 1}
    for model, names in (
        (MiniLM(9, **sizes, embeddings_stddev=0.5, kernel_stddev=0.02), ("embedding_deviation", "weights_deviation")),
        (RotaryLM(9, **sizes, logit_soft_cap=7.0), ("logit_cap",)),
    ):
        new, old = tmp_path / f"new_{model.name}.keras", tmp_path / f"old_{model.name}.keras"
        model.save(new)
        shutil.copy(new, old)
        hostile.change_config(old, lambda tree, names=names: _as_format_2(tree, names))
        loaded = tlm.load_model(old)
        assert {**loaded.get_config(), "name": ""} == {**model.get_config(), "name": ""}
        np.testing.assert_array_equal(loaded(np.array([[1, 2]])), model(np.array([[1, 2]])))
        hostile.change_config(new, lambda tree, names=names: _as_format_2(tree, names, version=3))
        with pytest.raises(ValueError, match=f"that this version does not know, '{names[0]}'"):
            tlm.load_model(new)


def _as_format_2(tree, names, version=2):
    config = tree["config"]
    for name in names:
        config[name] = config.pop(renames.NAMES[name])
    config["format_version"] = version
    return tree


def test_the_schedule_of_a_model_of_format_2_is_read(tmp_path):
    model = MiniLM(9, context_length=4, embed_dim=8, num_heads=2, num_blocks=1)
    schedule = Decay(0.5, steps=9, warmup_steps=3, min_learning_rate_ratio=0.25, gradient_accumulation_steps=2)
    model.compile(keras.optimizers.AdamW(schedule), jit_compile=False)
    model.save(tmp_path / "model.keras")

    def change(tree):
        settings = tree["compile_config"]["optimizer"]["config"]["learning_rate"]["config"]
        for new, old in (
            ("peak_learning_rate", "highest"),
            ("warmup_steps", "warm_up"),
            ("min_learning_rate_ratio", "minimum"),
            ("gradient_accumulation_steps", "accumulate"),
        ):
            settings[old] = settings.pop(new)
        return _as_format_2(tree, ("embedding_deviation", "weights_deviation"))

    hostile.change_config(tmp_path / "model.keras", change)
    loaded = tlm.load_model(tmp_path / "model.keras").optimizer._learning_rate
    assert loaded.get_config() == schedule.get_config()


def test_pure_bfloat16_takes_trusted_and_mixed_precision_does_not(path):
    for policy in ("mixed_bfloat16", "bfloat16"):
        MiniLM(vocabulary_size=9, context_length=4, embed_dim=4, num_blocks=1, dtype=policy).save(path)
        if policy == "bfloat16":
            with pytest.raises(ValueError, match=r"has an array with an attribute .*, as bfloat16 does.*trusted=True"):
                tlm.load_model(path)
        assert tlm.load_model(path, trusted=policy == "bfloat16").dtype_policy.name == policy


@pytest.fixture
def swapped(monkeypatch):
    """A function after whose call a file is replaced by another as soon as the check has looked at it once."""

    def swap(path, other, in_place):
        check, calls = checks.check, []

        def checked(*arguments, **settings):
            found = check(*arguments, **settings)
            calls.append(arguments)
            if len(calls) == 2 or not in_place:
                if in_place:
                    path.write_bytes(other.read_bytes())
                else:
                    os.replace(shutil.copy(other, path.with_name("other")), path)
            return found

        monkeypatch.setattr(checks, "check", checked)

    return swap


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("most", [0, 1 << 30])
def test_what_was_checked_is_what_is_loaded_also_when_the_file_is_replaced_meanwhile(
    path, tmp_path, swapped, monkeypatch, in_place, most
):
    monkeypatch.setattr(held, "MOST_IN_MEMORY", most)
    shutil.copy(hostile.GOOD, path)
    hostile.FILES["lambda_as_tokenizer"][0](tmp_path / "hostile.keras")
    swapped(path, tmp_path / "hostile.keras", in_place)
    model = tlm.load_model(path)
    assert model.tokenizer.get_vocabulary()[2:5] == ["the", "cat", "sat"]
    assert path.read_bytes() == (tmp_path / "hostile.keras").read_bytes()
    with pytest.raises(ValueError, match="names 'Lambda'"):
        tlm.load_model(path)


def test_a_checkpoint_gives_the_state_and_the_model_of_one_file(path, tmp_path, swapped):
    shutil.copy(hostile.GOOD.with_name("checkpoint_2.keras"), path)
    swapped(path, hostile.GOOD, False)
    model, state = checkpoint.read(path)
    assert int(model.optimizer._iterations) == state.batches
    with pytest.raises(ValueError, match="is a model without a training state"):
        checkpoint.read(path)


def test_a_large_file_is_copied_to_memory_where_there_is_no_room_on_the_disk(path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(held, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(held.tempfile, "TemporaryFile", full)
    assert tlm.load_model(hostile.GOOD).context_length == 6


def test_a_private_copy_has_no_name(monkeypatch, tmp_path):
    monkeypatch.setattr(held, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(held.tempfile, "tempdir", str(tmp_path))
    with archive.hold(hostile.GOOD) as kept:
        assert kept.file.read() == hostile.GOOD.read_bytes()
        assert list(tmp_path.iterdir()) == []


def test_a_file_far_larger_than_its_model_is_refused_before_it_is_copied(path, monkeypatch):
    monkeypatch.setattr(held, "_copy", lambda *_: pytest.fail("it was copied"))
    monkeypatch.setattr("tinylm_keras.archive.sizes.SMALLEST_SIZE", 0)
    monkeypatch.setattr("tinylm_keras.archive.sizes.BYTES_PER_WEIGHT", 8)
    with pytest.raises(ValueError, match=r"asks for [0-9]+ weights and holds [0-9,]+ bytes of them, far more than fit"):
        tlm.load_model(hostile.GOOD)


def test_what_keras_says_of_a_file_is_cut(path):
    hostile.with_config("config", activation="x" * 100_000)(path)
    with pytest.raises(ValueError, match="cannot be loaded: ") as caught:
        tlm.load_model(path)
    assert len(str(caught.value)) < 400 + len(str(path))
    assert "\n" not in str(caught.value)


def test_many_unknown_metrics_are_named_in_a_short_line(path):
    metrics = [hostile.made("keras.metrics", f"Own{number}") for number in range(2000)]
    hostile.with_config("compile_config", metrics=metrics)(path)
    with pytest.warns(UserWarning, match=r"Own4 and 1,995 more, which the check does not know"):
        tlm.load_model(path)


def test_a_zip64_archive_as_it_is_written_beyond_2_gb_passes(path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 3000)
    hostile.write(path, hostile.members())
    assert b"PK\6\6" in path.read_bytes()
    assert archive.check(path) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda state: {**state, "rows": [{"step": 1, "=cmd()": 2.0}]}, "its history has an unknown column"),
        (lambda state: {**state, "rows": [{"step": 1, "a\nb": 2.0}]}, "its history has an unknown column"),
        (lambda state: {**state, "rows": {"a": 1}}, "contains a training state that cannot be read"),
        (lambda state: {**state, "plan": None, "record": []}, "contains a training state that cannot be read"),
        (lambda state: {**state, "batches": [1]}, "contains a training state that cannot be read"),
        (lambda state: {**state, "samples": [[1, "a\ud800"]]}, "no valid Unicode"),
    ],
)
def test_a_state_of_training_that_no_run_writes_is_refused_in_one_line(path, change, why):
    shutil.copy(hostile.GOOD.with_name("checkpoint_2.keras"), path)
    hostile.change_state(path, change)
    with pytest.raises(ValueError, match=why) as caught:
        checkpoint.read(path)
    assert str(caught.value).startswith(f"{path} ")
    assert "\n" not in str(caught.value)


def test_a_checkpoint_that_is_not_compiled_is_refused(path):
    shutil.copy(hostile.GOOD.with_name("checkpoint_2.keras"), path)
    hostile.change_config(path, lambda tree: {**tree, "compile_config": {"optimizer": "other"}})
    with pytest.warns(UserWarning, match="is not compiled"), pytest.raises(ValueError, match="without its optimizer"):
        checkpoint.read(path)
