"""What the runtime refuses: damaged files and arguments that need Keras, each in one line."""

import json
import zipfile

import keras
import numpy as np
import pytest

import tinylm_keras as tlm
from tinylm_keras import runtime
from tinylm_keras.archive import hdf5


@pytest.fixture
def changed(tmp_path):
    """Save a model with another config or other arrays; returns the path."""

    def save(model, config=lambda values: None, arrays=lambda values: None):
        path = tmp_path / "model.keras"
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        tree = json.loads(members["config.json"])
        config(tree["config"])
        found = {name: np.array(array) for name, array in hdf5.read(members["model.weights.h5"]).items()}
        arrays(found)
        members["config.json"], members["model.weights.h5"] = json.dumps(tree), hdf5.write(found)
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return save


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"norm": "none"}, "has a wrong norm: it must be one of post, pre, not 'none'."),
        ({"activation": "tanh"}, "has a wrong activation: it must be one of relu, gelu, gelu_tanh, silu, not 'tanh'."),
        ({"num_heads": 3}, "has 3 heads, which do not fit a width of 16."),
        (
            {"feed_forward_dim": 31},
            "is damaged: the array blocks/transformer_block/expand/vars/0 has the shape (16, 32)",
        ),
        ({"generation_defaults": {"top_k": 0}}, "cannot be loaded: `top_k` must be a whole number of at least 1."),
    ],
)
def test_a_config_that_does_not_fit_is_refused(mini_lm, changed, change, line):
    path = changed(mini_lm, config=lambda values: values.update(change))
    with pytest.raises(ValueError, match=r"model\.keras") as error:
        runtime.load(path)
    assert str(error.value).startswith(f"{path} {line}")


def test_a_vocabulary_with_a_word_twice_is_refused(mini_lm, changed):
    def repeat(config):
        words = config["tokenizer"]["config"]["vocabulary"]
        words[1] = words[0]

    path = changed(mini_lm, config=repeat)
    with pytest.raises(ValueError, match="cannot be loaded: `vocabulary` must not hold a word twice"):
        runtime.load(path)


def test_weights_that_are_missing_or_not_finite_are_refused(mini_lm, changed):
    with pytest.raises(ValueError, match="is damaged: the array head/vars/1 is missing"):
        runtime.load(changed(mini_lm, arrays=lambda values: values.pop("head/vars/1")))
    with pytest.raises(ValueError, match=r"holds weights that are not finite \(head/vars/0\): its training diverged."):
        runtime.load(changed(mini_lm, arrays=lambda values: values["head/vars/0"].__setitem__((0, 0), np.nan)))


@pytest.mark.parametrize(
    ("table", "place", "value"), [(1, 3, 1e6), (1, -1, 1e6), (1, 1, -2), (3, 0, 25), (3, 1, -1), (3, 1, 0)]
)
def test_tables_of_counts_that_point_nowhere_are_refused(every_model, changed, table, place, value):
    model = every_model["ngram_lm"](vocabulary_size=20)
    path = changed(model, arrays=lambda values: values[f"head/vars/{table}"].__setitem__(place, value))
    with pytest.raises(ValueError, match="is damaged: its tables of counts do not fit together"):
        runtime.load(path)


def test_counts_for_fewer_contexts_than_tokens_are_refused(every_model, changed):
    def shrink(config):
        config["num_contexts"] = 5

    def cut(values):
        values["head/vars/1"], values["head/vars/2"] = values["head/vars/1"][:7] * 0, values["head/vars/2"][:6]

    path = changed(every_model["ngram_lm"](vocabulary_size=20), config=shrink, arrays=cut)
    with pytest.raises(ValueError, match="is damaged: its tables of counts do not fit together"):
        runtime.load(path)


def test_what_needs_keras_is_refused_by_name(mini_lm, read):
    light = read(mini_lm)
    with pytest.raises(ValueError, match=r"`quantize` needs Keras. Received: quantize='int8'"):
        light.generate("the", quantize="int8")
    with pytest.raises(ValueError, match=r"`sampler` must be a tlm\.Sampler, because the runtime has no Keras"):
        light.stream("the", sampler=keras.layers.Dense(1))
    assert light.generate("the", seed=1, sampler=tlm.Sampler(top_k=3)) == light.generate("the", seed=1, top_k=3)
    with pytest.raises(ValueError, match="`sampler` must not come together with top_k"):
        light.generate("the", sampler=tlm.Sampler(), top_k=3)


def test_bad_arguments_are_refused_as_keras_refuses_them(mini_lm, read):
    light = read(mini_lm)
    stops = ({"stop": ""}, {"stop": ["x"] * 999}, {"stop": "x" * 2_000})
    for arguments in ({"temperature": -1}, {"seed": -1}, {"max_new_tokens": -1}, *stops, {"allow_unknown": "no"}):
        refusals = []
        for model in (mini_lm, light):
            with pytest.raises((ValueError, TypeError)) as error:
                model.generate("the", **arguments)
            refusals.append(str(error.value))
        assert refusals[0] == refusals[1]
    for ids in ([[1] * 13], [1, 2], [[99]]):
        with pytest.raises(ValueError, match="`token_ids` must"):
            light.logits(ids)


def test_a_warning_names_the_line_of_the_caller(mini_lm, read):
    with pytest.warns(UserWarning, match="does not know: 'zebra'") as seen:
        read(mini_lm).generate("the zebra", 1)
    assert seen[0].filename == __file__
    with pytest.warns(UserWarning, match="does not know: 'zebra'") as seen:
        read(mini_lm).stream("the zebra", 1)
    assert seen[0].filename == __file__


def test_logits_that_are_not_finite_stop_the_writing(mini_lm, read, saved):
    light = runtime.load(saved(mini_lm))
    light.network.head.bias[3] = np.inf
    with pytest.raises(ValueError, match="logits are not finite numbers"):
        light.generate("the", 3)
