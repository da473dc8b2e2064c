"""What the engine shows of a text: attention, guesses, vectors and counts, live and recorded."""

import numpy as np
import pytest

from tinylm_keras.explain import payload as payloads
from tinylm_keras.explain import recorded
from tinylm_keras.runtime.parts import log_softmax


def softmax(logits):
    return np.exp(log_softmax(np.asarray(logits, "float32")))


def filled(summary, size):
    """The probabilities of a summary by id, and the rest."""
    values = np.zeros(size)
    for entry in summary["top"]:
        values[entry["id"]] = entry["probability"]
    return values


def heads_of(model, ids):
    """The attention [blocks, H, T, T] of a transformer without a cache, and its vectors after each block."""
    network, length = model.network, len(ids)
    x, turn = network.tokens[ids], ()
    if hasattr(network, "positions"):
        x = x + network.positions[:length]
    else:
        turn = (network.turn(0, length),)
    attention, vectors = [], [x]
    for block in network.blocks:
        queries, keys, values = block.queries_keys_values(x, 1, *turn)
        scores = (queries @ keys.swapaxes(-1, -2))[0] / np.sqrt(queries.shape[-1])
        weights = softmax(np.where(np.tril(np.ones((length, length), bool)), scores, -1e30))
        middle = block.after_attention(x, (weights @ values[0]).swapaxes(0, 1).reshape(length, -1))
        x = block.feed_forward(middle)
        attention.append(weights)
        vectors += [middle, x]
    return np.array(attention), vectors


@pytest.fixture(scope="module", params=["mini_lm_pre", "mini_lm_post", "rotary_lm"])
def transformer(request, read, every_model, one_of_each_tokenizer):
    make = every_model[request.param]
    return read(make(tokenizer=one_of_each_tokenizer["character"], context_length=20, first_tokens=[(3, 1)]))


def test_a_live_trace_shows_what_was_computed(run_engine, transformer):
    ids = transformer.tokenizer.tokenize("the cat sat on")
    payload = payloads.payload(transformer, "the cat", weights="float32")
    [[trace]] = run_engine([{"payload": payload, "calls": [["trace", ids.tolist()]]}])
    size, count = transformer.vocabulary_size, len(ids)
    attention, vectors = heads_of(transformer, ids)
    logits = transformer.logits(ids[np.newaxis])[0]
    assert (trace["ids"], trace["first"], trace["live"]) == (ids.tolist(), 0, True)
    for block, heads in enumerate(trace["heads"]):
        for head, shown in enumerate(heads):
            wanted = attention[block, head]
            assert np.abs(np.array(shown["attention"]).reshape(count, count) - wanted).max() <= 1e-5
            strongest = [wanted[row, :row].max() for row in range(1, count)]
            assert shown["focus"] == pytest.approx(np.mean(strongest), abs=1e-5)
            for row, numbers in enumerate(shown["numbers"]):
                dots = np.array(numbers["keys"]) @ np.array(numbers["query"])
                scores = np.array(numbers["scores"])
                assert np.abs(np.array(numbers["dots"]) - dots).max() <= 1e-4
                assert np.abs(scores * np.sqrt(len(numbers["query"])) - dots).max() <= 1e-4
                assert numbers["masked"] == [other > row for other in range(count)]
                weights = softmax(np.where(numbers["masked"], -1e30, scores))
                assert np.abs(np.array(numbers["weights"]) - weights).max() <= 1e-5
                result = weights @ np.array(numbers["values"])
                assert np.abs(np.array(numbers["result"]) - result).max() <= 1e-5
    for row in range(count):
        assert np.abs(filled(trace["next"][row], size) - softmax(logits[row])).max() <= 1e-5
        assert trace["guesses"][row][-1] == trace["next"][row]
        assert trace["next"][row]["rest"] == pytest.approx(0, abs=1e-5)
        assert trace["lengths"][row] == pytest.approx([np.linalg.norm(x[row]) for x in vectors], rel=1e-4)
        named = dict(zip(trace["places"], trace["vectors"][row], strict=True))
        assert all(vector is not None for vector in named.values())
        assert np.abs(np.array(named["after block.1"]) - vectors[-1][row]).max() <= 1e-4
        if row:
            assert trace["surprises"][row] == pytest.approx(-np.log2(softmax(logits[row - 1])[ids[row]]), abs=1e-4)
    assert trace["surprises"][0] is None


def test_the_entrance_is_the_sum_of_token_and_position(run_engine, read, make_mini_lm, one_of_each_tokenizer):
    model = read(make_mini_lm(tokenizer=one_of_each_tokenizer["character"]))
    payload = payloads.payload(model, "the cat", weights="float32")
    [[trace]] = run_engine([{"payload": payload, "calls": [["trace", [4, 5, 6]]]}])
    for row, vectors in enumerate(trace["vectors"]):
        named = dict(zip(trace["places"], map(np.array, vectors), strict=True))
        assert np.abs(named["token"] - model.network.tokens[4 + row]).max() <= 1e-6
        assert np.abs(named["position"] - model.network.positions[row]).max() <= 1e-6
        assert np.abs(named["entrance"] - named["token"] - named["position"]).max() <= 1e-6


def test_a_long_text_shows_its_last_context(run_engine, transformer):
    ids = (np.arange(47) * 5 % transformer.vocabulary_size).astype("int32")
    payload = payloads.payload(transformer, "the cat", weights="float32")
    [[trace]] = run_engine([{"payload": payload, "calls": [["trace", ids.tolist()]]}])
    assert trace["first"] == 27
    assert trace["ids"] == ids[27:].tolist()
    if transformer.sliding_window_cache:
        cache = transformer.network.empty_cache(1)
        for start in range(0, 47, 20):
            last = transformer.network.last_logits(ids[np.newaxis, start : start + 20], cache)[0]
    else:
        last = transformer.logits(ids[np.newaxis, 27:])[0, -1]
    assert np.abs(filled(trace["next"][-1], len(last)) - softmax(last)).max() <= 1e-5


