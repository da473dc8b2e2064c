"""What is RotaryLM's own: a sliding-window cache, its receptive field, how it begins, what Muon trains."""

import keras
import numpy as np
import pytest

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.models import RotaryLM
from tinylm_keras.recipe import registry
from tinylm_keras.recipe.recipe import Recipe


@pytest.fixture(scope="module")
def rotary_lm():
    """Weights so large that every position it sees matters; tests must leave it as it is."""
    keras.utils.set_random_seed(2)
    model = RotaryLM(40, context_length=7, embed_dim=16, num_heads=2, feed_forward_dim=32, num_blocks=3)
    generator = np.random.default_rng(2)
    for variable in model.trainable_variables:
        variable.assign(variable + generator.normal(0, 0.5, variable.shape))
    return model


def ids_of(length, seed=0):
    return np.random.default_rng(seed).integers(0, 40, (2, length)).astype("int32")


def in_steps(model, ids, sizes, start=0):
    """The hidden vectors of `ids`, fed to the cache some at a time."""
    cache, parts, done = model.empty_cache(len(ids)), [], 0
    for size in sizes:
        hidden, cache = model.decode_step(ids[:, done : done + size], cache, start + done)
        parts.append(np.array(hidden))
        done += size
    return np.concatenate(parts, axis=1)


def best_next(model, ids):
    """The best token after each of `ids`, from one forward of the whole text."""
    return np.array(model.head(model.hidden_states(ids[None])))[0].argmax(-1)


@pytest.mark.parametrize("sizes", [[1] * 30, [7] * 4, [3, 7, 1, 1, 5, 7, 2, 4], [6, 6, 6, 6, 6]])
def test_steps_of_any_size_equal_one_forward_of_the_whole_text(rotary_lm, sizes):
    ids = ids_of(sum(sizes))
    whole = np.array(rotary_lm.hidden_states(ids))
    assert np.abs(in_steps(rotary_lm, ids, sizes) - whole).max() <= 1e-5 * np.abs(whole).max()


def test_a_text_goes_on_the_same_a_million_tokens_later(rotary_lm):
    ids = ids_of(28)
    near, far = (in_steps(rotary_lm, ids, [7, 7, 7, *[1] * 7], start) for start in (0, 999_999))
    # The far text has no beginning: before the receptive field its cache holds zeros where the near one holds nothing.
    near, far = near[:, rotary_lm.receptive_field :], far[:, rotary_lm.receptive_field :]
    assert np.abs(near - far).max() <= 1e-5 * np.abs(near).max()


def test_the_reach_is_how_far_back_a_token_is_felt(rotary_lm):
    assert rotary_lm.receptive_field == 3 * 6 + 1
    ids = ids_of(25)
    last = np.array(rotary_lm.hidden_states(ids))[:, -1]
    for before, felt in ((rotary_lm.receptive_field, True), (rotary_lm.receptive_field + 1, False)):
        changed = ids.copy()
        changed[:, -before] = (changed[:, -before] + 1) % 40
        assert np.array_equal(np.array(rotary_lm.hidden_states(changed))[:, -1], last) != felt
    cropped = np.array(rotary_lm.hidden_states(ids[:, -rotary_lm.receptive_field :]))[:, -1]
    assert np.abs(cropped - last).max() <= 1e-5 * np.abs(last).max()


def test_call_takes_no_more_than_the_context(rotary_lm):
    with pytest.raises(ValueError, match=r"at most `context_length` columns.*\(2, 8\), context_length=7"):
        rotary_lm(ids_of(8))


def test_prompts_of_any_length_go_on_far_past_the_context(rotary_lm):
    prompts = [ids_of(length, length)[0] for length in (19, 17, 40, 23)]  # prefilled in pieces of 2, 7 and 7
    for prompt, row in zip(prompts, rotary_lm.generate(prompts, max_new_tokens=70, temperature=0), strict=True):
        assert row[: len(prompt)].tolist() == prompt.tolist()
        assert row[len(prompt) :].tolist() == best_next(rotary_lm, row)[len(prompt) - 1 : -1].tolist()


def test_going_on_from_what_was_written_writes_the_same(rotary_lm):
    whole = rotary_lm.generate([3, 5], max_new_tokens=40, temperature=0)
    half = rotary_lm.generate([3, 5], max_new_tokens=20, temperature=0)
    assert rotary_lm.generate(half, max_new_tokens=20, temperature=0).tolist() == whole.tolist()


def test_a_sampler_of_keras_nlp_goes_on_past_the_context(rotary_lm):
    written = rotary_lm.generate([3, 5], max_new_tokens=30, sampler=keras_nlp.samplers.GreedySampler())
    assert written.tolist() == rotary_lm.generate([3, 5], max_new_tokens=30, temperature=0).tolist()


def test_scores_of_any_length_are_those_of_one_forward_of_the_whole_text(rotary_lm):
    for length in (2, 7, 8, 9, 30):
        ids = ids_of(length)[0]
        logits = np.array(rotary_lm.head(rotary_lm.hidden_states(ids[None])), "float64")[0]
        shares = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        assert np.abs(rotary_lm.score(ids) - shares[np.arange(length - 1), ids[1:]]).max() <= 1e-5


def test_a_context_of_one_token_sees_that_token_alone():
    model = RotaryLM(9, context_length=1, embed_dim=4, num_heads=1, feed_forward_dim=4, num_blocks=2)
    generator = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(generator.normal(0, 1, variable.shape))
    assert model.receptive_field == 1
    written = model.generate([3], max_new_tokens=9, temperature=0)
    assert written[1:].tolist() == best_next(model, written)[:-1].tolist()
    assert model.score(written).shape == (9,)


def test_a_new_model_gives_every_token_the_same_chance():
    assert not np.array(RotaryLM(9, context_length=4, embed_dim=8)(np.array([[1, 2, 3]]))).any()


def test_logits_stay_within_the_cap(rotary_lm):
    model = RotaryLM(
        40, context_length=7, embed_dim=16, num_heads=2, feed_forward_dim=32, num_blocks=3, logit_soft_cap=None
    )
    model.set_weights(rotary_lm.get_weights())
    bare, capped = np.array(model(ids_of(7))), np.array(rotary_lm(ids_of(7)))
    assert np.abs(capped - 15 * np.tanh(bare / 15)).max() <= 1e-5
    model.head.kernel.assign(1e6 * model.head.kernel)
    assert np.abs(bare).max() > np.abs(capped).max()


def test_muon_trains_the_inner_matrices_and_adam_the_rest(rotary_lm):
    optimizer = registry.OPTIMIZERS["muon"].build(Recipe(model="rotary"), learning_rate=0.01)
    names = {variable.path.split("/", 1)[1]: variable for variable in rotary_lm.trainable_variables}
    by_adam = {name for name, variable in names.items() if optimizer._should_use_adamw(variable)}
    assert by_adam == {name for name in names if "norm" in name or name.startswith(("embedding", "head"))}
    assert sum(name.endswith("/kernel") for name in set(names) - by_adam) == 4 * 3


def test_a_recipe_builds_the_model():
    sizes = {"context_length": 6, "embed_dim": 8, "num_heads": 2, "feed_forward_dim": 10, "num_blocks": 1}
    model = registry.MODELS["rotary"].build(Recipe(model="rotary", **sizes), vocabulary_size=9)
    assert isinstance(model, RotaryLM)
    assert {name: model.get_config()[name] for name in sizes} == sizes
