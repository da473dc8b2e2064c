"""Law 2: generation with the cache is generation without it."""

import numpy as np
import pytest

from tinylm_keras.generation.loop import SHORT_PROMPT
from tinylm_keras.models import LanguageModel


@pytest.fixture(scope="session")
def naive_greedy(logits_after):
    def write(model, ids, count):
        """Without a cache, and with the best token that is not padding."""
        ids = list(ids)
        for _ in range(count):
            logits = logits_after(model, ids)
            if model.pad_id is not None:
                logits[model.pad_id] = -np.inf
            if model.tokenizer is not None:
                logits[model.tokenizer.unk_id] = -np.inf
            ids.append(int(logits.argmax()))
        return ids

    return write


def test_cached_logits_equal_full_logits(model):
    ids = np.random.default_rng(0).integers(1, model.vocabulary_size, (2, 12)).astype("int32")
    full = np.array(model(ids))
    cache = model.empty_cache(2)
    hidden, cache = model.decode_step(ids[:, :5], cache, 0)
    steps = [np.array(model.head(hidden))]
    for place in range(5, 12):
        hidden, cache = model.decode_step(ids[:, place : place + 1], cache, place)
        steps.append(np.array(model.head(hidden)))
    assert np.abs(np.concatenate(steps, axis=1) - full).max() <= 1e-5 * np.abs(full).max()


@pytest.mark.parametrize("length", [1, 2, 12])
def test_the_last_vector_alone_equals_the_last_of_all(model, length):
    ids = np.random.default_rng(0).integers(1, model.vocabulary_size, (3, length)).astype("int32")
    last = np.array(model.hidden_states(ids, training=False))[:, -1:]
    alone = np.array(model.last_hidden_states(ids))
    assert alone.shape == last.shape
    assert np.abs(alone - last).max() <= 1e-6 * np.abs(last).max()


def test_the_default_cache_of_the_base_class_gives_the_same(model):
    ids = np.random.default_rng(0).integers(1, model.vocabulary_size, (1, 6)).astype("int32")
    full = np.array(model.hidden_states(ids))
    cache = LanguageModel.empty_cache(model, 1)
    first, cache = LanguageModel.decode_step(model, ids[:, :4], cache, 0)
    second, cache = LanguageModel.decode_step(model, ids[:, 4:], cache, 4)
    assert np.abs(np.concatenate([first, second], axis=1) - full).max() <= 1e-5 * np.abs(full).max()


@pytest.mark.parametrize("length", [1, 3, 11, 12, 40])
def test_generation_equals_the_law_of_the_model_without_a_cache(model, naive_greedy, length):
    prompt = np.random.default_rng(length).integers(2, model.vocabulary_size, length).astype("int32")
    written = model.generate(prompt, max_new_tokens=26, temperature=0)
    assert written.tolist() == naive_greedy(model, prompt, 26)


def test_a_long_prompt_is_prefilled_to_the_same_text(make_model, naive_greedy):
    model = make_model(vocabulary_size=30, context_length=48)
    prompt = np.random.default_rng(5).integers(1, 30, 37).astype("int32")
    assert model.generate(prompt, max_new_tokens=15, temperature=0).tolist() == naive_greedy(model, prompt, 15)
    prefilled = ("prefill",) in model.__dict__["_programs"]
    assert prefilled == (model.receptive_field > SHORT_PROMPT)  # no prompt is longer than the receptive field


def test_prompts_of_different_lengths_do_not_disturb_each_other(model, naive_greedy):
    generator = np.random.default_rng(2)
    prompts = [generator.integers(2, model.vocabulary_size, n).astype("int32") for n in (9, 1, 12, 4, 30)]
    together = model.generate(prompts, max_new_tokens=9, temperature=0)
    for prompt, row in zip(prompts, together, strict=True):
        assert row.tolist() == naive_greedy(model, prompt, 9)


def test_a_prompt_longer_than_the_reach_equals_the_cropped_prompt(model):
    text = " ".join(model.tokenizer.get_vocabulary()[2:] * 2)
    words = text.split()
    assert len(words) > model.receptive_field
    settings = {"max_new_tokens": 8, "seed": 3}
    whole = model.generate(text, **settings)
    cropped = model.generate(" ".join(words[-model.receptive_field :]), **settings)
    assert whole.split()[len(words) :] == cropped.split()[model.receptive_field :]


def test_one_program_serves_every_prompt_length_seed_and_setting(make_model):
    model = make_model(vocabulary_size=300)
    for length, seed, temperature, top_k in ((1, 0, 1.0, 3), (2, 1, 0.5, 40), (9, 2, 0.0, 64), (5, 3, 2.0, 1)):
        model.generate(np.arange(1, 1 + length), max_new_tokens=2, seed=seed, temperature=temperature, top_k=top_k)
    name = "sliding_window_steps" if model.sliding_window_cache else "cached_steps"
    programs = model.__dict__["_programs"]
    assert list(programs) == [(name, 64, True)]  # each text is written by one call
    if hasattr(programs[name, 64, True], "programs"):
        assert len(programs[name, 64, True].programs) == 1


@pytest.mark.parametrize("length", [1, 5])
def test_a_text_written_by_one_call_begins_the_text_that_takes_several(model, length):
    prompt, settings = np.arange(2, 2 + length), {"temperature": 2.0, "seed": 4}
    long = model.generate(prompt, max_new_tokens=80, **settings)
    ends = {model.context_length, 64}  # where a call ends; one token less, one more
    for count in (1, 6, *(end - length + more for end in ends for more in (0, 1, 2))):
        short = model.generate(prompt, max_new_tokens=count, **settings)
        assert short.tolist() == long[: length + count].tolist()
    programs = [key for key in model.__dict__["_programs"] if key[0] in ("cached_steps", "sliding_window_steps")]
    assert {whole for _, _, whole in programs} == {False, True}
