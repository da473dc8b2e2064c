"""Every argument of generation outside its range is refused in one line, and nothing is written."""

import numpy as np
import pytest

from tinylm_keras import Sampler
from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.models import MiniLM


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_k": 0}, r"`top_k` must be a whole number of at least 1. Received: top_k=0. Leave it out"),
        ({"top_k": -3}, r"`top_k` must be a whole number of at least 1"),
        ({"top_k": 2.0}, r"`top_k` must be a whole number of at least 1"),
        ({"top_k": True}, r"`top_k` must be a whole number of at least 1"),
        ({"top_p": 0}, r"`top_p` must be a number in \(0, 1\]. Received: top_p=0"),
        ({"top_p": 1.1}, r"`top_p` must be a number in \(0, 1\]"),
        ({"min_p": 1}, r"`min_p` must be a number in \[0, 1\)"),
        ({"min_p": -0.1}, r"`min_p` must be a number in \[0, 1\)"),
        ({"temperature": -0.5}, r"`temperature` must be a number of at least 0. Received: temperature=-0.5"),
        ({"temperature": float("nan")}, r"`temperature` must be a number of at least 0"),
        ({"temperature": float("inf")}, r"`temperature` must be a number of at least 0"),
        ({"temperature": 1e39}, r"`temperature` must be at most 1,000,000"),
        ({"repetition_penalty": 1e-50}, r"`repetition_penalty` must be in \[0.001, 1000\]"),
        ({"stop": 5}, r"`stop` must be a non-empty string or a list of them"),
        ({"repetition_penalty": 0}, r"`repetition_penalty` must be a number of more than 0"),
        ({"max_new_tokens": -1}, r"`max_new_tokens` must be a whole number from 0 to 1,000,000"),
        ({"max_new_tokens": 10**12}, r"`max_new_tokens` must be a whole number from 0 to 1,000,000"),
        ({"max_new_tokens": True}, r"`max_new_tokens` must be a whole number"),
        ({"seed": -1}, r"`seed` must be a whole number of at least 0"),
        ({"seed": 0.5}, r"`seed` must be a whole number of at least 0"),
        ({"stop": ""}, r"`stop` must be a non-empty string or a list of them"),
        ({"stop": ["a", 3]}, r"`stop` must be a non-empty string or a list of them"),
        ({"weights": "int8"}, r"`weights` is now `quantize`. Received: weights='int8'. Use quantize='int8'"),
        ({"quantize": "int4"}, r"`quantize` must be one of 'bfloat16', 'int8', or None. Received: quantize='int4'"),
        ({"quantize": ["int8"]}, r"`quantize` must be one of 'bfloat16', 'int8', or None"),
        ({"sampler": "greedy"}, r"`sampler` must be a tlm.Sampler or a keras_nlp.samplers.Sampler"),
        ({"sampler": Sampler(), "top_k": 3}, r"`sampler` must not come together with top_k"),
        ({"sampler": Sampler(), "temperature": 1.0}, r"`sampler` must not come together with temperature"),
        ({"sampler": keras_nlp.samplers.BeamSampler()}, r"owns the generation loop. Received: sampler='BeamSampler'"),
        ({"sampler": keras_nlp.samplers.ContrastiveSampler()}, r"owns the generation loop"),
        ({"sampler": keras_nlp.samplers.TopKSampler(k=999)}, r"`k` of TopKSampler must be at most \d+, the voc"),
        ({"sampler": keras_nlp.samplers.RandomSampler(), "seed": 1}, r"`seed` must be set on the keras-nlp sampler"),
    ],
)
def test_generate_and_stream_refuse_it_in_one_line(mini_lm, arguments, message):
    for call in (mini_lm.generate, mini_lm.stream):  # stream checks at once, not at the first piece
        with pytest.raises(ValueError, match=message) as error:
            call("the", **arguments)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ([3, 999], r"`prompts` must hold ids in \[0, \d+\). Received: prompts=999"),
        ([-1], r"`prompts` must hold ids in"),
        ([[1.5, 2.5]], r"`prompts` must be a str, ids, or a list of either"),
        ([["the", "cat"]], r"`prompts` must be a str, ids, or a list of either"),
        (None, r"`prompts` must be a str, ids, or a list of either"),
    ],
)
def test_prompts_that_are_no_text_and_no_ids_are_refused(mini_lm, prompts, message):
    with pytest.raises(ValueError, match=message):
        mini_lm.generate(prompts)


