"""Sampling in numpy chooses what the compiled sampler chooses."""

import numpy as np
import pytest

from tinylm_keras import samplers
from tinylm_keras.writing import sampling
from tinylm_keras.writing.sampling import Sampler, choose

RULES = [
    Sampler(),
    Sampler(temperature=0.7),
    Sampler(temperature=0),
    Sampler(top_k=1),
    Sampler(top_k=3),
    Sampler(top_k=90),
    Sampler(top_p=0.5),
    Sampler(top_k=40, top_p=0.9),
    Sampler(top_p=1e-6),
    Sampler(min_p=0.2),
    Sampler(top_k=10, min_p=0.05, repetition_penalty=1.5),
    Sampler(repetition_penalty=0.5),
    Sampler(temperature=1e6),
]


@pytest.mark.parametrize("sampler", RULES, ids=str)
def test_it_chooses_what_the_compiled_sampler_chooses(sampler):
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (200, 90)).astype("float32")
    logits[:50] = np.round(logits[:50])  # with equal ones
    uniform = generator.random(200, dtype="float32")
    seen, allowed = generator.random((200, 90)) < 0.2, np.ones(90, bool)
    allowed[[0, 7]] = False
    wanted = samplers.choose(logits, uniform, sampler.settings(90), allowed, seen, sampler.ranked(90))
    forbidden = np.flatnonzero(~allowed)
    ours = [choose(logits[i].copy(), float(uniform[i]), sampler, forbidden, seen[i]) for i in range(200)]
    assert (
        np.mean(np.array(ours) == np.array(wanted)) > 0.99
    )  # where a number lies on the edge of two, rounding decides
    assert not np.isin(ours, forbidden).any()


def test_a_number_next_to_one_takes_a_token_that_is_allowed():
    logits = np.zeros(5, "float32")
    assert choose(logits, float(np.nextafter(np.float32(1), 0)), Sampler(), [3, 4], np.zeros(5, bool)) == 2


@pytest.mark.parametrize(
    "rules", [{}, {"temperature": 0}, {"temperature": 2.0, "top_k": 3}, {"top_p": 0.7, "min_p": 0.2}]
)
def test_probabilities_are_how_often_each_token_is_chosen(rules):
    logits, seen = np.float32([1.0, -0.5, 2.0, 0.3, 1.9]), np.array([True, False, False, True, False])
    sampler = Sampler(**rules, repetition_penalty=1.5)
    shares = sampling.probabilities(logits.copy(), sampler, [2], seen)
    uniforms = (np.arange(4000) + 0.5) / 4000
    chosen = [sampling.choose(logits.copy(), one, sampler, [2], seen) for one in uniforms]
    np.testing.assert_allclose(np.bincount(chosen, minlength=5) / 4000, shares, atol=1e-3)
    assert shares.sum() == pytest.approx(1) and shares[2] == 0
