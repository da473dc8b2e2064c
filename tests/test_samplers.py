"""Law 3: what the sampler keeps, and how often it chooses it."""

import numpy as np
import pytest
from keras import ops

from tinylm_keras.samplers import Sampler, choose


def draw(logits, count=20_000, allowed=None, seen=None, seed=0, **rules):
    """`count` independent choices from one row of logits."""
    sampler = Sampler(**rules)
    size = len(logits)
    rows = np.tile(np.asarray(logits, "float32"), (count, 1))
    uniform = np.random.default_rng(seed).random(count, dtype="float32")
    allowed = np.ones(size, bool) if allowed is None else allowed
    seen = np.zeros(rows.shape, bool) if seen is None else np.tile(seen, (count, 1))
    return np.array(choose(rows, uniform, sampler.settings(size), allowed, seen, sampler.ranked(size)))


def softmax(logits):
    weights = np.exp(np.asarray(logits, "float64") - np.max(logits))
    return weights / weights.sum()


def assert_frequencies(tokens, probabilities):
    """Chi-square at far beyond the 0.1 % level: a right sampler fails once in a million seeds."""
    expected = np.asarray(probabilities) * len(tokens)
    counts = np.bincount(tokens, minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    kept = expected > 0
    statistic = ((counts[kept] - expected[kept]) ** 2 / expected[kept]).sum()
    freedom = kept.sum() - 1
    assert statistic < freedom + 5 * np.sqrt(2 * freedom) + 12


LOGITS = np.random.default_rng(0).normal(0, 1.5, 90)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_match_the_softmax(temperature):
    assert_frequencies(draw(LOGITS, temperature=temperature), softmax(LOGITS / temperature))


@pytest.mark.parametrize("top_k", [1, 5, 64, 80])
def test_top_k_keeps_exactly_the_k_best(top_k):
    probabilities = softmax(LOGITS)
    probabilities[np.argsort(-LOGITS)[top_k:]] = 0
    assert_frequencies(draw(LOGITS, top_k=top_k), probabilities / probabilities.sum())


def test_ties_at_the_edge_of_top_k_go_to_the_lowest_ids():
    assert set(draw([1.0, 3.0, 1.0, 1.0, 1.0], top_k=3)) == {0, 1, 2}


@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.9])
def test_top_p_keeps_the_fewest_that_reach_it(top_p):
    probabilities = softmax(LOGITS)
    order = np.argsort(-probabilities)
    kept = order[: np.searchsorted(np.cumsum(probabilities[order]), top_p) + 1]
    nucleus = np.zeros_like(probabilities)
    nucleus[kept] = probabilities[kept]
    assert_frequencies(draw(LOGITS, top_p=top_p), nucleus / nucleus.sum())


def test_top_p_that_is_reached_exactly_keeps_no_token_more():
    # Four equal tokens: the running sums 0.25, 0.5, 0.75 are exact in float32.
    assert set(draw([1.0, 1.0, 1.0, 1.0], top_p=0.5)) == {0, 1}
    assert set(draw([1.0, 1.0, 1.0, 1.0], top_p=0.25)) == {0}
    assert set(draw([1.0, 1.0, 1.0, 1.0], top_p=0.51)) == {0, 1, 2}


def test_a_token_exactly_min_p_times_as_likely_is_kept():
    share = float(ops.convert_to_numpy(ops.exp(ops.convert_to_tensor([-1.5], "float32")))[0])
    for rules in ({}, {"top_k": 3}):  # without an order and with one
        assert set(draw([0.0, -1.5, -2.0], min_p=share, **rules)) == {0, 1}
        assert set(draw([0.0, -1.5, -2.0], min_p=np.nextafter(np.float32(share), np.float32(1)).item(), **rules)) == {0}


def test_a_penalty_leaves_a_logit_of_0_and_an_unseen_one_as_they_are():
    seen = np.array([True, False, False])
    assert_frequencies(draw([0.0, 0.0, -1.0], seen=seen, repetition_penalty=3.0), softmax([0.0, 0.0, -1.0]))


def test_the_rules_run_in_their_order():
    # Temperature first would keep both under min_p; top_p counts only what top_k left.
    assert set(draw([0.0, -1.5], temperature=0.5, min_p=0.2)) == {0}
    assert set(draw([0.0, -1.5], temperature=2.0, min_p=0.4)) == {0, 1}
    assert set(draw([1.0, 1.0, 1.0, 1.0], top_k=2, top_p=0.5)) == {0}


