"""The runtime is a second implementation of every model: logits, scores and texts are those of Keras."""

import json
import subprocess
import sys

import numpy as np
import pytest

import tinylm_keras as tlm
from tinylm_keras import description, inspection, runtime

PROMPTS = ["the cat", "a small bird and a big dog sat down by the tree to rest the dog dug a hole", "", "the"]
SETTINGS = [
    {"max_new_tokens": 30},
    {"temperature": 0.7, "top_p": 0.8, "repetition_penalty": 1.2, "stop": ["a ", "tree"]},
]


@pytest.fixture(scope="module")
def both(model, read):
    """One of the models, as Keras has it and as the runtime reads it."""
    return model, read(model)


def test_logits_equal_those_of_keras(both):
    model, light = both
    ids = np.random.default_rng(0).integers(0, model.vocabulary_size, (3, 12)).astype("int32")
    wanted = np.array(model(ids))
    np.testing.assert_allclose(light.logits(ids), wanted, atol=1e-5 * np.abs(wanted).max())
    np.testing.assert_array_equal(light.logits(ids[:, :5]).shape, (3, 5, model.vocabulary_size))


def test_scores_equal_those_of_keras_past_the_context_too(both):
    model, light = both
    ids = np.random.default_rng(1).integers(2, model.vocabulary_size, 60)
    np.testing.assert_allclose(light.score(ids), model.score(ids), atol=1e-4)
    np.testing.assert_allclose(light.score("the cat sat"), model.score("the cat sat"), atol=1e-4)
    assert light.score("the").shape == (0,)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_seed_writes_the_text_of_keras(both, settings):
    model, light = both
    prompts = [prompt for prompt in PROMPTS if prompt or model.first_tokens]
    assert light.generate(prompts, seed=5, **settings) == model.generate(prompts, seed=5, **settings)


def test_a_stream_is_the_generated_text_and_ids_give_ids(both):
    _, light = both
    assert "".join(light.stream("the cat", 20, seed=3)) == light.generate("the cat", 20, seed=3)
    ids = light.prompt_ids("the cat")
    written = light.generate([ids, ids], 20, seed=3)
    assert light.tokenizer.detokenize(written[0]) == light.generate("the cat", 20, seed=3)
    assert light.generate(ids, 20, seed=3).tolist() == written[0].tolist()


def test_a_description_needs_no_keras_and_is_the_same(both, saved):
    model, light = both
    ours, theirs = (description.describe(one, saved(model)) for one in (light, model))
    assert ours == theirs
    assert inspection.describe(model)["parameters"]["total"] == light.file.weights.total


def test_prompts_endings_and_first_tokens_are_those_of_keras(make_mini_lm, read, one_of_each_tokenizer):
    tokenizer = one_of_each_tokenizer["byte_pair_with_end"]
    model = make_mini_lm(tokenizer=tokenizer, norm="pre", num_blocks=1, first_tokens=[[5, 3], [6, 1]])
    light, prompts = read(model), ["the c", "the ", "A “new” cat\n", ""]
    for seed in range(3):
        assert light.generate(prompts, 20, seed=seed) == model.generate(prompts, 20, seed=seed)
    assert (light.end_id, light.pad_id) == (model.end_id, model.pad_id)


@pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_tanh", "silu"])
@pytest.mark.parametrize("norm", ["post", "pre"])
def test_every_activation_and_norm_is_that_of_keras(make_mini_lm, read, norm, activation):
    model = make_mini_lm(vocabulary_size=9, norm=norm, activation=activation)
    for variable in model.trainable_variables:  # large, so that activations are far from 0 too
        variable.assign(variable * 3)
    ids = np.arange(12)[np.newaxis] % 9
    wanted = np.array(model(ids))
    np.testing.assert_allclose(read(model).logits(ids), wanted, atol=1e-5 * np.abs(wanted).max())


