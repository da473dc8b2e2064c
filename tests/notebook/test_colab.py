"""Text into a notebook and a file out of it: in Colab, with stand-ins for its modules, and elsewhere."""

import sys
import types

import pytest

from tinylm_keras.notebook import StopHere, chosen, colab, keep, read


@pytest.fixture
def in_colab(monkeypatch):
    """Stand-ins for Colab's modules; `done` lists what was asked of them."""
    done = []
    package = types.ModuleType("google.colab")
    upload = {"my file.txt": b""}
    package.files = types.SimpleNamespace(upload=lambda: done.append("upload") or upload, download=done.append)
    package.drive = types.SimpleNamespace(mount=done.append)
    monkeypatch.setitem(sys.modules, "google.colab", package)
    if "google" not in sys.modules:
        monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    return types.SimpleNamespace(done=done, upload=upload)


def test_a_text_of_ones_own_is_uploaded_in_colab(in_colab, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my file.txt").write_text("one text\nanother text\na third text\n", encoding="utf-8")
    assert len(read("upload")) == 3
    assert in_colab.done == ["upload"]


def test_a_cancelled_upload_asks_to_run_the_cell_again(in_colab):
    in_colab.upload.clear()
    with pytest.raises(StopHere, match="Run the cell again"):
        chosen("upload", "stories")


def test_elsewhere_upload_asks_for_a_path():
    with pytest.raises(StopHere, match="write a path") as caught:
        read("upload")
    assert caught.value._render_traceback_() == [str(caught.value)]  # IPython shows this in place of a traceback


def test_a_source_is_kept_and_nothing_means_the_other_one():
    assert chosen("my.txt", "stories") == "my.txt"
    assert chosen("", "stories:20") == "stories:20"


def test_a_text_that_is_not_there_ends_the_cell_with_one_sentence(tmp_path):
    with pytest.raises(StopHere, match=r"gone\.txt"):
        read(str(tmp_path / "gone.txt"))


@pytest.mark.parametrize("on_drive", [True, False])
def test_colab_downloads_or_keeps_on_drive(in_colab, monkeypatch, on_drive):
    copies = []
    monkeypatch.setattr(colab.shutil, "copy", lambda *names: copies.append(names))
    where = keep("my_model.keras", on_drive)
    assert in_colab.done == (["/content/drive"] if on_drive else ["my_model.keras"])
    assert copies == ([("my_model.keras", "/content/drive/MyDrive/my_model.keras")] if on_drive else [])
    assert ("Google Drive" in where) == on_drive


def test_elsewhere_the_file_is_beside_the_notebook():
    assert keep("my_model.keras") == "Your model is in my_model.keras, beside this notebook."
