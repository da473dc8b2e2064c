"""Laws of the model that a run begins with."""

import random
import sys
import threading

import numpy as np

from tests.conftest import TOKENIZERS
from tinylm_keras.recipe.presets import get, override
from tinylm_keras.training import start

SIZES = {"embed_dim": 8, "num_heads": 1, "num_blocks": 1, "feed_forward_dim": 8, "context_length": 4, "dropout": 0.1}


def weights(seed, tokenizer):
    model = start.new_model(override(get("stories"), seed=seed, **SIZES), tokenizer)
    return [np.array(variable.numpy()) for variable in model.variables]


def test_models_made_in_two_threads_are_those_of_one(monkeypatch):
    tokenizer = TOKENIZERS["whitespace"]()
    alone = {seed: weights(seed, tokenizer) for seed in (1, 2)}
    state, found = random.getstate(), {1: [], 2: []}
    barrier = threading.Barrier(2)

    def make(seed):
        barrier.wait()
        found[seed] = [weights(seed, tokenizer) for _ in range(3)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=make, args=(seed,)) for seed in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    for seed, models in found.items():
        for model in models:
            assert all(np.array_equal(one, other) for one, other in zip(model, alone[seed], strict=True))
    assert random.getstate() == state
