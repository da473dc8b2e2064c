"""Laws 3 and 4, and what a user relies on: ends, stops, streams, prompts of every kind."""

import threading
import warnings

import numpy as np
import pytest

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.data import lines
from tinylm_keras.tokenizers import WhitespaceTokenizer


def test_greedy_top_k_1_and_temperature_0_agree(model):
    prompt = "the cat"
    greedy = model.generate(prompt, max_new_tokens=10, temperature=0, seed=1)
    assert model.generate(prompt, max_new_tokens=10, top_k=1, seed=2) == greedy
    assert model.generate(prompt, max_new_tokens=10, sampler=keras_nlp.samplers.GreedySampler()) == greedy


def test_top_k_of_the_vocabulary_or_more_equals_no_top_k(mini_lm):
    texts = {
        mini_lm.generate("the", max_new_tokens=12, seed=5, top_k=k) for k in (None, mini_lm.vocabulary_size, 10**6)
    }
    assert len(texts) == 1


def test_the_same_seed_gives_the_same_text_and_another_seed_another(mini_lm):
    first = mini_lm.generate("the dog", max_new_tokens=20, seed=7)
    assert mini_lm.generate("the dog", max_new_tokens=20, seed=7) == first
    assert mini_lm.generate("the dog", max_new_tokens=20, seed=8) != first
    fresh = {mini_lm.generate("the dog", max_new_tokens=20) for _ in range(4)}
    assert len(fresh) == 4


def test_equal_prompts_in_one_call_differ_and_row_0_equals_the_prompt_alone(mini_lm):
    alone = mini_lm.generate("the dog", max_new_tokens=20, seed=7)
    rows = mini_lm.generate(["the dog"] * 3, max_new_tokens=20, seed=7)
    assert rows[0] == alone
    assert len(set(rows)) == 3


def test_row_0_does_not_depend_on_longer_or_shorter_neighbours(mini_lm):
    alone = mini_lm.generate("the dog ran", max_new_tokens=20, seed=7)
    for other in ("the", "up in the tree the bird saw"):
        assert mini_lm.generate(["the dog ran", other], max_new_tokens=20, seed=7)[0] == alone


def test_the_stream_joins_to_the_generated_text(model):
    for settings in ({"seed": 1}, {"seed": 2, "stop": ["the", "a dog"]}, {"temperature": 0, "max_new_tokens": 30}):
        settings = {"max_new_tokens": 20, **settings}
        assert "".join(model.stream("the cat", **settings)) == model.generate("the cat", **settings)
    assert next(model.stream("the cat", max_new_tokens=3)) == "the cat"


def test_every_tokenizer_streams_what_it_generates_and_reads_on_from_the_prompt(tiny_lm):
    settings = {"max_new_tokens": 40, "temperature": 2.0, "seed": 1, "stop": ["\x01"]}
    prompt = 'the cat (a "d'
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about words of the prompt that the model does not know
        text = tiny_lm.generate(prompt, **settings)
        pieces = list(tiny_lm.stream(prompt, **settings))
        assert tiny_lm.generate([prompt], **settings) == [text]
    assert "".join(pieces) == text
    assert pieces[0] == prompt
    assert len(text) > len(prompt)
    assert tiny_lm.tokenizer.end_token is None or tiny_lm.tokenizer.end_token not in text


def test_padding_is_never_written_and_unknown_only_when_asked_for(make_model, texts):
    model = make_model(vocabulary_size=6, pad_id=0)
    ids = np.concatenate([model.generate(np.array([2]), max_new_tokens=300, temperature=5.0, seed=s) for s in range(3)])
    assert set(np.unique(ids)) == {1, 2, 3, 4, 5}


def test_unknown_is_written_only_when_asked_for(mini_lm):
    bias = mini_lm.head.bias
    kept = np.array(bias)
    bias.assign(kept + 50 * (np.arange(len(kept)) == mini_lm.tokenizer.unk_id))
    try:
        assert "[UNK]" not in mini_lm.generate("the", max_new_tokens=10, seed=0)
        assert "[UNK] [UNK]" in mini_lm.generate("the", max_new_tokens=10, seed=0, allow_unknown=True)
    finally:
        bias.assign(kept)


def test_the_end_token_ends_each_row_and_is_not_printed(ending_lm):
    rows = ending_lm.generate(["the cat"] * 8, max_new_tokens=60, temperature=1.5, seed=0)
    lengths = {len(row.split()) for row in rows}
    assert len(lengths) > 1
    assert not any("<end>" in row for row in rows)
    ids = ending_lm.generate(np.array([ending_lm.end_id, 3]), max_new_tokens=60, temperature=1.5, seed=0)
    assert ending_lm.end_id not in ids[1:]


def test_an_empty_prompt_starts_from_the_end_token(ending_lm):
    text = ending_lm.generate("", max_new_tokens=5, seed=0)
    from_end = ending_lm.generate(np.array([ending_lm.end_id]), max_new_tokens=5, seed=0)
    assert text == ending_lm.tokenizer.detokenize(from_end)


