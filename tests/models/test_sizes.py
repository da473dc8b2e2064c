"""Sizes of models as numpy gives them."""

import numpy as np
import pytest

import tinylm_keras as tlm

SHARED = {"vocabulary_size": 11, "context_length": 8}
BLOCKS = {"embed_dim": 8, "num_heads": 2, "feed_forward_dim": 16, "num_blocks": 1}
SIZES = {
    "MiniLM": BLOCKS,
    "RotaryLM": BLOCKS,
    "AverageLM": {"embed_dim": 8, "hidden_dim": 16, "num_hidden_layers": 2},
    "MLPLM": {"window": 4, "code_bits": 8, "hidden_dim": 16, "num_hidden_layers": 2},
    "BigramLM": {},
}


@pytest.mark.parametrize("name", SIZES)
def test_whole_numbers_of_numpy_are_sizes_like_any_other(name):
    sizes = {**SHARED, **SIZES[name]}
    model = getattr(tlm, name)(**{size: np.int64(value) for size, value in sizes.items()})
    assert model.count_params() == getattr(tlm, name)(**sizes).count_params()
    config = model.get_config()
    assert {size: config[size] for size in sizes} == sizes
