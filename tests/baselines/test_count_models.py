"""The count models against their definitions, worked out pair by pair in plain Python."""

import collections
import math

import numpy as np
import pytest

from tinylm_keras import evaluation
from tinylm_keras.baselines.count_models import WEIGHTS, bigram_count_nats, bigram_nats, unigram_perplexity


@pytest.fixture(scope="module")
def rows():
    """A row to count and a row to evaluate, of 12 ids, the last of which are rare or new."""
    generator = np.random.default_rng(0)
    shares = generator.dirichlet(np.full(10, 0.3), size=12)
    ids = [0]
    for _ in range(900):
        ids.append(int(generator.choice(10, p=shares[ids[-1]])))
    return np.array(ids[:600]), np.array([*ids[600:], 11, 10, 11])


def plain(seen, evaluated):
    """Relative frequencies; each new pair counts as seen once."""
    counts = collections.Counter(seen)
    counts.update(set(evaluated) - set(seen))
    firsts = collections.Counter()
    for (first, _), count in counts.items():
        firsts[first] += count
    return -np.mean([math.log(counts[pair] / firsts[pair[0]]) for pair in evaluated])


def smoothed(seen, evaluated, weight, size):
    counts, firsts, seconds = collections.Counter(seen), collections.Counter(), collections.Counter()
    for first, second in seen:
        firsts[first] += 1
        seconds[second] += 1

    def p(first, second):
        share = (seconds[second] + 1) / (len(seen) + size)
        return (counts[first, second] + weight * share) / (firsts[first] + weight)

    assert sum(p(3, second) for second in range(size)) == pytest.approx(1)
    return -np.mean([math.log(p(*pair)) for pair in evaluated])


def pairs(ids):
    return list(zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True))


def test_plain_counts_are_relative_and_a_new_pair_counts_as_seen_once(rows):
    training, ids = rows
    assert set(pairs(ids)) - set(pairs(training))
    assert bigram_count_nats(training, ids) == pytest.approx(plain(pairs(training), pairs(ids)))
    assert bigram_count_nats([1, 2, 1, 2], [1, 3]) == pytest.approx(math.log(3))  # (1 3) beside twice (1 2)
    assert bigram_count_nats([1, 2], [3, 1]) == 0.0


def test_plain_counts_of_the_text_itself_are_the_least_a_bigram_model_can_reach(rows):
    training, _ = rows
    counts = collections.Counter(pairs(training))
    firsts = collections.Counter(training[:-1].tolist())
    entropy = -sum(count * math.log(count / firsts[first]) for (first, _), count in counts.items()) / 599
    assert bigram_count_nats(training, training) == pytest.approx(entropy)
    assert bigram_nats(training, training, 12) > entropy


def test_smoothed_counts_take_the_weight_that_is_best_on_the_last_tenth(rows):
    training, ids = rows
    seen = pairs(training)
    best = min(WEIGHTS, key=lambda weight: smoothed(seen[:540], seen[540:], weight, 12))
    assert WEIGHTS[0] < best < WEIGHTS[-1]
    assert bigram_nats(training, ids, 12) == pytest.approx(smoothed(seen, pairs(ids), best, 12))


def test_the_evaluated_ids_play_no_part_in_the_smoothing(rows):
    training, ids = rows
    one, two = ids[:100], ids[99:]
    parts = [bigram_nats(training, part, 12) * (len(part) - 1) for part in (one, two)]
    assert bigram_nats(training, ids, 12) * (len(ids) - 1) == pytest.approx(sum(parts))


def test_where_pairs_say_nothing_smoothed_counts_are_those_of_single_tokens_and_plain_ones_mislead():
    generator = np.random.default_rng(1)
    training, ids = generator.integers(0, 200, 3000), generator.integers(0, 200, 3000)
    nats = bigram_nats(training, ids, 200)
    assert nats == pytest.approx(math.log(unigram_perplexity(training, ids)), abs=0.02)
    assert bigram_count_nats(training, ids) < math.log(200) - 1  # told which pairs will come, as its docstring says


def test_pairs_with_padding_are_left_out(rows):
    training, ids = rows[0] + 1, rows[1] + 1
    for padded in (np.concatenate([[0, 0], training, [0]]), np.concatenate([training, [0, 0]])):
        evaluated = np.concatenate([ids, [0, 0, 0]])
        assert bigram_count_nats(padded, evaluated, pad_id=0) == bigram_count_nats(training, ids)
        assert bigram_nats(padded, evaluated, 13, pad_id=0) == bigram_nats(training, ids, 13)


def test_a_large_vocabulary_needs_no_table_of_its_square():
    ids = np.random.default_rng(0).integers(0, 50_000, 20_000)
    assert math.log(10_000) < bigram_nats(ids[:10_000], ids[10_000:], 50_000) < math.log(100_000)


def test_evaluation_offers_them_too():
    assert evaluation.bigram_nats is bigram_nats
    assert evaluation.bigram_count_nats is bigram_count_nats


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bigram_nats([1], [1, 2], 3), r"`training_ids` must hold at least two tokens, one after the other"),
        (lambda: bigram_nats([1, 2], [1, 2], 3), r"`training_ids` must hold at least two pairs.*training_ids=1"),
        (lambda: bigram_nats([1, 2, 1], [1], 3), r"`ids` must hold at least two tokens"),
        (lambda: bigram_nats([1, 2, 1], [1, 3], 3), r"`ids` must be in \[0, 3\). Received: ids=3"),
        (lambda: bigram_nats([1, -2, 1], [1, 2], 3), r"`training_ids` must be in \[0, 3\). Received: training_ids=-2"),
        (lambda: bigram_nats([1, 2, 1], [1, 2], 0), r"`vocabulary_size` must be a whole number of at least 1"),
        (lambda: bigram_count_nats([1.5, 2], [1, 2]), r"`training_ids` must be a row of whole numbers"),
        (lambda: bigram_count_nats([1, 2], [[1, 2]]), r"`ids` must be a row of whole numbers"),
        (lambda: bigram_count_nats([1, 2], [1, -1]), r"`ids` must not be negative. Received: ids=-1"),
        (lambda: bigram_count_nats([0, 1, 0, 2], [1, 2], pad_id=0), r"`training_ids` must hold at least two tokens"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