def test_the_settings_of_other_models_are_those_of_keras(read):
    ids = np.arange(12)[np.newaxis] % 9
    sizes = {"vocabulary_size": 9, "context_length": 12}
    for model in (
        tlm.RotaryLM(**sizes, embed_dim=8, logit_soft_cap=None),
        tlm.MLPLM(**sizes, hidden_dim=8, num_hidden_layers=2, window=3, code_bits=8, activation="sigmoid"),
        tlm.MLPLM(**sizes, hidden_dim=8, num_hidden_layers=1, window=1, activation="silu"),
        tlm.AverageLM(**sizes, embed_dim=4, hidden_dim=8, num_hidden_layers=1),
    ):
        generator = np.random.default_rng(2)
        for variable in model.variables:
            if "float" in str(variable.dtype):
                variable.assign(np.abs(generator.normal(0.5, 0.5, variable.shape)))
        wanted = np.array(model(ids))
        np.testing.assert_allclose(read(model).logits(ids), wanted, atol=1e-5 * np.abs(wanted).max())


def test_all_kinds_of_networks_mix_with_counts(every_model, read):
    counts, ids = every_model["ngram_lm"](vocabulary_size=20, pad_id=0), np.arange(12)[np.newaxis]
    for name in ("mini_lm_post", "average_lm", "bigram_lm", "mlp_lm"):
        model = tlm.MixtureLM(every_model[name](vocabulary_size=20, pad_id=0), counts)
        np.testing.assert_allclose(read(model).logits(ids), np.array(model(ids)), atol=1e-4)


def test_counts_of_longer_contexts_than_the_network_read_a_long_prompt(every_model, read):
    network, ids = every_model["mini_lm_post"](vocabulary_size=20, pad_id=0), np.arange(1, 20)
    counts = tlm.NGramLM.of(tlm.counting.count([ids] * 3, 20, order=16), context_length=12, pad_id=0)
    model = tlm.MixtureLM(network, counts)
    written = read(model).generate(ids, max_new_tokens=5, top_k=1)
    assert written.tolist() == model.generate(ids, max_new_tokens=5, top_k=1).tolist()


def test_a_sliding_cache_forgets_exactly_what_is_past_the_context(every_model, read):
    model = every_model["rotary_lm"](vocabulary_size=9, context_length=4)
    light, ids = read(model), np.random.default_rng(0).integers(0, 9, 50)
    cache = light.network.empty_cache(1)
    whole = np.array(model.head(model.hidden_states(ids[np.newaxis])))[0]
    step = [light.network.last_logits(ids[np.newaxis, i : i + 1], cache)[0] for i in range(50)]
    np.testing.assert_allclose(step, whole, atol=1e-5)


def test_it_writes_without_keras_tensorflow_and_hdf5(mini_lm, saved):
    code = (
        "import sys, json\n"
        "for name in ('keras', 'keras_nlp', 'keras_hub', 'tensorflow', 'jax', 'torch', 'h5py', 'typer', 'rich'):\n"
        "    sys.modules[name] = None\n"
        "import tinylm_keras as tlm\n"
        "model = tlm.runtime.load(sys.argv[1])\n"
        "print(json.dumps([model.generate('the cat', seed=1), model.score('the cat sat').tolist()]))"
    )
    ended = subprocess.run([sys.executable, "-c", code, saved(mini_lm)], capture_output=True, text=True, check=True)
    text, scores = json.loads(ended.stdout)
    assert text == mini_lm.generate("the cat", seed=1)
    np.testing.assert_allclose(scores, mini_lm.score("the cat sat"), atol=1e-5)


def test_several_prompts_write_what_each_writes_first_in_its_own_call(mini_lm, read):
    light = read(mini_lm)
    texts = light.generate(["the cat", "a dog ran after", "up"], temperature=0, max_new_tokens=20)
    assert texts == [light.generate(p, temperature=0, max_new_tokens=20) for p in ("the cat", "a dog ran after", "up")]
    assert light.generate(["the cat"] * 3, seed=1)[0] == light.generate("the cat", seed=1)


def test_nothing_is_written_for_no_tokens_and_no_prompts(mini_lm, read):
    assert read(mini_lm).generate("the cat", 0) == "the cat"
    assert read(mini_lm).generate([], 5) == []


def test_old_files_are_read(fixtures):
    for name in ("format_1", "format_2", "format_3"):
        model, light = tlm.load_model(fixtures / f"{name}.keras"), runtime.load(fixtures / f"{name}.keras")
        ids = np.arange(2, 8)[np.newaxis]
        np.testing.assert_allclose(light.logits(ids), np.array(model(ids)), atol=1e-5)
        assert dict(light.generation_defaults) == dict(model.generation_defaults)


@pytest.fixture
def fixtures(request):
    return request.config.rootpath / "tests" / "fixtures"
