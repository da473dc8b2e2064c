"""How the engine of the page chooses tokens, and what can be done with a text while it is written."""

import json

import numpy as np
import pytest

from tinylm_keras.explain import payload as payloads
from tinylm_keras.explain.arrays import encoded
from tinylm_keras.writing.sampling import Sampler, choose
from tinylm_keras.writing.text_stream import TextStream

RULES = [
    {"top_k": 8},
    {"top_k": 1},
    {"top_p": 0.7},
    {"min_p": 0.2},
    {"top_k": 12, "top_p": 0.9, "min_p": 0.01, "repetition_penalty": 1.5, "temperature": 2.0},
    {"temperature": 0.05},
    {"temperature": 0},
    {},
]


@pytest.fixture(scope="module")
def model(read, make_mini_lm, one_of_each_tokenizer):
    return read(make_mini_lm(tokenizer=one_of_each_tokenizer["character"], first_tokens=[(3, 5), (4, 2)]))


@pytest.fixture(scope="module")
def ask(run_engine, model):
    """Results of calls on one model."""
    payload = payloads.payload(model, "the cat", weights="float32")
    return lambda calls: run_engine([{"payload": payload, "calls": calls}])[0]


def test_random_numbers_are_those_of_numpy(ask):
    seeds = [0, 1, 12345, 2**32 - 1, 2**32, 2**53 + 1, 2**64 + 5, 10**40]
    rows = [0, 1, 7, 2**33]
    found = iter(ask([["random", str(seed), row, 9] for seed in seeds for row in rows]))
    for seed in seeds:
        for row in rows:
            generator = np.random.default_rng((seed, row))
            assert next(found) == [generator.random(), *generator.random(9, dtype="float32").tolist()]


def test_what_the_rules_leave_are_the_shares_of_pythons_sampler(ask, model):
    logits = model.logits([model.tokenizer.tokenize("the cat")])[0, -1]
    allowed = np.ones(len(logits), bool)
    allowed[[0, 1]] = False
    seen = np.isin(np.arange(len(logits)), model.tokenizer.tokenize("the cat"))
    for rules, found in zip(
        RULES, ask([["candidates", "the cat", {"seed": 3, **rules}] for rules in RULES]), strict=True
    ):
        sampler = Sampler(**rules)
        # The share of a token is the share of the random numbers that it is chosen at.
        grid = (np.arange(20_000) + 0.5) / 20_000
        chosen = [choose(logits.copy(), uniform, sampler, np.flatnonzero(~allowed), seen) for uniform in grid]
        shares = np.bincount(chosen, minlength=len(logits)) / len(grid)
        assert np.abs(np.array(found["left"]) - shares).max() <= 1e-4
        assert found["count"] == np.count_nonzero(found["left"])
        assert sum(found["left"]) == pytest.approx(1, abs=1e-5)
        assert np.abs(np.array(found["own"]) - np.exp(logits) / np.exp(logits).sum()).max() <= 1e-5
        uniform = float(np.random.default_rng((3, 0)).random(dtype="float32"))
        assert found["uniform"] == uniform
        assert found["chosen"] == choose(logits.copy(), uniform, sampler, np.flatnonzero(~allowed), seen)
    assert [ask([["candidates", "a", {"top_k": k}]])[0]["count"] for k in (8, 1, 3)] == [8, 1, 3]


def test_ties_go_to_the_lowest_id(run_engine, model):
    payload = payloads.payload(model, "the cat", weights="float32")
    arrays = payload["weights"]["arrays"]
    for name in ("head.kernel", "head.bias"):  # all logits are 0
        arrays[name] = encoded(np.zeros(arrays[name]["shape"], "float32"))
    calls = [["candidates", "the", {"top_k": 8}], ["candidates", "the", {"temperature": 0}]]
    many, one = run_engine([{"payload": payload, "calls": calls}])[0]
    assert np.flatnonzero(many["left"]).tolist() == list(range(2, 10))
    assert one["chosen"] == 2


