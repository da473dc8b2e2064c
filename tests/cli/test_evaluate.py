"""`tinylm evaluate`: text kept from training, text given, and stories."""

import json
import math
import shutil

import pytest

import tinylm_keras as tlm
from tinylm_keras import evaluation


@pytest.fixture
def evaluated(tinylm):
    """Call with --json and return what it found."""

    def call(*arguments):
        ended = tinylm("evaluate", *arguments, "--json")
        assert (ended.code, ended.err) == (0, "")
        return json.loads(ended.out)

    return call


def test_without_a_source_the_part_kept_from_training_is_evaluated(evaluated, run_folder):
    found = evaluated(run_folder, "--stories", 4)
    recipe = json.loads((run_folder / "recipe.json").read_text())["recipe"]
    train, validation = tlm.data.split(tlm.data.stories.write(60), recipe["validation"], recipe["seed"])
    model = tlm.load_model(run_folder / "model.keras")
    expected = evaluation.evaluate(model, validation, layout="padded", training=train)
    assert found["text"]["of"] == "the held-out part of stories:60"
    assert found["text"]["texts"] == len(validation) == 6
    assert found["text"]["perplexity"] == pytest.approx(expected.perplexity, rel=1e-5)
    assert found["text"]["unigram_perplexity"] == pytest.approx(expected.unigram_perplexity)
    assert found["text"]["unigram_of"] == "training text"
    assert found["stories"]["count"] == 4
    history = (run_folder / "history.csv").read_text().splitlines()
    values = dict(zip(history[0].split(","), history[-1].split(","), strict=True))
    assert found["text"]["loss"] == pytest.approx(float(values["val_loss"]), rel=1e-4)


def test_a_source_is_evaluated_in_the_layout_of_training_unless_told(evaluated, run_folder, tmp_path):
    source = tmp_path / "my.txt"
    source.write_text("Tom had a zyx.\nMia went to the park.\n")
    found = evaluated(run_folder, source, "--stories", 0)
    assert found["stories"] is None
    assert found["text"]["of"] == str(source)
    assert (found["text"]["layout"], found["text"]["texts"]) == ("padded", 2)
    assert found["text"]["unknown"] >= 1
    assert found["text"]["unigram_of"] == "training text"
    assert evaluated(run_folder, source, "--stories", 0, "--layout", "packed")["text"]["layout"] == "packed"
    assert evaluated(run_folder, source, "--stories", 0, "--separator", "none")["text"]["texts"] == 1


def test_the_perplexity_with_rounded_weights_stands_beside_the_other(tinylm, evaluated, run_folder):
    found = evaluated(run_folder, "--stories", 0, "--quantize", "int8")
    exact, rounded = found["text"]["perplexity"], found["quantized"]
    assert rounded["kind"] == "int8"
    assert exact != rounded["perplexity"] == pytest.approx(exact, rel=0.01)
    assert rounded["higher_by"] == pytest.approx(rounded["perplexity"] / exact - 1)
    assert evaluated(run_folder, "--stories", 0)["quantized"] is None
    shown = tinylm("evaluate", run_folder, "--stories", 0, "--quantize", "bfloat16").out
    assert "bfloat16 weights" in shown and "%)" in shown
    refusal = tinylm("evaluate", run_folder, "--quantize", "int4").refusal
    assert refusal.startswith(
        "`--quantize` must be one of 'bfloat16', 'int8', or None. Received: --quantize int4. See: "
    )


def test_the_tables_show_loss_shares_faults_and_an_example(tinylm, run_folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = tinylm("evaluate", run_folder, "--stories", 4)
    assert shown.code == 0
    for part in ("nats per token", "perplexity", "unigram", "bits per character", "unknown words"):
        assert part in shown.out
    assert "4 stories that it wrote, from 4 seeds at temperature 0.8:" in shown.out
    assert "consistent  0.0%" in shown.out
    assert "new         100.0%" in shown.out
    assert "faults      " in shown.out
    assert "An inconsistent story:" in shown.out


def test_a_text_that_changed_since_training_is_not_taken_for_the_old_one(tinylm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = tmp_path / "my.txt"
    text.write_text("the cat sat\nthe dog ran\nthe bird sang\n")
    assert tinylm("train", "my.txt", "--preset", "tinylm", "--epochs", 1, "--out", "run").code == 0
    shown = tinylm("evaluate", "run")
    assert "all of my.txt, which it was trained on: 3 texts" in " ".join(shown.out.split())
    assert "stories" not in shown.out
    text.write_text("the cat sat\nthe dog ran\nthe bird flew\n")
    assert tinylm("evaluate", "run").refusal == (
        "`source` must be given, because my.txt is no longer the text of the run. "
        "Pass a text file to evaluate the model on."
    )
    text.unlink()
    assert "cannot be read again (my.txt)" in tinylm("evaluate", "run").refusal
    assert tinylm("evaluate", "run", "run/samples.txt").code == 0


def test_a_model_without_a_recipe_needs_a_source_and_says_that_new_is_unknown(tinylm, run_folder, tmp_path):
    shutil.copy(run_folder / "model.keras", tmp_path)
    assert tinylm("evaluate", tmp_path).refusal.startswith(
        "`source` must be given, because the training text of the model is unknown: there is no recipe.json beside"
    )
    (tmp_path / "my.txt").write_text("Tom had a ball.\n")
    shown = tinylm("evaluate", tmp_path, tmp_path / "my.txt", "--stories", 1)
    assert (
        "new         unknown, because the training text of the model is unknown: there is no recipe.json" in shown.out
    )
    (tmp_path / "recipe.json").write_text('{"recipe": {"unheard_of": 1}}')
    assert "the recipe.json beside its file cannot be read" in tinylm("evaluate", tmp_path).refusal


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--stories", "-1"], "`--stories` must be a whole number from 0 to 100,000. Received: --stories -1."),
        (["--layout", "rows"], "`--layout` must be one of 'auto', 'padded', 'packed'. Received: --layout rows."),
        (["no.txt"], "`source` must be a file, a folder or a pattern that exists. Received: source='no.txt'."),
    ],
)
def test_bad_input_is_refused_in_one_line(tinylm, run_folder, arguments, line):
    assert tinylm("evaluate", run_folder, *arguments).refusal.startswith(line)


def test_perplexity_in_the_table_is_the_exponential_of_the_loss(evaluated, run_folder):
    text = evaluated(run_folder, "--stories", 0)["text"]
    assert text["perplexity"] == pytest.approx(math.exp(text["loss"]), rel=1e-4)
