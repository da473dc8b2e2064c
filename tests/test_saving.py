"""Law 7: one file holds everything, and a new process that imports only tinylm_keras continues from it."""

import itertools
import json
import os
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

import tinylm_keras as tlm
from tinylm_keras.data import lines
from tinylm_keras.models import MiniLM
from tinylm_keras.tokenizers import CharacterTokenizer, Tokenizer, WhitespaceTokenizer

CHILD = """
import json, sys
import keras
import numpy as np
import tinylm_keras as tlm
by_keras = keras.saving.load_model(sys.argv[2])  # before anything else of the package is touched
results = {"by Keras": [type(by_keras).__name__, by_keras.tokenizer.fingerprint()]}
texts = json.loads(sys.argv[1])
for path in sys.argv[2:]:
    model = tlm.load_model(path)
    tokenizer = model.tokenizer
    model.save(path + ".again.keras")
    assert tlm.load_model(path + ".again.keras").tokenizer.fingerprint() == tokenizer.fingerprint()
    data = tlm.data.lines(texts, tokenizer, context_length=12, batch_size=3, seed=5)
    results[path] = {
        "vocabulary": tokenizer.get_vocabulary(),
        "fingerprint": tokenizer.fingerprint(),
        "ids": [ids.tolist() for ids in tokenizer.tokenize(texts)],
        "texts": tokenizer.detokenize(tokenizer.tokenize(texts)),
        "logits": np.array(model(np.array([[2, 3, 4, 5]], "int32"))).tolist(),
        "text": model.generate("the cat", max_new_tokens=20, seed=3),
        "defaults": model.generation_defaults,
        "first": model.first_tokens,
        "loss": model.fit(data, epochs=2, verbose=0).history["loss"] if model.trainable_weights else None,
    }
print(json.dumps(results))
"""

STRANGE = ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "🙂"]

# The file must not depend on the locale: the new process has one that is ASCII alone.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def with_strange_tokens(tokenizer):
    """The tokenizer with tokens that Keras's own file of a vocabulary would lose or split."""
    config = tokenizer.get_config()
    if "merges" not in config:  # every byte is in a byte-pair vocabulary
        longer = [] if isinstance(tokenizer, CharacterTokenizer) else ["a\nb"]
        config["vocabulary"] = list(dict.fromkeys([*config["vocabulary"], *STRANGE, *longer]))
    return type(tokenizer).from_config(config)


def trained_and_saved(model, texts, path):
    """Train a step, save, and return what the model gives from there on."""
    tokenizer = model.tokenizer
    model.generation_defaults = {"temperature": 0.7, "stop": ["tree tree"]}
    data = lines(texts, tokenizer, context_length=12, batch_size=3, seed=5)
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.2), jit_compile=False)
    if model.trainable_weights:  # not those that are counted
        model.fit(data, epochs=1, verbose=0)
    model.save(path)
    return {
        "vocabulary": tokenizer.get_vocabulary(),
        "fingerprint": tokenizer.fingerprint(),
        "ids": [ids.tolist() for ids in tokenizer.tokenize(texts)],
        "texts": tokenizer.detokenize(tokenizer.tokenize(texts)),
        "logits": np.array(model(np.array([[2, 3, 4, 5]], "int32"))).tolist(),
        "text": model.generate("the cat", max_new_tokens=20, seed=3),
        "defaults": {"temperature": 0.7, "stop": ["tree tree"]},
        "first": [list(pair) for pair in model.first_tokens],
        "loss": model.fit(data, epochs=2, verbose=0).history["loss"] if model.trainable_weights else None,
    }


@pytest.fixture(scope="module")
def saved(every_model, one_of_each_tokenizer, texts, tmp_path_factory):
    """What each model gives after it was saved, and what another process makes of all the files: two dicts by path.

    The models take the tokenizers in turn, so that each of both is saved at least once.
    """
    folder = tmp_path_factory.mktemp("saved")
    texts = [*texts, "the [UNK] sat", *(f"the cat{strange}the dog {strange} a" for strange in STRANGE)]
    expected = {}
    tokenizers = {name: with_strange_tokens(tokenizer) for name, tokenizer in one_of_each_tokenizer.items()}
    assert len(every_model) >= len(tokenizers)
    for (name, make), (kind, tokenizer) in zip(every_model.items(), itertools.cycle(tokenizers.items())):
        path = folder / f"{name} {kind}.keras"
        expected[str(path)] = trained_and_saved(make(tokenizer=tokenizer, dropout=0.0), texts, path)
    command = [sys.executable, "-c", CHILD, json.dumps(texts), *expected]
    child = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | ASCII)
    return expected, json.loads(child.stdout.splitlines()[-1])


def test_a_new_process_has_the_same_vocabulary_logits_text_and_training(saved, every_model):
    expected, found = saved
    assert len(expected) == len(every_model)
    for path, results in expected.items():
        assert found[path] == results, path


def test_a_new_process_has_every_tokenizer_with_all_its_tokens(saved, one_of_each_tokenizer):
    _, found = saved
    for name, tokenizer in one_of_each_tokenizer.items():
        [one, *_] = [results for path, results in found.items() if path.endswith(f" {name}.keras")]
        assert one["vocabulary"] == with_strange_tokens(tokenizer).get_vocabulary()