@pytest.mark.parametrize("ids", [[2, 999, 3], [2, -1], [2.7, 3.9], [[2, 3], [4, 5]]])
def test_score_refuses_what_is_no_row_of_ids(mini_lm, ids):
    with pytest.raises(ValueError, match=r"`text` must (be a str, ids|hold ids in)"):
        mini_lm.score(ids)


def test_half_a_surrogate_pair_is_refused(mini_lm):
    for call in (mini_lm.generate, mini_lm.score, mini_lm.tokenizer.tokenize):
        with pytest.raises(ValueError, match=r"must be valid Unicode; there is a lone surrogate at index 4"):
            call("the \ud800 cat")


def test_ids_beyond_the_tokenizer_are_never_written(make_mini_lm, mini_lm):
    model = make_mini_lm(tokenizer=mini_lm.tokenizer, vocabulary_size=200)
    written = model.generate([2], max_new_tokens=60, temperature=3.0, seed=0)
    assert written.max() < mini_lm.tokenizer.vocabulary_size()


@pytest.mark.parametrize("prompt", ["the", [3]])
@pytest.mark.parametrize("value", ["no", 1.5, []])
def test_unknown_words_are_allowed_by_true_alone(mini_lm, prompt, value):
    with pytest.raises(TypeError, match=r"`allow_unknown` must be True or False\. Received: allow_unknown="):
        mini_lm.generate(prompt, max_new_tokens=1, allow_unknown=value)


def test_stop_strings_need_text(mini_lm):
    with pytest.raises(ValueError, match=r"`stop` needs text prompts"):
        mini_lm.generate([3, 4], stop="the")


def test_text_needs_a_tokenizer():
    model = MiniLM(vocabulary_size=9, context_length=4, embed_dim=8)
    with pytest.raises(ValueError, match=r"`prompt` must be ids, because this model has no tokenizer"):
        model.generate("the")
    with pytest.raises(ValueError, match=r"`text` must be ids, because this model has no tokenizer"):
        model.score("the cat")


def test_stream_takes_one_string(mini_lm):
    with pytest.raises(TypeError, match=r"`prompt` must be a string"):
        mini_lm.stream(["the"])


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ({"top_q": 3}, r"`generation_defaults` must be one of 'max_new_tokens', 'temperature'.*'top_q'"),
        ({"temperature": -1}, r"`temperature` must be a number of at least 0"),
        ({"max_new_tokens": 1.5}, r"`max_new_tokens` must be a whole number"),
        ({"stop": [""]}, r"`stop` must be a non-empty string"),
    ],
)
def test_generation_defaults_are_checked_when_they_are_set(mini_lm, defaults, message):
    with pytest.raises(ValueError, match=message):
        mini_lm.generation_defaults = defaults
    assert mini_lm.generation_defaults == {}


def test_logits_that_are_not_finite_are_refused(make_mini_lm):
    model = make_mini_lm(vocabulary_size=9)
    model.head.bias.assign(np.full(9, np.nan))
    with pytest.raises(ValueError, match=r"logits are not finite numbers"):
        model.score([3, 4])
    for sampler in (None, keras_nlp.samplers.GreedySampler()):
        with pytest.raises(ValueError, match=r"logits are not finite numbers"):
            model.generate([3], max_new_tokens=2, sampler=sampler)
