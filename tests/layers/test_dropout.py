"""The random numbers of Dropout: evenly distributed, new in every call, decided by the seed state alone."""

import numpy as np

from tinylm_keras.generation.compile import compiled
from tinylm_keras.layers import Dropout

ONES = np.ones((32, 64, 128), "float32")


def kept(layer, x=ONES):
    return np.array(layer(x, training=True)) > 0


def test_the_right_share_is_dropped_everywhere_and_the_rest_grows():
    layer = Dropout(0.3, seed=1)
    y = np.array(layer(ONES, training=True))
    assert set(np.unique(y)) == {np.float32(0), np.float32(1) * np.float32(1 / 0.7)}
    for axes, count in (((0, 1, 2), ONES.size), ((0, 1), 32 * 64), ((0, 2), 32 * 128), ((1, 2), 64 * 128)):
        deviation = np.sqrt(0.3 * 0.7 / count)
        assert np.abs((y > 0).mean(axis=axes) - 0.7).max() < 4.5 * deviation
        if axes != (0, 1, 2):  # neither more nor less uneven than chance
            assert 0.7 < (y > 0).mean(axis=axes).std() / deviation < 1.3


def test_neighbours_calls_and_layers_are_independent():
    layer = Dropout(0.5, seed=1)
    calls = [kept(layer) for _ in range(3)]
    others = [kept(Dropout(0.5, seed=seed)) for seed in (2, 3)]
    shifted = [np.roll(calls[0], 1, axis) for axis in range(3)]
    for other in (*calls[1:], *others, *shifted):
        assert abs(np.corrcoef(calls[0].ravel(), other.ravel())[0, 1]) < 4.5 / np.sqrt(ONES.size)


def test_the_seed_state_alone_decides_with_xla_and_without():
    eager, quick = Dropout(0.5, seed=7), Dropout(0.5, seed=7)
    program = compiled(lambda x: quick(x, training=True), [])
    for _ in range(2):
        assert np.array_equal(kept(eager), np.array(program(ONES)) > 0)


def test_nothing_is_dropped_outside_training_or_at_rate_zero():
    assert np.array_equal(Dropout(0.5)(ONES, training=False), ONES)
    assert np.array_equal(Dropout(0.5)(ONES), ONES)
    assert np.array_equal(Dropout(0.0)(ONES, training=True), ONES)
    assert kept(Dropout(1 - 1e-12)).sum() == 0
