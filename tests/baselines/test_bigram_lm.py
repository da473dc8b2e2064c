"""BigramLM: the last token decides, and training comes down to counting pairs."""

import math

import keras
import numpy as np
import pytest

from tinylm_keras.baselines import BigramLM
from tinylm_keras.baselines.count_models import bigram_count_nats


def test_the_last_token_alone_decides():
    model = BigramLM(vocabulary_size=9, context_length=6)
    model.table.embeddings.assign(np.random.default_rng(0).normal(size=(9, 9)))
    ids = np.array([[1, 2, 3, 2, 1, 3], [8, 2, 3, 7, 1, 3]], "int32")
    logits = np.array(model(ids))
    assert np.array_equal(logits, np.array(model.table.embeddings)[ids])


def test_an_untrained_model_finds_every_token_equally_likely():
    model = BigramLM(vocabulary_size=9, context_length=6)
    assert model.score([1, 2, 3]) == pytest.approx([-math.log(9)] * 2)


def test_logits_stay_in_float32_under_mixed_precision():
    model = BigramLM(vocabulary_size=9, context_length=6, dtype="mixed_bfloat16")
    model.table.embeddings.assign(np.full((9, 9), 1 + 2**-20))
    assert (np.array(model(np.array([[1]]))) == np.float32(1 + 2**-20)).all()


def test_gradient_steps_on_all_of_a_text_come_down_to_its_counts_of_pairs():
    generator = np.random.default_rng(0)
    follows = generator.dirichlet(np.ones(5), size=5)  # what follows each of five tokens, and how often
    ids = [0]
    for _ in range(400):
        ids.append(int(generator.choice(5, p=follows[ids[-1]])))
    ids = np.array(ids, "int32")
    x, y = ids[None, :-1], ids[None, 1:]
    model = BigramLM(vocabulary_size=5, context_length=400)
    model.compile(keras.optimizers.SGD(10.0), jit_compile=False)
    counted = bigram_count_nats(ids, ids)
    assert -model.score(ids).mean() == pytest.approx(math.log(5), abs=1e-5)
    for _ in range(300):
        model.train_on_batch(x, y)
    loss = -model.score(ids).mean()
    assert counted - 1e-5 < loss < counted + 1e-3
    counts = np.zeros((5, 5))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    shares = np.array(keras.ops.softmax(model.table.embeddings))
    assert np.abs(shares - counts / counts.sum(1, keepdims=True)).max() < 0.01


def test_a_vocabulary_whose_table_would_not_fit_is_refused():
    with pytest.raises(
        ValueError, match=r"`vocabulary_size` must be at most 20,000, because .* Received: .*=20001\. Use"
    ):
        BigramLM(vocabulary_size=20_001)


def test_text_past_the_context_needs_no_window():
    model = BigramLM(vocabulary_size=5, context_length=4)
    model.table.embeddings.assign(10 * np.roll(np.eye(5), 1, axis=1))
    written = model.generate([3], max_new_tokens=80, temperature=0)
    assert written.tolist() == [(3 + step) % 5 for step in range(81)]
    assert list(model.__dict__["_programs"]) == [("sliding_window_steps", 0, False)]
