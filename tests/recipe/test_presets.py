"""Every preset, made small: from a text file to a `.keras` file that writes; and the sizes that its name promises."""

import itertools
import math
import pathlib

import pytest

from tinylm_keras import data, evaluation, load_model
from tinylm_keras.recipe import presets, registry
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training.train import train

GPT2 = pathlib.Path(__file__).parents[2] / ".." / "shared" / "data" / "gpt2"
LINES = [
    f"the {one} {colour} {animal} {deed}."
    for one, colour, animal, deed in itertools.product(
        ("big", "wee"), ("red", "tan"), ("cat", "dog", "owl"), ("sat", "ran", "hid")
    )
]
SMALL = {
    "context_length": 16,
    "embed_dim": 32,
    "num_heads": 2,
    "feed_forward_dim": 32,
    "num_blocks": 1,
    "hidden_dim": 32,
    "num_hidden_layers": 2,
    "window": 4,
    "dropout": 0.0,
}


def small(name):
    """The changes that make a preset learn a tiny text in a second or two."""
    recipe = presets.get(name)
    changes = {setting: SMALL[setting] for setting in registry.MODELS[recipe.model].takes if setting in SMALL}
    changes |= {"steps": 60, "evaluate_every": 60, "batch_size": 8, "max_new_tokens": 12, "jit_compile": False}
    if recipe.optimizer.startswith("adam"):
        changes["learning_rate"] = max(0.02, recipe.learning_rate)
    if recipe.gradient_accumulation_steps > 1:
        changes |= {"gradient_accumulation_steps": 2, "batch_size": 4}  # as many rows in an update as elsewhere
    if recipe.max_tokens is not None:
        changes["max_tokens"] = 280
    return changes


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_goes_from_a_text_to_a_file_that_writes(name, tmp_path):
    source, run = tmp_path / "tiny.txt", tmp_path / "run"
    source.write_text("\n".join(LINES) + "\n")
    model = train(source, preset=name, out=run, progress=None, **small(name))
    recipe = presets.get(name)
    texts = data.read(source, separator=recipe.separator)
    corpus = corpora.make(texts, presets.override(recipe, **small(name)), model.tokenizer)
    learned = evaluation.evaluate(model, corpus.train, layout=corpus.layout, training=corpus.train)
    assert learned.loss < 0.85 * math.log(learned.unigram_perplexity)
    loaded = load_model(run / "model.keras")
    assert loaded.generate("the ", seed=3) == model.generate("the ", seed=3) != "the "
    assert loaded.generate("", seed=4) == model.generate("", seed=4)
    assert (run / "samples.txt").read_text().startswith("--- step 60\n")


def parameters(name, vocabulary_size):
    kind = registry.MODELS[presets.get(name).model]
    return kind.build(presets.get(name), vocabulary_size=vocabulary_size).count_params()


def test_the_large_presets_have_the_sizes_that_they_name():
    tables = 68 * 384 + 256 * 384 + 68 * 384  # 65 characters, padding, unknown and end
    assert parameters("shakespeare-char", 68) - tables == pytest.approx(10.65e6, rel=1e-3)
    assert parameters("gpt", 68) == parameters("shakespeare-char", 68)
    assert parameters("shakespeare-char-small", 68) == pytest.approx(0.8e6, rel=0.03)
    assert parameters("slm", 50_258) == pytest.approx(52.8e6, rel=1e-3)


@pytest.mark.skipif(not GPT2.exists(), reason="GPT-2's vocab.json and merges.txt are not here")
def test_slm_takes_the_files_of_gpt_2():
    files = {"vocabulary_file": str(GPT2 / "vocab.json"), "merges_file": str(GPT2 / "merges.txt")}
    recipe = presets.override(presets.get("slm"), **files)
    tokenizer = corpora.make(LINES, recipe).tokenizer
    assert (tokenizer.vocabulary_size(), tokenizer.end_id, tokenizer.pad_id) == (50_258, 50_256, 50_257)


def test_files_that_are_not_there_are_refused_and_nothing_is_written(tmp_path):
    files = {"vocabulary_file": str(tmp_path / "v.json"), "merges_file": str(tmp_path / "m.txt")}
    with pytest.raises(OSError, match=r"v\.json"):
        train(LINES, preset="slm", out=tmp_path / "run", progress=None, **files)
    assert not list(tmp_path.iterdir())


def test_a_code_too_short_for_the_vocabulary_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"^`code_bits` must give each .* Received: code_bits=4"):
        train(LINES, preset="mlp", out=tmp_path / "run", progress=None, code_bits=4, context_length=8)
    with pytest.raises(ValueError, match="`window` must be a whole number from 1 to 8"):
        train(LINES, preset="mlp", out=tmp_path / "run", progress=None, window=9, context_length=8)
    assert not list(tmp_path.iterdir())
