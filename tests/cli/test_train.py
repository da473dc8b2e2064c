"""`tinylm train`: the run folder, what reaches `tinylm_keras.train`, and refusals that write nothing."""

import json

import pytest

import tinylm_keras
from tinylm_keras.cli.train import free_folder

FILES = {"model.keras", "last.keras", "recipe.json", "history.csv", "loss.png", "samples.txt"}


@pytest.fixture
def calls(monkeypatch):
    """What `tinylm_keras.train` is called with, in place of training."""
    made = []
    monkeypatch.setitem(vars(tinylm_keras), "train", lambda *arguments, **settings: made.append((arguments, settings)))
    return made


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_run_leaves_its_files_and_its_settings(run_folder):
    assert {file.name for file in run_folder.iterdir()} == FILES
    record = json.loads((run_folder / "recipe.json").read_text())
    assert record["source"] == "stories:60"
    assert (record["recipe"]["steps"], record["recipe"]["embed_dim"], record["recipe"]["end_token"]) == (2, 8, "<end>")


def test_without_a_source_the_built_in_stories_are_used_and_the_folder_is_new(tinylm, calls, tmp_path):
    tinylm("train")
    (tmp_path / "runs" / "stories").mkdir(parents=True)
    tinylm("train")
    tinylm("train", "--preset", "tinylm")
    assert [(call[0], call[1]["out"]) for call in calls] == [
        (("stories",), "runs/stories"),
        (("stories",), "runs/stories-2"),
        (("stories",), "runs/stories-tinylm"),
    ]


def test_options_become_settings_and_nothing_else_is_set(tinylm, calls):
    ended = tinylm(
        "train", "--steps", "1_000", "--max-tokens", "none", "--separator", r"\n", "--jit-compile", "no", "--out", "x"
    )
    assert ended.code == 0
    assert calls == [
        (
            ("stories",),
            {"preset": None, "out": "x", "init": None, "recipe": None, "overwrite": False, "name": "stories"}
            | {"steps": 1000, "max_tokens": None, "separator": "\n", "jit_compile": False},
        )
    ]


