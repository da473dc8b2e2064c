"""Laws of reading the small files beside a model, a run or token files."""

import os
import threading

import pytest

from tinylm_keras._small_files import read_small


def test_a_regular_file_within_the_bound_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"\x00\xffabc")
    assert read_small(tmp_path / "a", 5) == b"\x00\xffabc"
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_small(tmp_path / "link", 5) == b"\x00\xffabc"


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name, reason in (("fifo", "not a regular file"), ("zero", "not a regular file"), (".", "a folder")):
        with pytest.raises(ValueError, match=f"it is {reason}"):
            read_small(tmp_path / name, 100)
    with pytest.raises(FileNotFoundError):
        read_small(tmp_path / "missing", 100)


def test_a_file_that_becomes_a_fifo_after_the_look_is_not_waited_for(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"a")
    os.mkfifo(tmp_path / "fifo")
    looked_at = os.stat(tmp_path / "file")
    monkeypatch.setattr("tinylm_keras._small_files.os.stat", lambda path: looked_at)
    found = []
    reader = threading.Thread(target=lambda: found.append(_reason(tmp_path / "fifo")), daemon=True)
    reader.start()
    reader.join(10)
    assert found == ["it is not a regular file"]


def test_a_larger_file_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert _reason(tmp_path / "sparse") == "it has 1,099,511,627,776 bytes, more than 1,024"


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="needs a file that says it is empty")
def test_a_file_that_lies_about_its_size_is_bounded_too():
    assert _reason("/proc/self/maps") == "it has more than 10 bytes"


def _reason(path):
    with pytest.raises(ValueError) as error:
        read_small(path, 10 if str(path).startswith("/proc") else 1024)
    return str(error.value)
