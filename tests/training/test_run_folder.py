"""Laws of the folder of a run."""

import json
import os
import re

import pytest

from tinylm_keras.training import run_folder
from tinylm_keras.training.run_folder import RunFolder


def refused(message, *arguments, error=ValueError):
    with pytest.raises(error, match=re.escape(message)):
        RunFolder(*arguments)


def test_nothing_is_written_before_create(tmp_path):
    folder = RunFolder(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    folder.create({"recipe": {}})
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["recipe.json"]


def test_an_existing_folder_is_refused_unless_overwrite(tmp_path):
    message = (
        f"`out` must be a new folder, but it exists. Received: out='{tmp_path}'. "
        "Choose another name, or pass overwrite=True to replace the run in it."
    )
    refused(message, tmp_path)
    RunFolder(tmp_path, overwrite=True)


def test_what_cannot_be_a_folder_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    refused(f"`out` must be a folder, but it is a file. Received: out='{file}'.", file, True)
    refused(f"`out` must be a folder that can be written ({file} is a file). Received: out='{file / 'x'}'.", file / "x")
    refused("`out` must be a folder that can be written (File name too long). Received:", tmp_path / ("x" * 300))
    refused("`out` must be the path of a folder. Received: out=5.", 5, error=TypeError)


@pytest.mark.skipif(not os.path.isdir("/proc/1"), reason="needs a folder that nobody can write")
def test_a_folder_that_cannot_be_made_is_refused():
    with pytest.raises(ValueError, match=re.escape("`out` must be a folder that can be written (")):
        RunFolder("/proc/tinylm").create({})


NAMES = ("model.keras", "last.keras", "previous.keras", "recipe.json", "history.csv", "loss.png", "samples.txt")


def test_an_earlier_run_is_whole_until_the_new_one_writes_its_first_file(tmp_path):
    for name in (*NAMES, "notes.txt"):
        (tmp_path / name).write_text("old")
    folder = RunFolder(tmp_path, overwrite=True)
    folder.create({"recipe": {}})
    assert folder.waiting
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys([*NAMES, "notes.txt"], "old")
    folder.write_history([{"step": 1}])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "notes.txt", "recipe.json"]
    assert json.loads((tmp_path / "recipe.json").read_text()) == {"recipe": {}}


def test_what_a_killed_run_left_is_swept_and_a_strangers_file_is_not(tmp_path):
    stale = tmp_path / ".model.0123abcd.tmp.keras"
    stranger = tmp_path / ".notes.0123abcd.tmp.txt"
    for path in (stale, stranger):
        path.write_text("half")
    RunFolder(tmp_path, overwrite=True).create({"recipe": {}})
    assert sorted(path.name for path in tmp_path.iterdir()) == [stranger.name, "recipe.json"]


def test_records_are_written_as_text(tmp_path):
    folder = RunFolder(tmp_path, overwrite=True)
    folder.write_recipe({"recipe": {"end_token": "é"}})
    assert json.loads(folder.file("recipe.json").read_text("utf-8")) == {"recipe": {"end_token": "é"}}
    folder.write_history([{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}])
    assert folder.file("history.csv").read_bytes() == b"step,loss\n1,0.5\n2,0.25\n"
    folder.write_samples([(1000, "one\ntwo"), (2000, "lone \ud800")])
    assert (
        folder.file("samples.txt").read_text("utf-8") == "--- step 1,000\none\ntwo\n\n--- step 2,000\nlone \\ud800\n\n"
    )


@pytest.mark.parametrize(
    ("recipe", "history", "reason"),
    [
        ('{"recipe": {}}', "rtep,loss\n1,2.5\n", "its history has no column `step`"),
        ('{"recipe": {}}', "step,loss\n1e999,2.5\n", "cannot convert float infinity"),
        ('{"recipe": {}}', "", "it is empty"),
        ('{"recipe": []}', "step\n1\n", "it has no recipe"),
        ('{"recipe": {}, "corpus": []}', "step\n1\n", "its entry corpus is not an object"),
        ("[]", "step\n1\n", "it has no recipe"),
    ],
)
def test_records_that_cannot_be_read_are_refused_in_one_line(tmp_path, recipe, history, reason):
    (tmp_path / "recipe.json").write_text(recipe)
    (tmp_path / "history.csv").write_text(history)
    with pytest.raises(ValueError, match=re.escape(f"with recipe.json and history.csv ({reason}")) as error:
        run_folder.read(tmp_path)
    assert "\n" not in str(error.value)