def test_a_recording_shows_what_a_live_trace_shows(run_engine, transformer, monkeypatch):
    prompt = "the cat sat"
    monkeypatch.setattr(payloads, "LARGEST_LIVE", 0)
    monkeypatch.setattr(recorded, "BYTES_PER_PARAMETER", 100)
    payload = payloads.payload(transformer, prompt, weights="float32")
    assert payload["live"] is False
    ids = transformer.prompt_ids(prompt).tolist()
    [[live, kept]] = run_engine([{"payload": payload, "calls": [["trace", ids], ["recorded"]]}])
    size = transformer.vocabulary_size
    assert (kept["ids"], kept["first"], kept["live"]) == (ids, 0, False)
    for row in range(len(ids)):
        for ours, theirs in zip(kept["guesses"][row], live["guesses"][row], strict=True):
            assert np.abs(filled(ours, size) - filled(theirs, size)).max() <= 1e-3
        assert np.abs(filled(kept["next"][row], size) - filled(live["next"][row], size)).max() <= 1e-3
        assert kept["lengths"][row] == pytest.approx(live["lengths"][row], rel=1e-4)
        assert kept["surprises"][row] == pytest.approx(live["surprises"][row], abs=1e-3)
    for ours, theirs in zip(kept["heads"], live["heads"], strict=True):
        for mine, other in zip(ours, theirs, strict=True):
            assert np.abs(np.array(mine["attention"]) - np.array(other["attention"])).max() <= 0.5 / 255 + 1e-5
            assert mine["numbers"] == [None] * len(ids)


def test_a_recording_of_a_long_text_names_the_places_of_its_tokens(run_engine, transformer, monkeypatch):
    prompt = "the cat sat on the mat and a dog sat on the cat"
    monkeypatch.setattr(payloads, "LARGEST_LIVE", 0)
    monkeypatch.setattr(recorded, "BYTES_PER_PARAMETER", 100)
    ids = transformer.prompt_ids(prompt).tolist()
    assert len(ids) > transformer.context_length
    [[kept]] = run_engine([{"payload": payloads.payload(transformer, prompt), "calls": [["recorded"]]}])
    assert kept["first"] > 0
    assert kept["ids"] == ids[kept["first"] :]


def test_a_recording_is_small_beside_the_weights(transformer, monkeypatch):
    monkeypatch.setattr(payloads, "LARGEST_LIVE", 0)
    payload = payloads.payload(transformer, "the cat sat on the mat")
    kept = payload["recorded"]
    assert len(kept["ids"]) - kept["first"] >= 1
    assert payloads.payload(transformer, "")["recorded"] is None


def test_counts_stand_beside_the_network(run_engine, read, every_model, one_of_each_tokenizer):
    for name in ("ngram_lm", "mixture_lm"):
        model = read(every_model[name](tokenizer=one_of_each_tokenizer["character"]))
        ids = model.tokenizer.tokenize("the cat").tolist()
        payload = payloads.payload(model, "the cat", weights="float32")
        [[trace]] = run_engine([{"payload": payload, "calls": [["trace", ids]]}])
        counts = model.network if name == "ngram_lm" else model.network.counts
        cache, size = counts.empty_cache(1), model.vocabulary_size
        for row, shown in enumerate(trace["counts"]):
            contexts = counts.hidden_states(np.array([ids[row : row + 1]]), cache, last=True)
            wanted = counts.counts.distribution(contexts)[0]
            assert np.abs(filled(shown["probabilities"], size) - wanted).max() <= 1e-6
            assert shown["known"] == counts.counts.known(contexts)[0] == len(shown["levels"])
            assert [level["tokens"] for level in shown["levels"]] == [
                ids[row - length : row + 1] for length in range(shown["known"])
            ]
            assert filled({"top": shown["unigram"]}, size) == pytest.approx(counts.counts.unigram, abs=1e-6)
            # The levels lead from the frequencies of single tokens to the probabilities.
            values = np.array(counts.counts.unigram, "float64")
            for level in shown["levels"]:
                values = values * level["backoff"] + filled(
                    {"top": [{"id": s["id"], "probability": s["value"]} for s in level["successors"]]}, size
                )
            assert values == pytest.approx(wanted, abs=1e-5)
            assert (shown["share"] is None) == (name == "ngram_lm")
        whole = model.logits([ids])[0, -1]
        assert np.abs(filled(trace["next"][-1], size) - softmax(whole)).max() <= 1e-5
        if name == "mixture_lm":
            last = trace["counts"][-1]
            mixed = last["share"] * filled(last["network"], size) + (1 - last["share"]) * values
            assert mixed == pytest.approx(softmax(whole), abs=1e-5)


def test_baselines_show_their_vectors(run_engine, read, every_model, one_of_each_tokenizer):
    cases = []
    for name in ("average_lm", "bigram_lm", "mlp_lm"):
        model = read(every_model[name](tokenizer=one_of_each_tokenizer["character"]))
        cases.append({"payload": payloads.payload(model, "the", weights="float32"), "calls": [["trace", [4, 5, 6]]]})
    average, bigram, mlp = (result[0] for result in run_engine(cases))
    assert average["places"][:2] == ["token", "mean"]
    assert bigram["places"] == ["row"]
    assert mlp["places"][:2] == ["window", "layer.0"]
    for trace in (average, bigram, mlp):
        assert all(vector for row in trace["vectors"] for vector in row)
        assert all(row[-1] == answer for row, answer in zip(trace["guesses"], trace["next"], strict=True))
