"""`tinylm info`: what a model file holds."""

import json
import shutil

import tinylm_keras as tlm


def test_json_is_the_description_of_the_model(tinylm, run_folder):
    described = json.loads(tinylm("info", run_folder, "--json").out)
    model = tlm.load_model(run_folder / "model.keras")
    assert described["class"] == "MiniLM"
    assert described["sizes"]["embed_dim"] == 8
    assert described["parameters"]["total"] == model.count_params()
    assert described["tokenizer"]["vocabulary_size"] == model.tokenizer.vocabulary_size()
    assert described["generation_defaults"] == {"temperature": 0.8, "max_new_tokens": 6}
    assert described["bytes"] == (run_folder / "model.keras").stat().st_size
    assert described["recipe"]["source"] == "stories:60"


def test_the_table_says_the_same(tinylm, run_folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = " ".join(tinylm("info", run_folder / "model.keras").out.split())
    assert "class MiniLM vocabulary_size" in shown
    assert "WhitespaceTokenizer" in shown
    assert "end token <end>" in shown
    assert "first tokens '' '[UNK]'" in shown
    assert "generates with temperature 0.8, max_new_tokens 6" in shown
    assert "recipe preset stories, steps 2, batch_size 64; trained on stories:60" in shown


def test_every_kind_of_model_is_shown(tinylm, model, tmp_path):
    model.save(tmp_path / "model.keras")
    ended = tinylm("info", tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert type(model).__name__ in ended.out
    assert f"{model.count_params():,}" in ended.out


def test_a_recipe_that_cannot_be_read_is_not_called_missing(tinylm, run_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copy(run_folder / "model.keras", tmp_path)
    tmp_path.joinpath("recipe.json").write_text('{"recipe": {"encoding": 5}}')
    shown = tinylm("info", tmp_path)
    assert (shown.code, shown.err) == (0, "")
    assert "cannot be read: `encoding` must be a string. Received: encoding=5." in " ".join(shown.out.split())
    assert json.loads(tinylm("info", tmp_path, "--json").out)["recipe_problem"].startswith("`encoding` must be")


def test_a_model_without_a_recipe_says_so(tinylm, run_folder, tmp_path):
    shutil.copy(run_folder / "model.keras", tmp_path)
    assert "none beside the file" in tinylm("info", tmp_path).out
    assert json.loads(tinylm("info", tmp_path, "--json").out)["recipe"] is None


def test_a_missing_model_is_refused_in_one_line(tinylm):
    assert tinylm("info", "no.keras").refusal == (
        "`model` must be a .keras file that exists. Received: model='no.keras'. Train a model with: tinylm train"
    )
