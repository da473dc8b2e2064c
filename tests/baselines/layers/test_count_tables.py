"""CountTables: the numbers of `counting.Counts`, in a compiled model and one token at a time."""

import numpy as np
import pytest
from keras import ops
from keras.src.testing import TestCase

from tests.counting.test_kneser_ney import SIZE, rows_by_chance
from tinylm_keras import counting
from tinylm_keras.baselines.layers import CountTables

ORDERS = [1, 2, 3, 6]


@pytest.fixture(scope="module", params=ORDERS)
def counts(request):
    return counting.count(rows_by_chance(), SIZE, request.param)


def test_keras_own_layer_suite_passes():
    TestCase().run_layer_test(
        CountTables,
        init_kwargs={"vocabulary_size": 10, "order": 4, "num_contexts": 30, "num_counts": 50},
        input_data=np.zeros((2, 5, 3), "int32"),
        expected_output_shape=(2, 5, 10),
        expected_num_trainable_weights=0,
        expected_num_non_trainable_weights=5,
        expected_num_seed_generators=0,
        run_training_check=False,
        run_mixed_precision_check=False,
    )


def test_log_probabilities_and_known_contexts_are_those_of_the_counts(counts):
    tables = CountTables.of(counts)
    rows = [row for row in rows_by_chance(seed=1) if len(row) > 2]
    for row in rows:
        contexts = tables.advance(np.array([row[:-1]], "int32"))
        log_p = np.take_along_axis(np.array(tables(contexts))[0], np.array(row[1:])[:, None], axis=1)[:, 0]
        expected, known = counts.probabilities([row])
        assert np.abs(np.exp(log_p) - expected).max() < 1e-6
        assert np.array(tables.known(contexts))[0].tolist() == known.tolist()


def test_every_distribution_sums_to_one(counts):
    tables = CountTables.of(counts)
    ids = np.random.default_rng(0).integers(0, SIZE, (20, 40)).astype("int32")
    assert np.abs(np.exp(np.array(tables(tables.advance(ids)))).sum(axis=-1) - 1).max() < 1e-5


def test_successors_that_take_several_passes_are_all_added():
    size = 700
    rows = [[token for other in range(size) for token in (0, other)]]
    tables = CountTables.of(counting.count(rows, size, 3))
    p = np.exp(np.array(tables(tables.advance(np.array([[1, 0], [5, 9]], "int32")))).astype("float64"))
    assert tables.get_counts().widest > 2 * 256
    assert np.abs(p.sum(axis=-1) - 1).max() < 1e-5
    expected, _ = tables.get_counts().probabilities([[1, 0, 699]])
    assert p[0, 1, 699] == pytest.approx(expected[-1], rel=1e-4)


def test_one_token_at_a_time_leads_to_the_same_contexts(counts):
    tables = CountTables.of(counts)
    ids = np.random.default_rng(0).integers(0, SIZE, (3, 30)).astype("int32")
    whole, before = np.array(tables.advance(ids)), None
    for place in range(30):
        contexts = tables.advance(ids[:, place : place + 1], before)
        assert np.array_equal(np.array(contexts)[:, 0], whole[:, place])
        before = contexts[:, 0]
    in_two = tables.advance(ids[:, 11:], ops.convert_to_tensor(whole[:, 10]))
    assert np.array_equal(np.array(in_two), whole[:, 11:])


def test_the_counts_come_back_as_they_were(counts):
    found = CountTables.of(counts).get_counts()
    for name in ("order", "unigram", "first", "backoff", "token", "value"):
        assert np.array_equal(getattr(found, name), getattr(counts, name)), name
    assert found.first.dtype == found.token.dtype == "int64"


def test_empty_tables_find_all_tokens_equally_likely():
    tables = CountTables(5, order=3, num_contexts=9, num_counts=4)
    tables.build((None, None, 2))
    log_p = np.array(tables(tables.advance(np.array([[1, 2, 3]], "int32"))))
    assert log_p == pytest.approx(np.full((1, 3, 5), np.log(0.2)))


def test_tables_with_places_outside_still_give_numbers():
    tables = CountTables.of(counting.count(rows_by_chance(), SIZE, 3))
    for table in (tables.first, tables.token):
        table.assign(np.random.default_rng(0).choice([-1e9, -1, 3, 1e6, 2e9], table.shape))
    log_p = np.array(tables(tables.advance(np.array([[1, 2, 3]], "int32"))))
    assert log_p.shape == (1, 3, SIZE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": 25}, r"`order` must be a whole number from 1 to 24"),
        ({"num_contexts": 9}, r"`num_contexts` must be a whole number of at least 10"),
        ({"num_counts": 0}, r"`num_counts` must be a whole number of at least 1"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        CountTables(**{"vocabulary_size": 10, "order": 3, "num_contexts": 10, "num_counts": 1, **arguments})
    assert "\n" not in str(error.value)
