"""What a page carries: sizes, precisions, counts, and models of strangers."""

import dataclasses
import json
import re

import numpy as np
import pytest

from tinylm_keras.explain import contents, networks
from tinylm_keras.explain import payload as payloads
from tinylm_keras.models import MiniLM
from tinylm_keras.tokenizers import CharacterTokenizer, WhitespaceTokenizer

KINDS = ("mini_lm_pre", "mini_lm_post", "rotary_lm")
MEDIUM = {"embed_dim": 192, "num_heads": 6, "feed_forward_dim": 768, "num_blocks": 5, "context_length": 128}


def words(payload):
    """Bytes of the vocabulary and the merges."""
    tokenizer = payload["tokenizer"]
    return sum(len(word.encode()) for word in (*tokenizer["vocabulary"], *tokenizer.get("merges", ())))


def size(payload):
    return len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())


def test_a_page_is_little_larger_than_its_weights(read, every_model, one_of_each_tokenizer):
    for make in every_model.values():
        for tokenizer in one_of_each_tokenizer.values():
            payload = payloads.payload(read(make(tokenizer=tokenizer)), "the cat")
            counts = payload["counts"]["bytes"] if payload["counts"] else 0
            bound = 2.8 * payload["model"]["parameters"] + 1.5 * (words(payload) + counts)
            assert size(payload) <= bound + 40_000


def test_a_large_model_writes_and_its_views_are_recorded(run_engine, read, one_of_each_tokenizer):
    model = read(MiniLM(tokenizer=one_of_each_tokenizer["character"], norm="pre", **MEDIUM))
    payload = payloads.payload(model, "the cat sat on the mat")
    assert payload["model"]["parameters"] > 2_000_000
    assert payload["live"] is False
    assert size(payload) <= 2.8 * payload["model"]["parameters"] + 1.5 * words(payload) + 40_000
    kept = sum(len(array["data"]) for array in payload["recorded"]["arrays"].values())
    assert kept <= 4 / 3 * 0.11 * payload["model"]["parameters"]
    [[check, text, trace]] = run_engine([{
        "payload": payload,
        "calls": [["check"], ["text", "the cat ", {"temperature": 0, "max_new_tokens": 20}], ["recorded"]],
    }])  # fmt: skip
    assert check["agrees"]
    assert text == model.generate("the cat ", 20, temperature=0)
    assert trace["first"] + len(trace["ids"]) == len(model.prompt_ids("the cat sat on the mat"))
    assert all(len(guess["top"]) <= 50 for row in trace["guesses"] for guess in row)


@pytest.mark.parametrize("kind", KINDS)
def test_int8_says_how_far_it_is_off(run_engine, read, every_model, one_of_each_tokenizer, kind):
    model = read(every_model[kind](tokenizer=one_of_each_tokenizer["character"]))
    exact, halved, coarse = (
        payloads.payload(model, "the cat", weights=name) for name in ("float32", "float16", "int8")
    )
    assert exact["check"]["rounding"] == 0
    assert 0 < halved["check"]["rounding"] < coarse["check"]["rounding"]
    assert size(coarse) < size(halved) < size(exact)
    [[check]] = run_engine([{"payload": coarse, "calls": [["check"]]}])
    assert check["agrees"]
    assert 0.3 * coarse["check"]["rounding"] <= check["largest"] <= 1.05 * coarse["check"]["rounding"]


def test_the_reference_may_be_keras(run_engine, read, mini_lm):
    def logits(ids, part):
        assert part == "model"
        return np.array(mini_lm(ids[np.newaxis]))[0]

    reference = payloads.Reference("Keras", logits)
    payload = payloads.payload(read(mini_lm), "the cat", weights="float32", reference=reference)
    [[check]] = run_engine([{"payload": payload, "calls": [["check"]]}])
    assert check["agrees"]
    assert check["largest"] <= 1e-4
    assert (check["tolerance"], check["reference"]) == (1e-4, "Keras")
    wrong = payloads.Reference("Keras", lambda ids, part: logits(ids, part) + 0.001)
    payload = payloads.payload(read(mini_lm), "the cat", weights="float32", reference=wrong)
    [[check]] = run_engine([{"payload": payload, "calls": [["check"]]}])
    assert not check["agrees"]


