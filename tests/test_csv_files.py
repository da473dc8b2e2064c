"""Tables that a spreadsheet opens hold no formulas, and numbers stay numbers."""

import csv

import pytest

from tinylm_keras import _csv_files


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-cmd|' /C calc'!A0", "@SUM(1)"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(tmp_path, formula):
    path = tmp_path / "table.csv"
    _csv_files.write(path, [{formula: formula, "loss": -0.5, "word": "a=b"}, {formula: None, "loss": 1, "word": ""}])
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [[f"'{formula}", "loss", "word"], [f"'{formula}", "-0.5", "a=b"], ["", "1", ""]]


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1", "a\rb", "a\x1b[2Jb"])
def test_a_text_is_one_line_of_one_cell(tmp_path, text):
    path = tmp_path / "table.csv"
    _csv_files.write(path, [{"name": text, "loss": 1}])
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [["name", "loss"], [ascii(text)[1:-1], "1"]]