def test_an_empty_prompt_without_end_token_starts_as_training_texts_do(make_mini_lm, texts):
    tokenizer = WhitespaceTokenizer().adapt(texts)
    model = make_mini_lm(tokenizer=tokenizer)
    with pytest.raises(ValueError, match="at least one token, because this model has no end token"):
        model.generate("")
    model.compile(jit_compile=False)
    model.fit(lines(texts, tokenizer, context_length=12, batch_size=6), epochs=1, verbose=0)
    firsts = {model.generate("", max_new_tokens=1, seed=seed) for seed in range(30)}
    assert firsts == {"the", "a", "up"}
    text = model.generate("", max_new_tokens=5, seed=1)
    assert len(text.split()) == 5
    assert model.generate("", max_new_tokens=0) == ""


def test_unknown_words_of_the_prompt_are_named_in_one_warning(mini_lm):
    with pytest.warns(UserWarning, match=r"does not know: 'zebra', 'lion'\.$"):
        text = mini_lm.generate("the zebra and lion", max_new_tokens=3, seed=0)
    assert text.startswith("the zebra and lion ")
    for call in (mini_lm.generate, mini_lm.stream):
        with pytest.warns(UserWarning) as caught:
            call("zebra", max_new_tokens=1)
        assert caught[0].filename == __file__  # the caller's line, not one of the package


def test_a_stop_string_ends_the_text_before_it(mini_lm):
    free = mini_lm.generate("the cat", max_new_tokens=30, seed=4)
    words = free.split()
    stop = " ".join(words[8:10])
    written = free[len("the cat") :]
    expected = "the cat" + written[: written.index(stop)]
    assert mini_lm.generate("the cat", max_new_tokens=30, seed=4, stop=stop) == expected
    assert mini_lm.generate("the cat", max_new_tokens=30, seed=4, stop=["never", stop]) == expected
    # A stop string in the prompt does not count.
    assert mini_lm.generate("the cat", max_new_tokens=2, seed=4, stop="cat sat").startswith("the cat")


def test_a_stop_string_ends_only_its_own_row(mini_lm):
    free = mini_lm.generate(["the cat"] * 3, max_new_tokens=30, seed=4)
    stop = free[1].split()[12] + " " + free[1].split()[13]
    stopped = mini_lm.generate(["the cat"] * 3, max_new_tokens=30, seed=4, stop=stop)
    for before, after in zip(free, stopped, strict=True):
        written = before[len("the cat") :]
        assert after == "the cat" + (written[: written.index(stop)] if stop in written else written)


def test_results_have_the_kind_of_the_prompts(mini_lm):
    settings = {"max_new_tokens": 3, "seed": 0}
    assert isinstance(mini_lm.generate("the", **settings), str)
    assert [type(row) for row in mini_lm.generate(["the", "a"], **settings)] == [str, str]
    row = mini_lm.generate([2, 3], **settings)
    assert row.dtype == np.int32
    assert row[:2].tolist() == [2, 3]
    assert [len(ids) for ids in mini_lm.generate([[2], [3, 4]], **settings)] == [4, 5]
    assert [len(ids) for ids in mini_lm.generate(np.array([[2, 5], [3, 4]]), **settings)] == [5, 5]
    assert mini_lm.generate([]) == []
    assert mini_lm.generate("the cat", max_new_tokens=0) == "the cat"


def test_generation_defaults_hold_where_an_argument_is_left_out(make_mini_lm):
    model = make_mini_lm(vocabulary_size=20)
    model.generation_defaults = {"max_new_tokens": 5, "temperature": 0}
    assert model.generate([3, 4]).tolist() == model.generate([3, 4], max_new_tokens=5, top_k=1).tolist()
    assert len(model.generate([3, 4], max_new_tokens=2)) <= 4


def test_two_threads_write_what_one_would(mini_lm):
    expected = [mini_lm.generate("the dog", max_new_tokens=40, seed=seed) for seed in range(6)]
    results = {}

    def write(seed):
        results[seed] = mini_lm.generate("the dog", max_new_tokens=40, seed=seed)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[seed] for seed in range(6)] == expected


@pytest.mark.parametrize("sampler", ["random", "top_k", "top_p"])
def test_keras_nlp_samplers_choose_valid_tokens(mini_lm, sampler):
    sampler = keras_nlp.samplers.get(sampler)
    written = mini_lm.generate(np.array([[2, 3], [4, 5]]), max_new_tokens=14, sampler=sampler)
    ids = np.array(written)[:, 2:]
    assert ids.shape == (2, 14)
    assert ids.min() >= 2
    assert ids.max() < mini_lm.vocabulary_size


def test_score_is_the_log_probability_of_each_token(model, logits_after):
    ids = np.random.default_rng(1).integers(2, model.vocabulary_size, 30).astype("int32")
    scores = model.score(ids)
    assert scores.shape == (29,)
    assert scores.dtype == np.float32
    for place in (1, 7, 12, 13, 24, 25, 29):
        logits = logits_after(model, ids[:place]).astype("float64")
        expected = logits[ids[place]] - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
        assert abs(scores[place - 1] - expected) < 1e-4


def test_score_of_a_text_counts_its_own_tokens_only(ending_lm, mini_lm):
    for model in (ending_lm, mini_lm):
        assert model.score("the cat sat on").shape == (3,)
        assert model.score("cat").shape == (0,)
        assert model.score("").shape == (0,)
        assert np.isfinite(model.score("the cat sat on")).all()