def test_a_mixture_without_its_counts_is_its_network(run_engine, read, every_model, one_of_each_tokenizer, monkeypatch):
    mixture = every_model["mixture_lm"](tokenizer=one_of_each_tokenizer["character"], first_tokens=[(3, 1)])
    model, alone = read(mixture), read(mixture.network)
    whole, without = payloads.payload(model), payloads.payload(model, counts=False)
    assert whole["counts"]["inside"]
    assert without["counts"] == {"inside": False, "left_out": "option", "bytes": whole["counts"]["bytes"]}
    assert without["model"]["kind"] == "RotaryLM"
    assert not any(name.startswith("counts.") for name in without["weights"]["arrays"])
    [[check, logits]] = run_engine([{"payload": without, "calls": [["check"], ["logits", [3, 4, 5]]]}])
    assert check["agrees"]
    assert np.abs(np.array(logits) - alone.network.logits(np.array([[3, 4, 5]]))[0]).max() <= 0.05
    monkeypatch.setattr(contents, "LARGEST_COUNTS", 100)
    assert payloads.payload(model)["counts"]["left_out"] == "size"


def test_tables_of_counts_are_kept_exactly_in_little_room(read, every_model, one_of_each_tokenizer):
    for tokenizer in one_of_each_tokenizer.values():
        network = read(every_model["ngram_lm"](tokenizer=tokenizer)).network
        found, counts = networks.tables(network), network.counts
        assert found["counts.successors"].cumsum().tolist() == counts.first[1:].tolist()
        assert found["counts.token"].tolist() == counts.token.tolist()
        for name in ("backoff", "value"):
            levels, table = found[f"counts.{name}.levels"], getattr(counts, name)
            assert levels[found[f"counts.{name}"]].tolist() == table.tolist()
        assert sum(table.nbytes for table in found.values()) < 3 * counts.numbers
        many = dataclasses.replace(counts, value=np.arange(70_000, dtype="float32"))
        network.counts = many
        assert networks.tables(network)["counts.value"] is many.value


def test_counts_alone_are_not_left_out(read, every_model, one_of_each_tokenizer, monkeypatch):
    model = read(every_model["ngram_lm"](tokenizer=one_of_each_tokenizer["character"]))
    with pytest.raises(ValueError, match="consists of its counts alone, and they were to be left out"):
        payloads.payload(model, counts=False)
    monkeypatch.setattr(contents, "LARGEST_COUNTS", 100)
    with pytest.raises(ValueError, match=r"and they take [0-9,]+ bytes of 100:"):
        payloads.payload(model)


def test_a_model_without_a_tokenizer_has_no_page(read, make_mini_lm):
    with pytest.raises(ValueError, match="A page needs a model with a tokenizer"):
        payloads.payload(read(make_mini_lm(vocabulary_size=20)))


def test_wrong_arguments_are_refused(read, mini_lm):
    model = read(mini_lm)
    with pytest.raises(ValueError, match=re.escape("`weights` must be one of 'float16', 'float32', 'int8'. Received:")):
        payloads.payload(model, weights="float8")
    with pytest.raises(TypeError, match="`prompt` must be a string"):
        payloads.payload(model, 5)
    with pytest.raises(ValueError, match="lone surrogate"):
        payloads.payload(model, "a\ud800")


def test_weights_that_float16_cannot_hold_are_refused_or_kept_in_float32(run_engine, read, make_mini_lm, tokenizer):
    model = make_mini_lm(tokenizer=tokenizer, first_tokens=[(2, 1)])
    kernel = model.weights[-2]
    kernel.assign(np.where(np.arange(kernel.shape[1]) == 3, 7e4, np.array(kernel)))
    model = read(model)
    with pytest.raises(ValueError, match="`weights` must be 'float32' for this model: it has weights up to 7e"):
        payloads.payload(model, "the")
    payload = payloads.payload(model, "the", weights="float32")
    [[check, text]] = run_engine([{"payload": payload, "calls": [["check"], ["text", "the", {"temperature": 0}]]}])
    assert check["agrees"], check
    assert text == model.generate("the", temperature=0)


