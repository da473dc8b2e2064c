"""Checks 21 and 23 of generation: every range, valid ids, and what an interrupt leaves behind."""

import numpy as np
import pytest

from tinylm_keras.generation import loop

NUMBERS = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "max_new_tokens", "seed")
NOT_A_NUMBER = (True, float("nan"), float("inf"), -(10**12), "3", [1])


@pytest.mark.parametrize("argument", NUMBERS)
@pytest.mark.parametrize("value", NOT_A_NUMBER, ids=repr)
def test_every_argument_refuses_what_is_no_number_in_its_range(mini_lm, argument, value):
    for call in (mini_lm.generate, mini_lm.stream):
        with pytest.raises(ValueError, match=f"^`{argument}` must be ") as error:
            call("the", **{argument: value})
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("argument", ["temperature", "top_p", "min_p", "repetition_penalty", "max_new_tokens"])
def test_an_argument_with_an_upper_bound_refuses_a_million_millions(mini_lm, argument):
    with pytest.raises(ValueError, match=f"^`{argument}` must be "):
        mini_lm.generate("the", **{argument: 10**12})


def test_ids_are_within_the_vocabulary_whatever_the_settings(model):
    extremes = ({"temperature": 1e6}, {"temperature": 1e-30}, {"top_p": 1e-30}, {"min_p": 0.999}, {"top_k": 10**12})
    for settings in extremes:
        ids = model.generate(np.array([[2], [3]]), max_new_tokens=20, seed=10**12, **settings)
        assert np.min(ids) >= 0
        assert np.max(ids) < model.vocabulary_size


def test_an_interrupt_leaves_the_model_usable(mini_lm, monkeypatch):
    expected = mini_lm.generate("the dog", max_new_tokens=30, seed=3)
    pieces = mini_lm.stream("the dog", max_new_tokens=30, seed=3)
    next(pieces), next(pieces)
    with pytest.raises(KeyboardInterrupt):
        pieces.throw(KeyboardInterrupt)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(loop, "program", interrupted)
        with pytest.raises(KeyboardInterrupt):
            mini_lm.generate("the dog", max_new_tokens=30, seed=3)
    assert mini_lm.generate("the dog", max_new_tokens=30, seed=3) == expected
    assert "".join(mini_lm.stream("the dog", max_new_tokens=30, seed=3)) == expected