def test_a_number_inverts_the_running_sum_from_its_left_edge():
    # Two equal tokens: below a half the first, from a half on the second.
    below = np.nextafter(np.float32(0.5), np.float32(0))
    for rules in ({}, {"top_p": 0.99}):
        sampler = Sampler(**rules)
        tokens = choose(
            np.zeros((4, 2), "float32"),
            np.array([0.0, below, 0.5, 0.99], "float32"),
            sampler.settings(2),
            np.ones(2, bool),
            np.zeros((4, 2), bool),
            sampler.ranked(2),
        )
        assert np.array(tokens).tolist() == [0, 0, 1, 1]


def test_each_row_may_have_tokens_of_its_own():
    allowed = np.array([[True, False, True], [False, True, False]])
    sampler = Sampler()
    tokens = choose(
        np.zeros((2, 3), "float32"),
        np.array([0.9, 0.9], "float32"),
        sampler.settings(3),
        allowed,
        np.zeros((2, 3), bool),
        sampler.ranked(3),
    )
    assert np.array(tokens).tolist() == [2, 1]


def test_min_p_keeps_what_is_near_the_likeliest():
    probabilities = softmax(LOGITS)
    probabilities[probabilities < 0.2 * probabilities.max()] = 0
    assert_frequencies(draw(LOGITS, min_p=0.2), probabilities / probabilities.sum())
    assert_frequencies(draw(LOGITS, min_p=0.2, top_k=85), probabilities / probabilities.sum())


def test_the_repetition_penalty_divides_positive_and_multiplies_negative_logits():
    logits = np.array([2.0, -1.0, 0.5, 1.0])
    seen = np.array([True, True, False, False])
    assert_frequencies(draw(logits, seen=seen, repetition_penalty=1.5), softmax([2.0 / 1.5, -1.5, 0.5, 1.0]))


def test_tokens_that_are_not_allowed_are_never_chosen_and_the_rest_is_renormalized():
    allowed = np.arange(90) % 3 > 0
    probabilities = np.where(allowed, softmax(LOGITS), 0)
    assert_frequencies(draw(LOGITS, allowed=allowed), probabilities / probabilities.sum())
    assert_frequencies(draw(LOGITS, allowed=allowed, top_k=90), probabilities / probabilities.sum())


@pytest.mark.parametrize("rules", [{}, {"top_k": 3}, {"top_p": 0.99}])
def test_the_largest_uniform_number_still_gives_a_token_that_is_kept(rules):
    logits = np.array([-np.inf, 0.0, 0.1, -np.inf, 0.0], "float32")
    sampler = Sampler(**rules)
    uniform = np.array([np.nextafter(np.float32(1), np.float32(0)), 0.0], "float32")
    tokens = choose(
        np.tile(logits, (2, 1)),
        uniform,
        sampler.settings(5),
        np.ones(5, bool),
        np.zeros((2, 5), bool),
        sampler.ranked(5),
    )
    assert set(np.array(tokens)) <= {1, 2, 4}


def test_a_tiny_temperature_is_greedy_and_overflows_nothing():
    assert set(draw(LOGITS * 1000, temperature=1e-20)) == {int(LOGITS.argmax())}
    assert set(draw(LOGITS, temperature=0)) == {int(LOGITS.argmax())}
    assert set(draw([0.0, 1e-4, 0.0], temperature=1e-6)) == {1}
    assert set(draw([0.0, 1.0, 1.0], temperature=0)) == {1}  # the first of equals, not a drawn one


def test_how_many_tokens_are_ranked():
    assert Sampler().ranked(1000) == 0
    assert Sampler(top_k=1000).ranked(1000) == 0
    assert Sampler(top_p=1.0).ranked(1000) == 0
    assert Sampler(top_k=1).ranked(1000) == Sampler(top_k=64).ranked(1000) == 64
    assert Sampler(top_k=65).ranked(1000) == 256
    assert Sampler(top_k=257).ranked(1000) == Sampler(top_p=0.9).ranked(1000) == 1000
    assert Sampler(top_k=5).ranked(30) == 30
