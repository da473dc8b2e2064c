"""A run knows where its text lies: the text is found again from any folder, whatever the name of its file."""

import json
import os
import shutil
import threading

import pytest

import tinylm_keras as tlm
from tinylm_keras.cli import main
from tinylm_keras.training import resuming, run_folder, run_record

TINY = [
    "--preset",
    "stories",
    "--embed-dim",
    "8",
    "--num-heads",
    "2",
    "--num-blocks",
    "1",
    "--feed-forward-dim",
    "8",
    "--steps",
    "2",
]
TINY += ["--context-length", "16", "--batch-size", "4", "--prompt", "none"]
TEXTS = {"rock + roll.txt": [f"song {number} is loud" for number in range(20)], "b.txt": ["one more", "and one"]}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run on two files that were named relative to a folder, and the folder."""
    folder, before = tmp_path_factory.mktemp("texts"), os.getcwd()
    for name, lines in TEXTS.items():
        (folder / name).write_text("\n".join(lines))
    os.chdir(folder)
    try:
        assert main(["train", *TEXTS, "--out", "run", *TINY]) == 0
    finally:
        os.chdir(before)
    return folder


def test_the_record_lists_absolute_paths_and_shows_what_was_typed(made):
    record = run_folder.record_of(made / "run").values
    assert record["source"] == "rock + roll.txt + b.txt"
    assert record["sources"] == [f"{made}/rock + roll.txt", f"{made}/b.txt"]


def test_the_text_is_read_again_from_another_folder(made, capsys):
    corpus = resuming.SavedRun(made / "run").corpus(None, None)
    assert sorted(corpus.train + corpus.validation) == sorted([*TEXTS["rock + roll.txt"], *TEXTS["b.txt"]])
    assert corpus.locations == run_folder.record_of(made / "run").values["sources"]
    assert main(["evaluate", str(made / "run"), "--stories", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"]["texts"] == 2


def test_older_records_with_one_string_are_still_read(made, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(made)
    run = shutil.copytree("run", tmp_path / "run")
    record = json.loads((run / "recipe.json").read_text())
    del record["sources"]
    for source, sources in (
        ("b.txt + stories:5", ["b.txt", "stories:5"]),
        ("rock + roll.txt", ["rock + roll.txt"]),
        ("texts given in Python", []),
        ("", []),
        (5, []),
    ):
        assert run_record.sources_of({**record, "source": source}) == sources
    assert run_record.sources_of({**record, "sources": "x", "source": "b.txt"}) == ["b.txt"]
    (run / "recipe.json").write_text(json.dumps({**record, "source": "texts given in Python"}))
    assert main(["evaluate", str(run), "--stories", "0"]) == 2
    assert "the text of the run cannot be read again (texts given in Python)" in capsys.readouterr().err


def test_a_run_on_pipes_learns_all_of_them_and_says_that_it_cannot_read_them_again(tmp_path, capsys):
    pipes = [tmp_path / "one", tmp_path / "two"]
    for pipe, lines in zip(pipes, TEXTS.values(), strict=True):
        os.mkfifo(pipe)
        threading.Thread(target=pipe.write_text, args=("\n".join(lines),), daemon=True).start()
    run = tmp_path / "run"
    assert main(["train", *map(str, pipes), "--out", str(run), *TINY]) == 0
    record = run_folder.record_of(run).values
    assert (record["sources"], record["corpus"]["texts"]) == ([], 22)
    assert main(["evaluate", str(run), "--stories", "0"]) == 2
    assert "cannot be read again" in capsys.readouterr().err
    with pytest.raises(ValueError, match="it was given in Python or through a pipe"):
        resuming.SavedRun(run).corpus(None, None)


def test_settings_of_tables_reach_a_run_and_its_recipe(tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("".join(f"{n},song {n} is loud\n" for n in range(20)) + "20\n")
    settings = {"steps": 2, "embed_dim": 8, "num_heads": 2, "num_blocks": 1, "prompt": None, "context_length": 16}
    with pytest.raises(ValueError, match="pass bad_rows='skip'"):
        tlm.train(table, column=2, progress=None, **settings)
    with pytest.warns(UserWarning, match="1 of 21 rows are skipped"):
        tlm.train(table, out=tmp_path / "run", column=2, bad_rows="skip", progress=None, **settings)
    record = run_folder.record_of(tmp_path / "run").values
    assert (record["recipe"]["column"], record["recipe"]["bad_rows"]) == ("2", "skip")
    assert record["corpus"]["texts"] == 20


def test_equal_texts_are_told_as_what_they_are(tmp_path):
    (tmp_path / "a.txt").write_text("all work and no play\n" * 1_000)
    with pytest.raises(ValueError, match="All 1,000 texts are equal: use validation=0 to train without validation"):
        tlm.train(tmp_path / "a.txt", "stories", progress=None)
    with pytest.raises(ValueError, match="All 1,000 texts have the same beginning: use validation=0"):
        tlm.data.prepare(tmp_path / "a.txt", tlm.WhitespaceTokenizer(), tmp_path / "token_files")