def test_keras_itself_loads_the_file_once_the_package_was_imported(saved):
    expected, found = saved
    assert found["by Keras"] == ["MiniLM", next(iter(expected.values()))["fingerprint"]]


def test_the_file_holds_no_assets_and_xla_stays_on(tiny_lm, tmp_path):
    tiny_lm.compile()
    assert tiny_lm.jit_compile is True
    layers = list(tiny_lm._flatten_layers())
    assert len(layers) > 3
    assert not [layer for layer in layers if isinstance(layer, (Tokenizer, keras.layers.TextVectorization))]
    tiny_lm.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert sorted(archive.namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
    loaded = tlm.load_model(tmp_path / "model.keras")
    assert loaded.jit_compile is True
    assert loaded.tokenizer.get_vocabulary() == tiny_lm.tokenizer.get_vocabulary()


def test_weight_decay_leaves_out_biases_norms_and_embeddings_also_after_loading(make_model, texts, tmp_path):
    tokenizer = WhitespaceTokenizer().adapt(texts)
    model = make_model(tokenizer=tokenizer)
    model.compile(keras.optimizers.AdamW(0.0, weight_decay=0.5), jit_compile=False)
    model.save(tmp_path / "model.keras")
    for candidate in (model, tlm.load_model(tmp_path / "model.keras")):
        decayed = {
            v.path.split("/", 1)[1] for v in candidate.trainable_variables if candidate.optimizer._use_weight_decay(v)
        }
        kernels = {path for path in (v.path.split("/", 1)[1] for v in model.trainable_variables) if "/kernel" in path}
        assert decayed == kernels  # none in a bigram model, which is one table
        counts = {"MiniLM": 4 * 2 + 1, "RotaryLM": 4 * 2 + 1, "AverageLM": 3, "BigramLM": 0, "MLPLM": 4, "NGramLM": 0}
        counts["MixtureLM"] = counts["RotaryLM"]
        assert len(decayed) == counts[type(model).__name__]


def test_a_failing_save_leaves_the_old_file_and_no_other(mini_lm, tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    mini_lm.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(MiniLM, "get_config", lambda self: {"bad": object()})
    with pytest.raises(Exception, match=r".+"):
        mini_lm.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]


def test_saving_where_it_cannot_be_is_refused(mini_lm, tmp_path):
    with pytest.raises(ValueError, match=r'`filepath` must end in "\.keras".*Try .*model\.keras'):
        mini_lm.save(tmp_path / "model.h5")
    with pytest.raises(FileNotFoundError, match=r"The folder .* does not exist"):
        mini_lm.save(tmp_path / "nowhere" / "model.keras")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(IsADirectoryError, match=r"is a folder. Choose another name"):
        mini_lm.save(tmp_path / "folder.keras")
    (tmp_path / "there.keras").write_text("kept")
    with pytest.raises(FileExistsError, match=r"there\.keras exists"):
        mini_lm.save(tmp_path / "there.keras", overwrite=False)
    assert (tmp_path / "there.keras").read_text() == "kept"


def test_files_that_are_no_model_are_refused_saying_why(mini_lm, tmp_path):
    path = tmp_path / "model.keras"

    def refused(match, error=ValueError):
        with pytest.raises(error, match=match) as caught:
            tlm.load_model(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)

    refused("does not exist", FileNotFoundError)
    path.touch()
    refused("is empty")
    path.write_text("hello")
    refused("not a complete zip archive")
    mini_lm.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused("not a complete zip archive")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused("not a tinylm_keras model: it must hold")
    path.unlink()
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    refused("is not a tinylm_keras model: it holds 'Sequential'")
    path.unlink()
    path.mkdir()
    refused("is a folder")


def test_a_damaged_member_is_refused(mini_lm, tmp_path):
    path = tmp_path / "model.keras"
    mini_lm.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def rewrite(**changes):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in {**members, **changes}.items():
                archive.writestr(name, content)

    rewrite(**{"config.json": b"{not json"})
    with pytest.raises(ValueError, match=r"is damaged: its config.json cannot be read"):
        tlm.load_model(path)
    rewrite(**{"model.weights.h5": members["model.weights.h5"][:2000]})
    with pytest.raises(ValueError, match=r"is damaged: its model.weights.h5 cannot be read"):
        tlm.load_model(path)
    with pytest.raises(ValueError, match=r"cannot be loaded: .+"):
        tlm.load_model(path, trusted=True)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_the_precision_of_a_model_survives(make_model, policy, tmp_path):
    model = make_model(vocabulary_size=20, dtype=policy)
    model.save(tmp_path / "model.keras")
    loaded = tlm.load_model(tmp_path / "model.keras")
    ids = np.array([[2, 3, 4]], "int32")
    assert loaded.dtype_policy.name == policy
    assert np.array_equal(np.array(loaded(ids)), np.array(model(ids)))


def test_weights_that_are_not_finite_are_refused_at_load(make_model, tmp_path):
    model = make_model(vocabulary_size=20)
    for weights in filter(None, (model.trainable_weights, model.non_trainable_weights)):
        weight = weights[-1]
        kept = np.array(weight)
        weight.assign(np.full(weight.shape, np.nan))
        model.save(tmp_path / "model.keras")
        refusal = rf"model\.keras holds weights that are not finite \({weight.path}\)"
        with pytest.raises(ValueError, match=refusal):
            tlm.load_model(tmp_path / "model.keras")
        weight.assign(kept)
