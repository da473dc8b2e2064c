"""`tinylm compare` compares baselines; `tinylm plot` draws several runs."""

import json
import shutil

import pytest

import tinylm_keras as tlm
from tinylm_keras import stories
from tinylm_keras.cli.plot import shortest_names

NAMES = ("unigram", "average", "bigram counts", "bigram", "mlp", "n-gram counts", "minilm")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def test_one_command_makes_the_table_the_picture_and_runs_that_write(tinylm, tmp_path):
    (tmp_path / "few.txt").write_text("\n".join(stories.write(20)), encoding="utf-8")
    settings = ["--steps", "2", "--context-length", "8", "--jit-compile", "no"]
    shown = tinylm("compare", "few.txt", *settings)
    assert shown.code == 0
    folder = tmp_path / "runs" / "few-compare"
    results = json.loads((folder / "compare.json").read_text())["results"]
    lines = {line.split("  ")[0]: line for line in shown.out.splitlines()}
    for result in results:
        assert f"{result['bits_per_character']:.3f}" in lines[result["name"]]
        assert f"{result['name']}: {result['line']}" in " ".join(shown.out.split())
    assert tuple(result["name"] for result in results) == NAMES
    assert "Generate text:  tinylm generate runs/few-compare/minilm" in shown.err
    written = tinylm("generate", folder / "mlp", "Once", "--seed", "1", "--max-new-tokens", "4")
    assert written.code == 0 and written.out.startswith("Once") and len(written.out) == len("Once") + 4 + 1
    again = tinylm("compare", "few.txt", *settings, "--out", folder)
    assert again.refusal.startswith("`--out` must be a new folder, but it exists.")

    shown = tinylm("plot", folder / "mlp", folder / "bigram")
    assert (shown.code, shown.out, shown.err) == (0, "", "Wrote runs.png\n")
    assert (tmp_path / "runs.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["no.txt"], "`source` must be a file, a folder or a pattern that exists. Received: source='no.txt'."),
        (["--steps", "0"], "`--steps` must be a whole number from 1 to 1,000,000,000. Received: --steps 0."),
        (["--validation", "0"], "`--validation` must leave text for validation. Received: --validation 0.0."),
        (["--num-heads", "4"], "No such option"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(tinylm, tmp_path, arguments, line):
    (tmp_path / "few.txt").write_text("\n".join(stories.write(5)), encoding="utf-8")
    source = [] if arguments[0] == "no.txt" else ["few.txt"]
    assert tinylm("compare", *source, *arguments).refusal.startswith(line)
    assert [path.name for path in tmp_path.iterdir()] == ["few.txt"]


@pytest.fixture
def another(run_folder, tmp_path):
    """A copy of the tiny run; call it with changes of its record, and with columns that its history shall lack."""

    def copy(name, recipe=(), corpus=(), without=()):
        folder = tmp_path / name
        shutil.copytree(run_folder, folder)
        record = json.loads((folder / "recipe.json").read_text())
        record["recipe"] |= dict(recipe)
        record["corpus"] |= dict(corpus)
        (folder / "recipe.json").write_text(json.dumps(record))
        header, *rows = [line.split(",") for line in (folder / "history.csv").read_text().splitlines()]
        kept = [place for place, column in enumerate(header) if not column.startswith(tuple(without) or ("?",))]
        lines = [",".join(row[place] for place in kept) for row in (header, *rows)]
        (folder / "history.csv").write_text("\n".join(lines) + "\n")
        return folder

    return copy


@pytest.fixture
def drawn(monkeypatch):
    """What `tinylm plot` draws: the names of the runs and the value."""
    from tinylm_keras import plots

    made, draw = [], plots.draw_runs
    monkeypatch.setattr(plots, "draw_runs", lambda runs, value: made.append((list(runs), value)) or draw(runs, value))
    return made


def test_runs_with_one_tokenizer_are_compared_by_loss_and_others_by_bits_per_character(tinylm, another, drawn):
    one, same, other = another("one"), another("same"), another("other", recipe={"tokenizer": "character"})
    assert tinylm("plot", one, same, "--out", "a.png").code == 0
    assert tinylm("plot", one, other, "--out", "b.png").code == 0
    assert drawn == [(["one", "same"], "val_loss"), (["one", "other"], "val_bits_per_character")]


def test_a_run_without_validation_is_compared_by_its_training_loss_or_not_at_all(tinylm, another, drawn, tmp_path):
    one, without = another("one"), another("without", without=["val_"])
    shown = tinylm("plot", one, without)
    assert shown.code == 0 and f"No validation loss in {without}: the training losses" in shown.err
    assert drawn == [(["one", "without"], "loss")]
    other = another("other", recipe={"tokenizer": "character"}, without=["val_"])
    refusal = tinylm("plot", one, other, "--out", "b.png").refusal
    assert refusal.startswith(
        "`run` must have a validation loss, because the tokenizers of these runs differ. Received"
    )
    assert not (tmp_path / "b.png").exists()


def test_runs_on_different_texts_are_drawn_with_a_word_of_warning(tinylm, another, drawn):
    shown = tinylm("plot", another("one"), another("two", corpus={"sha256": "x"}))
    assert shown.code == 0 and len(drawn) == 1
    assert shown.err.startswith("These runs were trained on different texts")


def test_token_files_of_one_text_in_two_tokenizers_are_one_text_compared_in_bits_per_character(tinylm, another, drawn):
    token_files = {"token_files": "folder", "sources": ["a.txt", "b.txt"], "texts": 7}
    one = another("one", corpus={**token_files, "sha256": "x", "tokenizer_sha256": "1"})
    two = another("two", corpus={**token_files, "sha256": "y", "tokenizer_sha256": "2"})
    assert "different texts" not in tinylm("plot", one, two).err
    assert drawn == [(["one", "two"], "val_bits_per_character")]
    other = another("other", corpus={**token_files, "sources": ["c.txt"], "sha256": "z", "tokenizer_sha256": "1"})
    assert "different texts" in tinylm("plot", one, other, "--out", "other.png").err


def test_one_run_alone_and_the_same_run_twice_make_its_own_picture(tinylm, another, drawn, tmp_path):
    one = another("one")
    assert tinylm("plot", one, one, "--out", "a.png").code == 0
    assert not drawn and (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_an_infinite_or_empty_cell_is_left_out_and_a_missing_column_is_refused(tinylm, another, drawn, tmp_path):
    one, holes, short = another("one"), another("holes"), another("short", without=["loss"])
    header, row = (holes / "history.csv").read_text().splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    empty = ",".join("" if name.startswith("val_") else cell for name, cell in cells.items())
    infinite = ",".join("inf" if "loss" in name else cell for name, cell in cells.items())
    (holes / "history.csv").write_text("\n".join([header, row, empty, infinite]) + "\n")
    assert tinylm("plot", one, holes, "--out", "a.png").code == 0
    assert tinylm("plot", holes, "--out", "b.png").code == 0
    assert drawn == [(["one", "holes"], "val_loss")]
    assert "its history has no column `loss`" in tinylm("plot", one, short, "--out", "c.png").refusal
    assert not (tmp_path / "c.png").exists()


def test_a_folder_that_is_no_run_is_refused(tinylm, another, tmp_path):
    (tmp_path / "empty").mkdir()
    broken = another("broken")
    (broken / "history.csv").write_text("step,loss\nx,y\n")
    for folder in (tmp_path / "empty", tmp_path / "none", broken):
        refusal = tinylm("plot", another("good" + folder.name), folder).refusal
        assert refusal.startswith("`run` must be the folder of a run, with recipe.json and history.csv (")
        assert f"Received: run='{folder}'." in refusal
    assert not (tmp_path / "runs.png").exists()


def test_an_existing_picture_is_kept_unless_told(tinylm, another, tmp_path):
    (tmp_path / "runs.png").write_text("mine")
    assert tinylm("plot", another("one")).refusal.startswith("`--out` must be a new file, but it exists.")
    assert (tmp_path / "runs.png").read_text() == "mine"
    assert tinylm("plot", tmp_path / "one", "--overwrite").code == 0


def test_names_are_as_short_as_they_can_be():
    assert shortest_names(["runs/a", "other/b"]) == ["a", "b"]
    assert shortest_names(["runs/a", "other/a"]) == ["runs/a", "other/a"]


@pytest.mark.parametrize("setting", [{"model": "mlp"}, {"embed_dim": 8}, {"num_blocks": 1}, {"window": 3}])
def test_what_each_model_has_of_its_own_is_refused_in_python_too(setting):
    [name] = setting
    with pytest.raises(ValueError, match=f"^`{name}` must be left out: each model of the comparison has its own"):
        tlm.compare("stories:40", progress=None, **setting)
