"""Folders to write in: what is refused, and in which words."""

import errno
import os

import pytest

from tinylm_keras import _folders
from tinylm_keras.training.run_folder import RunFolder


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_link_to_nothing_is_not_called_a_file(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    with pytest.raises(ValueError, match="must be a folder, but it is a broken link"):
        _folders.new_folder(link)


def test_a_stage_of_a_killed_process_is_removed_and_hides_nothing_else(tmp_path):
    folder, left = tmp_path / "out", tmp_path / "out" / ".export.a1b2c3d4"
    left.mkdir(parents=True)
    (left / "model.keras").write_text("half")
    with pytest.raises(ValueError, match="must be a new folder"):  # no process of ours was here
        _folders.new_folder(folder)
    (folder / ".tinylm.lock").touch()
    (folder / ".export.link0000").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="must be a new folder"):
        _folders.new_folder(folder)
    (folder / ".export.link0000").unlink()
    with _folders.claimed(folder), _folders.stage(folder) as stage:
        assert sorted(os.listdir(folder)) == sorted([stage.name, ".tinylm.lock"])
    assert os.listdir(folder) == []


def test_a_full_disk_is_no_mistake_in_the_argument(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "run")
    monkeypatch.setattr("tinylm_keras._files._create", full_disk)
    with pytest.raises(OSError) as caught:
        folder.create({"recipe": {"steps": 1}})
    assert caught.value.errno == errno.ENOSPC
