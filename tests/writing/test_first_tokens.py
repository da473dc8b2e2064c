"""The tokens that texts of training began with: an empty prompt draws one of them, if it may be written."""

import numpy as np
import pytest

import tinylm_keras as tlm
from tinylm_keras import runtime


@pytest.fixture(params=["keras", "numpy"])
def of_each_engine(request, make_mini_lm, tmp_path):
    """Builds a small model and returns it as one of the engines has it."""

    def make(words=("the", "cat", "sat"), **arguments):
        tokenizer = tlm.WhitespaceTokenizer(vocabulary=list(words)) if words else None
        model = make_mini_lm(tokenizer=tokenizer, num_blocks=1, **arguments)
        if request.param == "keras":
            return model
        model.save(tmp_path / "model.keras")
        return runtime.load(tmp_path / "model.keras")

    return make


@pytest.mark.parametrize("first_tokens", [[[0, 5]], [[1, 5]], [[0, 5], [1, 9]], [[6, 3]]], ids=str)
def test_an_empty_prompt_needs_a_first_token_that_may_be_written(of_each_engine, first_tokens):
    model = of_each_engine(vocabulary_size=7, first_tokens=first_tokens)  # padding, [UNK], and an id without a token
    for prompts in ("", ["the", ""], np.zeros(0, "int32")):
        with pytest.raises(ValueError, match=r"must contain at least one token, .* never writes") as error:
            model.generate(prompts, max_new_tokens=3)
        assert "\n" not in str(error.value)
    assert model.generate("", max_new_tokens=0) == ""
    assert model.generate("the", max_new_tokens=3, seed=0).startswith("the")
    if isinstance(model, tlm.LanguageModel):
        assert [model.can_begin(""), model.can_begin("the")] == [False, True]


def test_an_unknown_first_token_is_drawn_only_where_unknown_tokens_may_be_written(of_each_engine):
    model = of_each_engine(first_tokens=[[1, 5]])
    assert model.generate("", max_new_tokens=1, seed=0, allow_unknown=True) == "[UNK]"
    model = of_each_engine(first_tokens=[[1, 999], [3, 1]])
    assert {model.generate("", max_new_tokens=1, seed=seed) for seed in range(5)} == {"cat"}


def test_a_vocabulary_without_a_token_to_write_is_refused(of_each_engine):
    model = of_each_engine(words=(), vocabulary_size=1, pad_id=0)
    with pytest.raises(ValueError, match="no token that may be written"):
        model.generate(np.array([0], "int32"), max_new_tokens=2)


@pytest.mark.parametrize(
    "pair", [[9, 1], [-1, 1], [2, 0], [2, -1], [2, float("nan")], [2, 1.5], [2, True], [2, 2**54], [2], [2, 1, 1], 2]
)
def test_first_tokens_must_be_ids_of_the_vocabulary_with_counts(make_mini_lm, pair):
    with pytest.raises(ValueError, match=r"`first_tokens` must be pairs of an id in \[0, 9\) and its count, a whole"):
        make_mini_lm(vocabulary_size=9, first_tokens=[[2, 1], pair])
