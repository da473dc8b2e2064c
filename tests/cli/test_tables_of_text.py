"""A table given to a command: what it needs is said as options, and the options work in each command."""

import json

import pytest

import tinylm_keras as tlm

TABLE = "id,text\n" + "".join(f"{number},the cat sat on mat {number}\n" for number in range(12)) + "12\n"


@pytest.fixture(autouse=True)
def in_a_folder_with_a_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.csv").write_text(TABLE)
    (tmp_path / "other.csv").write_text("1,a first row\n2,a second row\n")


@pytest.mark.parametrize("command", [["train"], ["prepare", "--out", "x"], ["compare"], ["tokenize", "a", "--source"]])
def test_a_table_is_refused_until_its_column_and_its_bad_rows_are_spoken_of(tinylm, command, tmp_path):
    refusal = tinylm(*command, "my.csv").refusal
    assert refusal.startswith("`--column` must be given for a table such as my.csv, with the columns 'id', 'text'.")
    assert "'text' looks like text: pass --column text." in refusal
    ended = tinylm(*command, "my.csv", "--column", "text")
    refusal = ended.err.splitlines()[-1]  # prepare says what it does until it meets the bad row
    assert (ended.code, ended.out) == (2, "")
    assert "line 14 of my.csv has only 1 cell" in refusal
    assert "pass --bad-rows skip." in refusal
    assert {path.name for path in tmp_path.iterdir()} == {"my.csv", "other.csv"}


def test_rows_left_out_are_counted_on_one_line(tinylm):
    settings = ["--column", "text", "--bad-rows", "skip", "--tokenizer", "character"]
    ended = tinylm("prepare", "my.csv", "--out", "token_files", "--validation", "0.25", *settings)
    assert ended.code == 0
    token_files = tlm.data.open_token_files("token_files")
    assert token_files.train.documents + token_files.validation.documents == 12
    said = [line for line in ended.err.splitlines() if "are skipped" in line]  # once, in however many passes
    assert said == [
        "tinylm: my.csv: 1 of 13 rows are skipped, because they hold no text in the column 'text'; "
        "the first: line 14 has only 1 cell."
    ]


def test_a_column_by_its_number_is_evaluated_and_tokenized(tinylm, run_folder):
    ended = tinylm("evaluate", run_folder, "other.csv", "--column", "2", "--stories", "0", "--json")
    assert json.loads(ended.out)["text"]["texts"] == 2
    assert "no column is named '2'" in ended.err
    skipped = tinylm(
        "evaluate", run_folder, "my.csv", "--column", "text", "--bad-rows", "skip", "--stories", "0", "--json"
    )
    assert json.loads(skipped.out)["text"]["texts"] == 12
    shown = tinylm("tokenize", "row", "--source", "other.csv", "--column", "2")
    assert (shown.code, "0 of them unknown" in shown.out) == (0, True)
    assert (
        tinylm("tokenize", "row", "--column", "2").refusal
        == "`--column` must be left out without --source. Received: --column 2. See: tinylm tokenize --help"
    )