def test_several_sources_are_joined_in_their_order(tinylm, calls, tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.txt").write_text("three\n")
    tinylm("train", "b.txt", "a.txt")
    [documents] = calls[0][0]
    assert list(documents.texts()) == ["three", "one", "two"]
    assert documents.locations == [str(tmp_path / "b.txt"), str(tmp_path / "a.txt")]
    assert (calls[0][1]["name"], calls[0][1]["out"]) == ("b.txt + a.txt", "runs/b")


def test_a_run_folder_can_be_the_model_to_go_on_from(tinylm, calls, run_folder):
    tinylm("train", "--init", run_folder)
    assert calls[0][1]["init"] == run_folder / "model.keras"


def test_resume_takes_everything_from_the_run_and_a_finished_one_is_left_alone(tinylm, run_folder):
    before = {path.name: path.read_bytes() for path in run_folder.iterdir()}
    ended = tinylm("train", "--resume", run_folder)
    assert ended.code == 0
    assert "is finished: all 2 steps are done" in ended.out
    assert {path.name: path.read_bytes() for path in run_folder.iterdir()} == before
    refusal = tinylm("train", "--resume", run_folder, "--batch-size", "3").refusal
    assert refusal.startswith("`--batch-size` must be the value of the run, 64. Received: --batch-size 3.")


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("books/my.book.txt", "runs/my-stories"),
        ("books/", "runs/books-stories"),
        ("tfds:tiny_shakespeare", "runs/tiny_shakespeare-stories"),
        ("books/*.txt", "runs/text-stories"),
        ("stories:500", "runs/500-stories"),
    ],
)
def test_the_folder_is_named_after_the_source(source, folder):
    assert free_folder(source, "stories") == folder


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["no.txt"], "`source` must be a file, a folder or a pattern that exists. Received: source='no.txt'."),
        (
            ["--preset", "big"],
            "`--preset` must be one of 'auto', 'stories', 'tinylm', 'bigram', 'attention-average', ",
        ),
        (
            ["--tokenizer", "bpe"],
            "`--tokenizer` must be one of 'whitespace', 'word-punct', 'character', 'byte-pair'. Re",
        ),
        (
            ["--preset", "bigram", "--num-heads", "4"],
            "`--num-heads` belongs to the model 'minilm' or 'rotary', and this model is 'bigram'. Received: --num",
        ),
        (["--warm-up", "5"], "`--warm-up` is now `--warmup-steps`. See: tinylm train --help"),
        (["--accumulate=5"], "`--accumulate` is now `--gradient-accumulation-steps`. See: tinylm train --help"),
        (
            ["--layout", "lines"],
            "`--layout` must be one of 'auto', 'padded', 'packed'. Received: --layout lines. 'lines' is",
        ),
        (
            ["--gradient-accumulation-steps", "0"],
            "`--gradient-accumulation-steps` must be a whole number from 1 to 1,000,000. Received: "
            "--gradient-accumulation-steps 0.",
        ),
        (
            ["--evaluation-batches", "0"],
            "`--evaluation-batches` must be a whole number from 1 to 1,000,000,000. Receive",
        ),
        (
            ["--steps", "2", "--epochs", "2"],
            "`--steps` or `--epochs` or `--minutes` must be given, and only one of them (--epochs 2",
        ),
        (["--steps", "x"], "`--steps` must be a whole number from 1 to 1,000,000,000. Received: --steps x."),
        (["--steps", "0"], "`--steps` must be a whole number from 1 to 1,000,000,000. Received: --steps 0."),
        (
            ["--num-heads", "5"],
            "`--num-heads` must divide `--embed-dim`. Received: --embed-dim 64, --num-heads 5. Try --num-heads 4. See",
        ),
        (["--init", "no.keras"], "`--init` must be a .keras file that exists. Received: --init no.keras."),
        (
            ["blank.txt"],
            "`source` must hold text, but there is only white space or nothing. Received: source='blank.txt'.",
        ),
        (
            ["empty.txt"],
            "`source` must hold text, but there is only white space or nothing. Received: source='empty.txt'.",
        ),
        (
            ["latin.txt"],
            "`source` must be utf-8 text, but the byte 0xe9 at offset 3, in line 1, is not. Received: source='latin",
        ),
        (["--out", "blank.txt"], "`--out` must be a folder, but it is a file. Received: --out blank.txt."),
        (
            ["--out", "there"],
            "`--out` must be a new folder, but it exists. Received: --out there. Choose another name, or pass --over",
        ),
        (["--out", "blank.txt/x"], "`--out` must be a folder that can be written"),
        (
            ["short.txt", "--preset", "stories", "--layout", "packed", "--validation", "0"],
            "The text must have at least 97 tokens in the packed layout",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line_and_nothing_is_written(tinylm, tmp_path, arguments, line):
    (tmp_path / "empty.txt").touch()
    (tmp_path / "blank.txt").write_text(" \n\n")
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    (tmp_path / "short.txt").write_text("only a few words\n")
    (tmp_path / "there").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert tinylm("train", *arguments).refusal.startswith(line)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_split_without_text_on_a_side_names_the_option(tinylm, tmp_path):
    (tmp_path / "a.txt").write_text("a b\na b\n")
    for command in (["train"], ["prepare"]):
        refusal = tinylm(*command, "a.txt", "--separator", r"\n", "--validation", "0.5", "--out", "x").refusal
        assert refusal.startswith("`--validation` must leave text in both parts")
    assert not (tmp_path / "x").exists()


def test_the_lines_at_the_end_are_whole_and_can_be_pasted_whatever_the_folder_is_called(tinylm, calls, tmp_path):
    last = tinylm("train", "--out", "my runs").err.splitlines()[-2:]
    assert last == ["Generate text:  tinylm generate 'my runs'", "Open it in a browser:  tinylm page 'my runs'"]
    assert tinylm("train", "--out", "a\nb").err.splitlines()[0] == "Generate text:  tinylm generate 'a\\nb'"
