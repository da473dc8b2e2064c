"""`tinylm export`."""

import os
import pathlib
import shutil

import pytest

import tinylm_keras as tlm
from tinylm_keras.cli import export
from tinylm_keras.interop import exporting

FIXTURE = pathlib.Path(__file__).parents[1] / "fixtures" / "format_4.keras"


def test_the_formats_of_the_command_are_those_of_the_function_and_each_says_how_it_is_used():
    assert list(export.NAMES) == list(exporting.FORMATS)
    for name, suffix in exporting.FORMATS.items():
        assert pathlib.Path(export.NAMES[name]).suffix == (suffix or "")
        assert export.usage(name, pathlib.Path("a b"))


def test_a_run_is_exported_beside_its_model_unless_out_says_otherwise(tinylm, run_folder, tmp_path):
    run_folder = shutil.copytree(run_folder, tmp_path / "run")
    told = tinylm("export", run_folder, "--to", "gguf")
    assert (told.code, (run_folder / "model.gguf").exists(), (run_folder / "Modelfile").exists()) == (0, True, True)
    assert told.out.startswith(f"Written: {run_folder / 'model.gguf'}, ")
    assert "Use it:  llama-cli -m " in told.out
    again = tinylm("export", run_folder, "--to", "gguf").refusal
    assert "`--out` must be a new file, but it exists" in again
    assert "or pass --overwrite." in again
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "own.txt").write_text("mine")
    refusal = tinylm("export", run_folder, "--to", "huggingface", "--out", tmp_path / "full").refusal
    assert refusal.startswith("`--out` must be a new folder, but it exists. Received: --out ")
    told = tinylm("export", run_folder, "--to", "huggingface", "--out", tmp_path / "out", "--language", "en")
    assert "The model card states no licence." in told.err
    card = (tmp_path / "out" / "README.md").read_text()
    assert 'language: ["en"]' in card
    assert "It learned from `stories:60`" in card
    assert "Perplexity on the part of that text that was kept for validation: " in card
    bare = tlm.load_model(tmp_path / "out" / "model.keras")
    assert not bare.compiled
    assert (tmp_path / "out" / "model.keras").stat().st_size < (run_folder / "model.keras").stat().st_size


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--to", "pickle"], "`--to` must be one of 'gguf', 'huggingface'"),
        (["--to", "gguf", "--out", "model.bin"], "Try --out model.bin.gguf."),
        (["--to", "gguf", "--license", "My Licence"], "`--license` must be the short name of a licence"),
        ([], "Missing option '--to'"),
        (["--to", "gguf", "--out", ""], "`--out` must be the path of a file. Received: --out ''. See:"),
        (["--to", "gguf", "--out", "a\0.gguf"], "`--out` must be the path of a file. Received: --out 'a\\x00.gguf'."),
        (["--to", "huggingface", "--out", "a\0"], "`--out` must be the path of a folder. Received: --out 'a\\x00'."),
        (["--to", "huggingface", "--out", "."], "`--out` must be a new folder, but it exists. Received: --out '.'."),
        (["--to", "huggingface", "--out", "/proc/no/x"], "`--out` must be a folder that can be written (No such file"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_option(tinylm, tmp_path, monkeypatch, arguments, why):
    monkeypatch.chdir(tmp_path)
    assert why in tinylm("export", FIXTURE, *arguments).refusal
    assert list(tmp_path.iterdir()) == []


def test_a_file_name_that_is_not_utf_8_is_written_and_shown_with_escapes(tinylm, tmp_path):
    name = os.fsdecode(b"caf\xe9")
    for to, path in (("huggingface", name), ("gguf", f"{name}.gguf"), ("safetensors", f"{name}.safetensors")):
        told = tinylm("export", FIXTURE, "--to", to, "--out", tmp_path / path)
        assert told.code == 0
        assert "caf\\udce9" in told.out
    assert "# caf\\udce9\n" in (tmp_path / name / "README.md").read_text("utf-8")
    assert (tmp_path / "Modelfile").read_bytes().startswith(b"FROM ./caf\xe9.gguf\n")


def test_what_to_type_is_not_followed_by_further_words(tinylm, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refusal = tinylm("export", FIXTURE, "--to", "onnx", "--out", tmp_path / "model.onnx").refusal
    assert refusal.endswith('Run: pip install "tinylm-keras[onnx]"')
