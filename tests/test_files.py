"""Laws of files that are whole or not there."""

import contextlib
import fcntl
import os
import stat

import pytest

from tinylm_keras import _files
from tinylm_keras._files import atomic_path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes, links and locks are those of Linux and macOS")


def write(path, text, older=None):
    with atomic_path(path, older) as temporary:
        temporary.write_text(text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("target", ["old", "missing"])
def test_a_link_is_written_through_and_stays(tmp_path, target):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir(), there.mkdir()
    link = here / "model.keras"
    link.symlink_to("second.keras")  # a link to a link
    (here / "second.keras").symlink_to("../there/model.keras")
    if target == "old":
        (there / "model.keras").write_text("old")
    with atomic_path(link) as temporary:
        assert temporary.parent == there.resolve() and temporary.suffix == ".keras"
        temporary.write_text("new")
    assert link.is_symlink() and os.readlink(link) == "second.keras"
    assert (there / "model.keras").read_text() == "new"
    assert (names(here), names(there)) == (["model.keras", "second.keras"], ["model.keras"])


def test_a_write_that_fails_leaves_link_and_target_as_they_were(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with pytest.raises(KeyError), atomic_path(link) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert (link.read_text(), link.is_symlink(), names(tmp_path)) == ("old", True, ["link", "target"])


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o444])
def test_a_replaced_file_keeps_its_mode_and_nobody_else_reads_it_meanwhile(tmp_path, mode):
    path = tmp_path / "model.keras"
    path.write_text("old")
    path.chmod(mode)
    with atomic_path(path) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == mode | 0o600
        temporary.write_text("new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


def test_a_new_file_has_the_mode_of_a_plain_open(tmp_path):
    (tmp_path / "plain").write_text("")
    write(tmp_path / "new", "")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may give files away")
def test_a_replaced_file_keeps_its_owner(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("old")
    os.chown(path, 4711, 4712)
    write(path, "new")
    assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4712)


@pytest.mark.parametrize("kind", ["folder", "pipe", "circle", "device"])
def test_what_is_no_file_is_not_replaced_by_one(tmp_path, kind):
    path = tmp_path / "model.keras"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path if kind == "circle" else os.devnull)
    before = os.lstat(path)
    with pytest.raises(OSError, match="directory" if kind == "folder" else "not a regular file") as refused:
        write(path, "new")
    assert refused.value.filename == str(path)
    assert os.path.samestat(before, os.lstat(path)) and names(tmp_path) == ["model.keras"]
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_the_file_before_is_kept_under_the_older_name(tmp_path):
    last, previous = tmp_path / "last.keras", tmp_path / "previous.keras"
    for text in ("1", "2", "3"):
        write(last, text, previous)
    assert (last.read_text(), previous.read_text(), names(tmp_path)) == ("3", "2", ["last.keras", "previous.keras"])


def test_after_a_crash_between_keeping_and_renaming_no_second_name_is_left(tmp_path):
    last, previous = tmp_path / "last.keras", tmp_path / "previous.keras"
    last.write_text("1")
    os.link(last, previous)  # the file was kept, and the new one never came
    os.link(last, tmp_path / ".previous.0123abcd.tmp.keras")  # or not even that
    write(last, "2", previous)
    assert (last.read_text(), previous.read_text(), names(tmp_path)) == ("2", "1", ["last.keras", "previous.keras"])


def test_the_file_before_is_kept_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    last, previous = tmp_path / "last.keras", tmp_path / "previous.keras"
    for text in ("1", "2", "3"):
        write(last, text, previous)
    assert (last.read_text(), previous.read_text(), names(tmp_path)) == ("3", "2", ["last.keras", "previous.keras"])


@pytest.mark.parametrize("moment", ["before the lock", "holding the lock"])
def test_a_file_that_another_process_takes_away_before_it_is_locked_is_begun_again(tmp_path, monkeypatch, moment):
    path, lock, taken = tmp_path / "model.keras", _files._lock, []

    def other_process_first(descriptor):
        place = next(tmp_path.glob(".model.*.tmp.keras"))
        if not taken and moment == "before the lock":
            _files.sweep(path)
            assert not place.exists()
        elif not taken:
            other = os.open(place, os.O_RDWR)
            fcntl.flock(other, fcntl.LOCK_EX)
            taken.append(place)
            try:
                return lock(descriptor)
            finally:
                place.unlink()
                os.close(other)
        taken.append(place)
        return lock(descriptor)

    monkeypatch.setattr(_files, "_lock", other_process_first)
    write(path, "whole")
    assert len(set(taken)) == 2
    assert (path.read_text(), names(tmp_path)) == ("whole", ["model.keras"])


def test_a_file_that_is_locked_is_not_swept(tmp_path):
    path = tmp_path / "model.keras"
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        _files.sweep(path)
        assert temporary.exists()
    assert path.read_text() == "half"


def test_only_what_is_left_of_the_same_file_is_swept(tmp_path):
    ours = tmp_path / ".my model[1].0123abcd.tmp.keras"
    strangers = [".other.0123abcd.tmp.keras", ".my model[1].0123abcd.tmp.bin", ".my model1.0123abcd.tmp.keras"]
    strangers += [".my model[1].tmp.keras", ".my model[1].0123ABCD.tmp.keras", ".my model[1].a.0123abcd.tmp.keras"]
    for name in (ours.name, *strangers):
        (tmp_path / name).write_text("half")
    _files.sweep(tmp_path / "my model[1].keras")
    assert names(tmp_path) == sorted(strangers)


def test_where_there_are_no_locks_files_are_written_and_nothing_is_swept(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    (tmp_path / ".a.0123abcd.tmp.txt").write_text("half")
    write(tmp_path / "a.txt", "whole")
    assert names(tmp_path) == [".a.0123abcd.tmp.txt", "a.txt"]
    with contextlib.suppress(OSError):
        _files.sweep(tmp_path / "a.txt")
    assert len(names(tmp_path)) == 2