def test_what_was_taken_back_is_written_again(ask):
    options = {"seed": 5, "max_new_tokens": 30, "temperature": 0.9, "repetition_penalty": 1.2}
    whole, again, shorter, empty = ask([
        ["script", "the cat", options, [["write", 30]]],
        ["script", "the cat", options, [["write", 22], ["takeBack", 15], ["write", 30], ["takeBack", 9], ["write", 9]]],
        ["script", "the cat", options, [["write", 9], ["takeBack", 1], ["write", 1]]],
        ["script", "the cat", options, [["write", 9], ["takeBack", 99]]],
    ])  # fmt: skip
    assert again["text"] == whole["text"]
    assert again["ids"] == whole["ids"]
    assert whole["ended"] == again["ended"] == "length"
    assert shorter["ids"] == whole["ids"][:16]
    assert empty["text"] == "the cat"
    assert "".join(piece for piece in whole["pieces"]) == whole["text"].removeprefix("the cat")


def test_what_a_sliding_window_dropped_is_computed_again(run_engine, read, every_model, one_of_each_tokenizer):
    cases, options = [], {"seed": 5, "max_new_tokens": 80, "temperature": 0.9}
    for name in ("rotary_lm", "mixture_lm", "mlp_lm", "ngram_lm", "bigram_lm", "average_lm"):
        model = read(every_model[name](tokenizer=one_of_each_tokenizer["character"], first_tokens=[(3, 1)]))
        for back in (1, 5, 11, 12, 13, 20, 60):
            scripts = [[["write", 80]], [["write", 70], ["takeBack", back], ["write", 80]]]
            calls = [["script", "the cat", options, script] for script in scripts]
            cases.append({"payload": payloads.payload(model, "the", weights="float32"), "calls": calls})
    for whole, again in run_engine(cases):
        assert again["ids"] == whole["ids"]


def test_another_token_leads_to_another_branch_with_the_same_random_numbers(ask, model):
    start, forced = ask([
        ["script", "the cat", {"seed": 5, "max_new_tokens": 12}, [["write", 4]]],
        ["script", "the cat", {"seed": 5, "max_new_tokens": 12}, [["write", 3], ["force", 7], ["write", 99]]],
    ])  # fmt: skip
    assert forced["ids"][:10] == start["ids"][:10]
    assert forced["ids"][10] == 7
    assert len(forced["ids"]) == 7 + 12
    uniforms = np.random.default_rng((5, 0)).random(12, dtype="float32").tolist()
    logits = model.logits([forced["ids"][:11]])[0, -1]
    assert forced["ids"][11] == choose(logits, uniforms[4], Sampler(), np.array([0, 1]), np.zeros(len(logits), bool))


def test_a_text_goes_on_after_its_length(ask):
    whole, parts = ask([
        ["script", "a", {"seed": 2, "max_new_tokens": 20}, [["write", 20]]],
        ["script", "a", {"seed": 2, "max_new_tokens": 5}, [["write", 5], ["extend", 15], ["write", 15]]],
    ])  # fmt: skip
    assert parts["text"] == whole["text"]
    assert parts["ids"] == whole["ids"]


def test_a_stop_string_ends_the_text_before_it(ask, model):
    for seed in range(4):
        full = model.generate("the cat", 40, seed=seed)
        stops = [full[20:22], full[30:33]]
        [text] = ask([["text", "the cat", {"seed": seed, "max_new_tokens": 40, "stop": stops}]])
        assert text == model.generate("the cat", 40, seed=seed, stop=stops)
        assert len(text) < len(full)


def test_an_empty_prompt_begins_as_training_texts_did(ask, model):
    for seed in range(4):
        written, taken_back = ask([
            ["script", "", {"seed": seed, "max_new_tokens": 9}, [["write", 9]]],
            ["script", "", {"seed": seed, "max_new_tokens": 9}, [["write", 9], ["takeBack", 99], ["write", 9]]],
        ])  # fmt: skip
        assert written["text"] == taken_back["text"] == model.generate("", 9, seed=seed)
        assert written["promptLength"] == 0


