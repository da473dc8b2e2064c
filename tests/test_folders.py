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


def test_a_full_disk_is_no_mistake_in_the_argument(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "run")
    monkeypatch.setattr("tinylm_keras._files._create", full_disk)
    with pytest.raises(OSError) as caught:
        folder.create({"recipe": {"steps": 1}})
    assert caught.value.errno == errno.ENOSPC
