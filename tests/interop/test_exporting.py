"""`tlm.interop.export`: every way out, what is refused, and that nothing is lost or left behind."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import tinylm_keras as tlm
from tests.interop.forward import huggingface_logits, read_safetensors
from tinylm_keras.interop import exporting, gguf_out, huggingface_out, model_card, safetensors_file

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures"
IDS = np.random.default_rng(1).integers(2, 14, (2, 7)).astype("int32")
SUFFIX = {"gguf": ".gguf", "safetensors": ".safetensors", "onnx": ".onnx", "litert": ".tflite"}


def test_the_name_of_a_function_stays_a_function_when_modules_are_imported():
    assert tlm.interop.export is exporting.export
    assert callable(tlm.interop.export)
    assert "export" in dir(tlm.interop)


def test_safetensors_hold_the_weights_of_any_model_by_its_own_names(make_trained_model, tmp_path):
    model = make_trained_model(vocabulary_size=20)
    tlm.interop.export(model, tmp_path / "model.safetensors", "safetensors")
    metadata, tensors = read_safetensors(tmp_path / "model.safetensors")
    assert metadata["class"] == type(model).__name__
    again = type(model).from_config(json.loads(metadata["config"]))
    for weight in again.weights:
        if "seed" not in weight.path:
            weight.assign(tensors[weight.path.removeprefix(f"{again.name}/")])
    np.testing.assert_array_equal(again(IDS), model(IDS))


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_a_saved_model_and_a_litert_file_give_the_logits_at_any_length(small_model, tmp_path, capfd):
    model = small_model("character", norm="pre", activation="gelu")
    tlm.interop.export(model, tmp_path / "graph", "saved-model")
    done = tlm.interop.export(model, tmp_path / "model.tflite", "litert")
    assert done.bytes == (tmp_path / "model.tflite").stat().st_size
    assert capfd.readouterr() == ("", "")
    served = tf.saved_model.load(str(tmp_path / "graph"))
    for length in (1, 7):
        np.testing.assert_allclose(served.serve(IDS[:, :length]), model(IDS[:, :length]), atol=1e-5)
        runner = tf.lite.Interpreter(str(tmp_path / "model.tflite")).get_signature_runner()
        [logits] = runner(token_ids=IDS[:, :length]).values()
        np.testing.assert_allclose(logits, model(IDS[:, :length]), atol=1e-5)


@pytest.mark.parametrize("name", ["format_1", "format_2", "format_3", "format_4"])
def test_a_file_of_every_format_is_exported_with_its_bias_or_without(tmp_path, name):
    model = tlm.load_model(FIXTURES / f"{name}.keras")
    tlm.interop.export(FIXTURES / f"{name}.keras", tmp_path / "out", "huggingface")
    tlm.interop.export(FIXTURES / f"{name}.keras", tmp_path / "model.gguf", "gguf")
    ids = np.array([2, 3, 9, 4, 5], "int32")
    np.testing.assert_allclose(huggingface_logits(tmp_path / "out", ids), np.array(model(ids[None]))[0], atol=1e-5)
    again = tlm.load_model(tmp_path / "out" / "model.keras")
    np.testing.assert_array_equal(again(ids[None]), model(ids[None]))
    assert again.tokenizer.get_vocabulary() == model.tokenizer.get_vocabulary()


def test_of_a_mixture_the_network_leaves_and_the_counts_are_named(mixture, tmp_path):
    done = tlm.interop.export(mixture, tmp_path / "out", "huggingface")
    ids = IDS[0]
    np.testing.assert_allclose(
        huggingface_logits(tmp_path / "out", ids), np.array(mixture.network(ids[None]))[0], atol=1e-5
    )
    assert done.notes[0] == "The network alone is exported, without the counts."
    assert "contains the counts, and with them pieces of the text" in done.notes[1]
    assert "contains counts" in (tmp_path / "out" / "README.md").read_text()
    assert isinstance(tlm.load_model(tmp_path / "out" / "model.keras"), tlm.MixtureLM)

    done = tlm.interop.export(mixture, tmp_path / "bare", "huggingface", without_counts=True, license="mit")
    assert done.notes == ["The network alone is exported, without the counts."]
    assert "counts" not in (tmp_path / "bare" / "README.md").read_text().split("## Recipe")[0]
    network = tlm.load_model(tmp_path / "bare" / "model.keras")
    assert type(network) is tlm.MiniLM
    assert dict(network.generation_defaults) == {"temperature": 0.5}
    np.testing.assert_array_equal(network(IDS), mixture.network(IDS))
    assert mixture.network.tokenizer is None or mixture.network.tokenizer is mixture.tokenizer  # it stays as it was


def test_counts_alone_say_that_they_hold_pieces_of_the_text_or_are_refused(mixture, tmp_path):
    done = tlm.interop.export(mixture.counts, tmp_path / "counts.safetensors", "safetensors")
    assert "pieces of the text" in done.notes[0]
    with pytest.raises(ValueError, match="`without_counts` must be False for an NGramLM"):
        tlm.interop.export(mixture.counts, tmp_path / "b.safetensors", "safetensors", without_counts=True)


def test_what_exists_is_replaced_only_when_asked_and_other_files_stay(small_model, tmp_path):
    model = small_model(norm="pre")
    for to, name in (("gguf", "model.gguf"), ("huggingface", "out"), ("safetensors", "model.safetensors")):
        tlm.interop.export(model, tmp_path / name, to)
        before = snapshot(tmp_path)
        with pytest.raises(
            ValueError, match=r"`path` must be a new .*, but it exists\. Received: path=.*overwrite=True"
        ):
            tlm.interop.export(model, tmp_path / name, to)
        assert snapshot(tmp_path) == before
    (tmp_path / "out" / "own.txt").write_text("mine")
    without = small_model(None, norm="pre", vocabulary_size=30)
    tlm.interop.export(without, tmp_path / "out", "huggingface", overwrite=True)
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert found == {"own.txt", "README.md", "model.keras", *huggingface_out.FILES[:3]}  # no tokenizer of another model


def test_a_modelfile_of_somebody_else_is_not_replaced(small_model, tmp_path):
    (tmp_path / "Modelfile").write_text("FROM other")
    with pytest.raises(ValueError, match="must be in a folder without a Modelfile"):
        tlm.interop.export(small_model(norm="pre"), tmp_path / "model.gguf", "gguf")
    assert snapshot(tmp_path) == {"Modelfile": b"FROM other"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("to", ["gguf", "huggingface", "safetensors"])
def test_a_failure_leaves_what_was_there_and_nothing_else(small_model, tmp_path, monkeypatch, to, overwrite):
    model, target = small_model(norm="pre"), tmp_path / f"out{SUFFIX.get(to, '')}"
    if overwrite:
        tlm.interop.export(model, target, to)
    before = snapshot(tmp_path)

    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gguf_out.gguf_file, "write", fails)
    monkeypatch.setattr(safetensors_file, "write", fails)
    with pytest.raises(OSError, match="No space left on device"):
        tlm.interop.export(model, target, to, overwrite=overwrite)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_a_killed_export_left_is_removed_by_the_next(small_model, tmp_path, overwrite):
    out = tmp_path / "out"
    if overwrite:
        tlm.interop.export(small_model(norm="pre"), out, "huggingface")
    killed = (
        "import os, pathlib, signal, sys\n"
        "from tinylm_keras import _folders\n"
        "with _folders.claimed(sys.argv[1], True) as folder, _folders.stage(folder) as stage:\n"
        "    pathlib.Path(stage, 'model.safetensors').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", killed, out], check=False)
    assert any(path.name.startswith(".export.") for path in out.iterdir())
    tlm.interop.export(small_model(norm="pre"), out, "huggingface", overwrite=overwrite)
    assert not any(path.name.startswith(".") for path in out.iterdir())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"format": "pickle"}, "`format` must be one of 'gguf', 'huggingface'"),
        ({"path": "model.bin"}, r'`path` must end in ".gguf" for the format gguf.*Try path=.*model\.bin\.gguf'),
        ({"path": "none/model.gguf"}, "`path` must be in a folder that exists"),
        ({"license": "MIT License"}, "`license` must be the short name of a licence"),
        ({"language": "English"}, "`language` must be a language code"),
        ({"overwrite": 1}, "`overwrite` must be True or False"),
        ({"model": 5}, "`model` must be a LanguageModel, or the path"),
        ({"model": "none.keras"}, "none.keras"),
    ],
)
def test_a_wrong_argument_is_refused_in_one_line_before_anything_is_written(small_model, tmp_path, arguments, why):
    given = {"model": small_model(norm="pre"), "path": "model.gguf", "format": "gguf"} | arguments
    given["path"] = tmp_path / given["path"]
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=why) as caught:
        tlm.interop.export(**given)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named_with_the_line_to_type(small_model, tmp_path, monkeypatch):
    find = exporting.keras_export.importlib.util.find_spec
    monkeypatch.setattr(
        exporting.keras_export.importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find(name)
    )
    with pytest.raises(ImportError, match=r'needs the package tf2onnx.*Run: pip install "tinylm-keras\[onnx\]"'):
        tlm.interop.export(small_model(norm="pre"), tmp_path / "model.onnx", "onnx")


def test_the_card_says_what_is_known_and_names_no_folder(small_model, tmp_path):
    from tinylm_keras.training import run_record

    model = small_model(norm="pre")
    record = run_record.parse(
        {
            "source": "/home/anna/private/poems.txt + stories",
            "recipe": {
                "preset": "stories",
                "steps": 5,
                "vocabulary_file": "/home/anna/a.json",
                "merges_file": "/home/anna/b",
            },
            "corpus": {"characters": 1234},
            "result": {"best_val_loss": 1.0},
        }
    )
    text = model_card.text(model, "tiny", record, "mit", ["en", "pt-BR"])
    head = text.split("---")[1]
    assert 'license: "mit"\nlanguage: ["en", "pt-BR"]\nlibrary_name: "transformers"' in head
    assert '"type": "perplexity", "value": 2.718' in head
    assert "It learned from `poems.txt + stories`, 1,234 characters." in text
    assert "anna" not in text
    assert '"steps": 5' in text
    assert "No licence was stated." in model_card.text(model, "tiny")


def snapshot(folder):
    """The files in a folder and what they contain."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_folders_of_the_user_are_not_replaced(small_model, tmp_path):
    for name in ("assets", "variables"):
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"must be a folder without a folder (assets|variables), which would be"):
        tlm.interop.export(small_model("character"), tmp_path / "site", "saved-model", overwrite=True)
    kept = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert kept == ["site/assets/mine.txt", "site/variables/mine.txt"]


def test_a_model_is_not_exported_over_itself(small_model, tmp_path):
    small_model("character", norm="pre").save(tmp_path / "model.keras")
    before = (tmp_path / "model.keras").read_bytes()
    for source in (tmp_path, tmp_path / "model.keras"):
        with pytest.raises(ValueError, match="must be another folder than that of the model"):
            tlm.interop.export(source, tmp_path, "huggingface", overwrite=True)
    assert (tmp_path / "model.keras").read_bytes() == before