def test_logits_beyond_float32_are_refused(read, make_mini_lm, tokenizer):
    model = make_mini_lm(tokenizer=tokenizer, first_tokens=[(2, 1)])
    for weight in model.weights[-2:]:
        weight.assign(np.full(weight.shape, 3e38))
    with pytest.raises(ValueError, match="The model's logits are not finite numbers"):
        payloads.payload(read(model), "the", weights="float32")


STRANGE = [
    "</script>",
    "<!--",
    "<img/src=x/onerror=alert(1)>",
    "\u2028",
    "\u2029x",
    "__proto__",
    "constructor",
    "&amp;",
]


def test_words_of_strangers_stay_words(run_engine, read, make_mini_lm):
    tokenizer = WhitespaceTokenizer(vocabulary=STRANGE, end_token="</script><b>")
    model = read(make_mini_lm(tokenizer=tokenizer))
    payload = json.loads(json.dumps(payloads.payload(model, " ".join(STRANGE))))
    [[ids, text]] = run_engine([{
        "payload": payload, "calls": [["tokenize", STRANGE], ["text", "__proto__ &amp;", {"seed": 1}]],
    }])  # fmt: skip
    assert ids == [[id] for id in range(2, 2 + len(STRANGE))]
    assert text == model.generate("__proto__ &amp;", seed=1)


@pytest.mark.filterwarnings("ignore:Words of the prompt")
@pytest.mark.parametrize("context_length", [1, 2])
@pytest.mark.parametrize("kind", [*KINDS, "average_lm", "bigram_lm", "mlp_lm", "ngram_lm", "mixture_lm"])
def test_the_smallest_models_write(run_engine, read, every_model, kind, context_length):
    own = {"window": 1} if kind == "mlp_lm" else {}
    tokenizer = CharacterTokenizer(vocabulary=["a"])
    make = every_model[kind]
    model = read(make(tokenizer=tokenizer, context_length=context_length, first_tokens=[(2, 1)], **own))
    prompts = ["", "a", "aaaaaaaab"]
    calls = [["text", prompt, {"seed": 1, "max_new_tokens": 5}] for prompt in prompts]
    calls += [["trace", [2] * 4], ["trace", [2]], ["check"]]
    [results] = run_engine([{"payload": payloads.payload(model, "aaa"), "calls": calls}])
    assert results[:3] == [model.generate(prompt, 5, seed=1) for prompt in prompts]
    assert results[3]["ids"] == [2] * context_length
    assert results[5]["agrees"]


def test_a_hundred_thousand_words_fit(run_engine, read, make_mini_lm):
    tokenizer = WhitespaceTokenizer(vocabulary=[f"w{number}" for number in range(100_000)])
    model = read(make_mini_lm(tokenizer=tokenizer, embed_dim=4, num_heads=1, num_blocks=1))
    payload = payloads.payload(model, "w5 w6")
    [[check, text, candidates]] = run_engine([{
        "payload": payload, "calls": [["check"], ["text", "w5 w99999", {"seed": 1, "max_new_tokens": 5}],
                                      ["candidates", "w5", {"top_k": 8, "top_p": 0.9}]],
    }])  # fmt: skip
    assert check["agrees"]
    assert text.split()[:2] == ["w5", "w99999"]
    assert candidates["count"] <= 8
    assert size(payload["check"]) <= 40_000


def test_a_damaged_page_says_so(run_engine, read, mini_lm):
    payload = payloads.payload(read(mini_lm), "the")
    name = "block.0.expand.kernel"
    damaged = []
    for change in ({"shape": [1, 1]}, {"type": "object"}, {"data": payload["weights"]["arrays"][name]["data"][:-8]}):
        arrays = payload["weights"]["arrays"]
        damaged.append(
            payload | {"weights": {"precision": "float16", "arrays": arrays | {name: arrays[name] | change}}}
        )
    damaged.append(payload | {"model": payload["model"] | {"kind": "constructor"}})
    for case in damaged:
        [[result]] = run_engine([{"payload": case, "calls": [["open"]]}])
        assert "This page is damaged" in result["error"]
