"""The engine of the page gives the logits, greedy texts and seeded texts of Keras and of the runtime."""

import itertools
import warnings

import keras
import numpy as np
import pytest

from tinylm_keras import counting
from tinylm_keras.baselines import MLPLM, AverageLM, BigramLM, MixtureLM, NGramLM
from tinylm_keras.explain import payload as payloads
from tinylm_keras.models import MiniLM, RotaryLM

SIZES = {"embed_dim": 16, "num_heads": 2, "feed_forward_dim": 24, "num_blocks": 2, "context_length": 12}
HIDDEN = {"hidden_dim": 32, "context_length": 12}
NETWORKS = {
    **{
        f"mini_{norm}_{activation}": (MiniLM, {**SIZES, "norm": norm, "activation": activation})
        for norm in ("pre", "post")
        for activation in ("relu", "gelu", "gelu_tanh", "silu")
    },
    "rotary": (RotaryLM, SIZES),
    "rotary_capped": (RotaryLM, {**SIZES, "logit_soft_cap": 3.0}),
    "average": (AverageLM, {**HIDDEN, "embed_dim": 16}),
    "bigram": (BigramLM, {"context_length": 12}),
    **{f"mlp_{name}": (MLPLM, {**HIDDEN, "window": 5, "activation": name}) for name in ("sigmoid", "relu", "silu")},
}
FIRST = [(3, 5), (4, 2)]
PROMPTS = ["the cat", "", "a dog ran ", 'up "in', "the bird sang down by the tree to rest on the mat and the hole "]
RULES = [
    {},
    {"top_k": 8},
    {"top_p": 0.8},
    {"min_p": 0.1},
    {"repetition_penalty": 1.3},
    {"top_k": 20, "top_p": 0.9, "min_p": 0.02, "repetition_penalty": 0.8},
]


def peaked(model, seed=1):
    """Random weights that make some tokens clearly likelier, as training does: no text hangs on the last bit."""
    generator = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(variable + generator.normal(0, 0.3, variable.shape))
    return model


def counted(tokenizer):
    """Counts of ids by chance, in which every token has come."""
    size, generator = tokenizer.vocabulary_size(), np.random.default_rng(1)
    ids = np.concatenate(
        [generator.choice(size, 20 * size, p=generator.dirichlet(np.full(size, 0.5))), np.arange(size)]
    )
    rows = counting.rows_of(ids.astype("int32"), pad_id=tokenizer.pad_id)
    counts = counting.count(rows, size, 4, pad_id=tokenizer.pad_id)
    common = {"tokenizer": tokenizer, "pad_id": tokenizer.pad_id, "first_tokens": FIRST}
    return NGramLM.of(counts, context_length=12, **common)


def made(name, tokenizer):
    """A small model of one of the kinds, or of two mixed."""
    keras.utils.set_random_seed(1)
    common = {"tokenizer": tokenizer, "first_tokens": FIRST}
    if name == "ngram":
        return counted(tokenizer)
    if name.startswith("mixture_"):
        kind, sizes = NETWORKS[name.removeprefix("mixture_")]
        model = MixtureLM(peaked(kind(**sizes, **common)), counted(tokenizer))
        model.mixing.shares.assign(np.linspace(0.2, 0.8, len(model.shares)))
        return model
    kind, sizes = NETWORKS[name]
    return peaked(kind(**sizes, **common))


MAIN = ("mini_pre_gelu", "mini_post_relu", "rotary_capped", "average", "bigram", "mlp_relu", "ngram", "mixture_rotary")
MIXED = ("mini_pre_gelu", "average", "bigram", "mlp_relu")
OTHERS = [*(name for name in NETWORKS if name not in MAIN), *(f"mixture_{name}" for name in MIXED)]
COMBINATIONS = [
    *itertools.product(MAIN, ("whitespace_with_end", "word_punct", "character", "byte_pair_with_end")),
    *((name, "character") for name in OTHERS),
]


@pytest.fixture(scope="module")
def results(run_engine, read, one_of_each_tokenizer):
    """For each combination: Python's texts; and for each precision the check, logits and texts of the engine."""
    cases, wanted = [], {}
    for name, kind in COMBINATIONS:
        original = made(name, one_of_each_tokenizer[kind])
        model = read(original)
        ids = np.arange(3, 15) * 5 % model.vocabulary_size
        seeded = [(prompt, seed, RULES[seed % len(RULES)]) for seed, prompt in enumerate(PROMPTS * 5)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of words that a model does not know
            texts = [model.generate(PROMPTS[0], 20, temperature=0)]
            texts += [model.generate(prompt, 24, temperature=0.8, seed=seed, **rules) for prompt, seed, rules in seeded]
        wanted[name, kind] = np.array(original(ids[np.newaxis]))[0], texts
        calls = [["check"], ["logits", ids.tolist()], ["text", PROMPTS[0], {"temperature": 0, "max_new_tokens": 20}]]
        for prompt, seed, rules in seeded:
            calls.append(["text", prompt, {"temperature": 0.8, "seed": seed, "max_new_tokens": 24, **rules}])
        for precision in ("float32", "float16"):
            cases.append({"payload": payloads.payload(model, PROMPTS[2], weights=precision), "calls": calls})
    found = iter(run_engine(cases))
    return {key: (*values, next(found), next(found)) for key, values in wanted.items()}


@pytest.mark.parametrize(("name", "kind"), COMBINATIONS)
def test_logits_are_those_of_keras(results, name, kind):
    logits, _, exact, halved = results[name, kind]
    assert np.abs(np.array(exact[1]) - logits).max() <= 1e-4
    assert np.abs(np.array(halved[1]) - logits).max() <= 0.05
    for precision, tolerance in ((exact, 1e-4), (halved, 0.05)):
        check = precision[0]
        assert check["agrees"]
        assert check["tolerance"] == tolerance
        assert check["largest"] <= tolerance


@pytest.mark.parametrize(("name", "kind"), COMBINATIONS)
def test_texts_are_those_of_python(results, name, kind):
    _, texts, exact, halved = results[name, kind]
    assert exact[2] == halved[2] == texts[0]
    assert sum(ours == theirs for ours, theirs in zip(exact[3:], texts[1:], strict=True)) >= 24
