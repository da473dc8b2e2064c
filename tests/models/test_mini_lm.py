"""How a MiniLM begins: the deviation of its weights, and the bias of its head."""

import itertools

import keras
import numpy as np
import pytest

import tinylm_keras as tlm
from tinylm_keras import specs
from tinylm_keras.layers import TransformerBlock
from tinylm_keras.layers.block import ACTIVATIONS
from tinylm_keras.models import MiniLM

SIZES = {"vocabulary_size": 100, "context_length": 64, "embed_dim": 64, "num_heads": 2, "feed_forward_dim": 192}


def by_name(model):
    return {weight.path.split("/", 1)[1]: np.array(weight) for weight in model.trainable_variables}


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_weights_deviation_holds_for_every_kernel_and_table_each_with_numbers_of_its_own(norm):
    weights = by_name(MiniLM(**SIZES, norm=norm, kernel_stddev=0.02))
    matrices = {name: weight for name, weight in weights.items() if weight.ndim == 2}
    assert len(matrices) == 2 + 2 * 4 + 1
    for name, weight in matrices.items():
        assert weight.std() == pytest.approx(0.02, rel=0.05), name
        assert abs(weight.mean()) < 0.001, name
    for (name, one), (other_name, other) in itertools.combinations(matrices.items(), 2):
        rows = min(len(one), len(other)), min(one.shape[1], other.shape[1])
        assert not np.allclose(one[: rows[0], : rows[1]], other[: rows[0], : rows[1]]), (name, other_name)
    for name, weight in weights.items():
        if weight.ndim == 1:
            assert (weight == (1 if name.endswith("gamma") else 0)).all(), name


def test_embedding_deviation_wins_for_the_two_tables():
    weights = by_name(MiniLM(**SIZES, kernel_stddev=0.02, embeddings_stddev=0.5))
    for name, weight in weights.items():
        if weight.ndim == 2:
            assert weight.std() == pytest.approx(0.5 if "embedding" in name else 0.02, rel=0.05), name
    weights = by_name(MiniLM(**SIZES, norm="pre", embeddings_stddev=0.5))
    assert weights["embedding/token_embedding/embeddings"].std() == pytest.approx(0.5, rel=0.05)
    assert not weights["block_0/contract/kernel"].any()  # the other weights begin as ever


def test_the_deviations_survive_in_the_file_and_an_older_file_without_them_loads(tmp_path):
    model = MiniLM(**SIZES, kernel_stddev=0.02)
    model.save(tmp_path / "model.keras")
    assert tlm.load_model(tmp_path / "model.keras").kernel_stddev == 0.02
    config = model.get_config()
    del config["kernel_stddev"]
    assert MiniLM.from_config(config).kernel_stddev is None


def test_the_initializer_of_a_block_survives_in_its_config_and_may_be_missing_there():
    block = TransformerBlock(8, 2, 16, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02))
    config = block.get_config()
    again = TransformerBlock.from_config(config)
    assert again.kernel_initializer.stddev == 0.02
    assert again.get_config() == config
    del config["kernel_initializer"]
    assert TransformerBlock.from_config(config).kernel_initializer is None


@pytest.mark.parametrize("name", ["kernel_stddev", "embeddings_stddev"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), "small"])
def test_a_deviation_that_is_none_is_refused(name, value):
    with pytest.raises(ValueError, match=rf"`{name}` must be a number of more than 0. Received: {name}="):
        MiniLM(**SIZES, **{name: value})


@pytest.mark.parametrize(("norm", "asked", "has"), [("post", None, True), ("pre", None, False), ("pre", True, True)])
def test_the_head_of_a_pre_norm_model_has_no_bias_unless_it_is_asked_for(tmp_path, norm, asked, has):
    model = MiniLM(**SIZES, norm=norm, head_bias=asked)
    assert (model.head.bias is not None) is model.get_config()["head_bias"] is has
    model.save(tmp_path / "model.keras")
    loaded = tlm.load_model(tmp_path / "model.keras")
    assert (loaded.head.bias is not None) is has
    norms = sum(weight.size for name, weight in by_name(model).items() if "norm" in name)
    assert specs.MODELS["MiniLM"].weights(**model.get_config()) == model.count_params() - norms


def test_a_config_from_before_the_entry_had_a_bias_in_the_head():
    config = MiniLM(**SIZES, norm="pre").get_config()
    del config["head_bias"]
    assert MiniLM.from_config(config).head.bias is not None


def test_a_head_bias_that_is_no_truth_value_is_refused():
    with pytest.raises(ValueError, match="`head_bias` must be True, False or None"):
        MiniLM(**SIZES, head_bias=0)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64"])
def test_the_exact_gelu_is_that_of_keras(dtype):
    x = keras.ops.cast(np.linspace(-8, 8, 4001), dtype)
    ours, theirs = (np.array(keras.ops.cast(f(x), "float64")) for f in (ACTIVATIONS["gelu"], _gelu_of_keras))
    tolerance = {"float32": 1e-6, "bfloat16": 0.02, "float64": 1e-8}[dtype]
    np.testing.assert_allclose(ours, theirs, atol=tolerance)
    assert keras.backend.standardize_dtype(ACTIVATIONS["gelu"](x).dtype) == dtype


def _gelu_of_keras(x):
    return keras.activations.gelu(x, approximate=False)