def test_an_empty_prompt_is_refused_where_no_text_may_begin(run_engine, read, make_mini_lm, one_of_each_tokenizer):
    for first_tokens in ([], [(0, 5)]):  # padding is never written
        model = read(make_mini_lm(tokenizer=one_of_each_tokenizer["character"], first_tokens=first_tokens))
        [[result]] = run_engine([{"payload": payloads.payload(model), "calls": [["text", "", {}]]}])
        assert "Enter a first word" in result["error"]
        with pytest.raises(ValueError, match="Give a first word"):
            model.generate("")


def test_nothing_is_written_where_nothing_may_be(ask, model):
    [none] = ask([["text", "the cat ", {"max_new_tokens": 0}]])
    assert none == model.generate("the cat ", 0) == "the cat "


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "Temperature must be from 0 to 1,000,000. Received: -1"),
        ({"temperature": None}, "Temperature must be"),
        ({"top_k": 0}, "Top-k must be a whole number of at least 1, or empty. Received: 0"),
        ({"top_k": 2.5}, "Top-k must be"),
        ({"top_p": 0}, "Top-p must be above 0"),
        ({"top_p": 1.5}, "Top-p must be above 0"),
        ({"min_p": 1}, "Min-p must be at least 0 and below 1"),
        ({"repetition_penalty": 0}, "Repetition penalty must be"),
        ({"seed": -1}, "The seed must be a whole number of at least 0. Received: -1"),
        ({"seed": 1.5}, "The seed must be"),
        ({"seed": "x"}, "The seed must be"),
        ({"max_new_tokens": -1}, "The number of new tokens must be"),
    ],
)
def test_wrong_settings_are_refused(ask, options, message):
    [result] = ask([["text", "the", options]])
    assert message in result["error"]


def test_the_plain_loop_gives_the_texts_of_webassembly(run_engine, model):
    payload = payloads.payload(model, "the cat", weights="float32")
    calls = [["text", "the cat", {"seed": seed, "max_new_tokens": 30}] for seed in range(5)] + [
        ["logits", [3, 4, 5, 6]]
    ]
    fast, slow = run_engine([{"payload": payload, "simd": simd, "calls": calls} for simd in (True, False)])
    assert fast[:5] == slow[:5]
    assert np.abs(np.array(fast[5]) - np.array(slow[5])).max() <= 1e-5


def test_positions_read_together_give_the_logits_of_one_by_one(run_engine, read, every_model, one_of_each_tokenizer):
    cases = []
    for make in every_model.values():
        model = read(make(tokenizer=one_of_each_tokenizer["character"], context_length=40))
        ids = (np.arange(40) * 7 % model.vocabulary_size).tolist()
        cases.append({"payload": payloads.payload(model), "calls": [["logits", ids, size] for size in (1, 7, 40)]})
    for results in run_engine(cases):
        one, some, all_at_once = map(np.array, results)
        assert np.abs(one - some).max() <= 1e-6
        assert np.abs(one - all_at_once).max() <= 1e-6


def test_the_engine_writes_a_thousand_tokens_a_second(run_engine, read, make_mini_lm, one_of_each_tokenizer):
    sizes = {"embed_dim": 128, "num_heads": 4, "feed_forward_dim": 512, "num_blocks": 4, "context_length": 64}
    tokenizer = one_of_each_tokenizer["character"]
    model = read(make_mini_lm(tokenizer=tokenizer, norm="pre", activation="gelu", first_tokens=[(3, 1)], **sizes))
    [result] = run_engine([{"payload": payloads.payload(model), "calls": [["speed", 60]] * 8}])
    assert max(result) >= 1000


def test_the_same_model_and_prompt_make_the_same_page(model):
    first, second = (json.dumps(payloads.payload(model, "the cat")) for _ in range(2))
    assert first == second


def test_text_comes_in_the_pieces_of_python(ask, model):
    [found] = ask([["script", "the ", {"seed": 1, "max_new_tokens": 20}, [["write", 20]]]])
    stream = TextStream(model.tokenizer, "the ")
    ids = found["ids"][found["promptLength"] :]
    assert found["pieces"] == [stream.feed([id], last=place == len(ids) - 1) for place, id in enumerate(ids)]
