"""Laws of the lock on a folder."""

import errno
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import warnings

import pytest

from tinylm_keras import _files, _folders, _locks

fcntl = pytest.importorskip("fcntl")

HOLDER = """
import sys
from tinylm_keras import _locks
with _locks.held(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def refusal(folder, argument="out"):
    with pytest.raises(ValueError, match="no other process writes") as refused, _locks.held(folder, argument):
        pass
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_the_second_is_refused_in_one_line_that_names_the_process_and_a_killed_one_keeps_nobody_out(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path), "two\nlines"]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        who = f"Process {holder.pid} on {socket.gethostname()} writes in it"
        for line in (refusal(tmp_path), refusal(tmp_path)):
            assert line.startswith(
                f"`out` must be a folder in which no other process writes. Received: out='{tmp_path}'."
            )
            assert who in line and "two lines" in line and line.endswith("Wait until it ends, or stop it first.")
        with pytest.raises(ValueError, match=who):
            _folders.new_folder(tmp_path)  # and not: it exists, pass overwrite=True
    finally:
        holder.kill()
        holder.communicate()
    assert (tmp_path / _locks.NAME).exists()
    with _locks.held(tmp_path):
        assert f"process {os.getpid()} on" in (tmp_path / _locks.NAME).read_text()
    assert list(tmp_path.iterdir()) == []


def test_threads_of_one_process_keep_each_other_out(tmp_path):
    lines = []
    with _locks.held(tmp_path):
        thread = threading.Thread(target=lambda: lines.append(refusal(tmp_path, "resume")))
        thread.start()
        thread.join()
    message = f"`resume` must be a folder in which no other process writes. Received: resume='{tmp_path}'. "
    assert lines == [message + "Another call in this process writes in it. Wait until it ends, or stop it first."]
    with _locks.held(tmp_path):
        pass


def test_a_link_to_a_folder_has_the_lock_of_the_folder(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    with _locks.held(tmp_path / "run"):
        refusal(tmp_path / "link")


def test_what_fails_inside_gives_the_lock_back(tmp_path):
    with pytest.raises(KeyError), _locks.held(tmp_path):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_is_removed_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    lock, removed = _locks._lock, []

    def owner_ends_first(descriptor, *others):
        if not removed:
            removed.append((tmp_path / _locks.NAME).unlink())
        return lock(descriptor, *others)

    monkeypatch.setattr(_locks, "_lock", owner_ends_first)
    with _locks.held(tmp_path):
        refusal(tmp_path)


def test_the_moment_in_which_somebody_only_looks_keeps_nobody_out(tmp_path, monkeypatch):
    place = tmp_path / _locks.NAME
    place.write_text("stale")
    looking = os.open(place, os.O_RDWR)
    fcntl.flock(looking, fcntl.LOCK_EX)
    monkeypatch.setattr(_locks.time, "sleep", lambda seconds: seconds and fcntl.flock(looking, fcntl.LOCK_UN))
    with _locks.held(tmp_path):
        pass
    os.close(looking)
    assert not place.exists()


def test_the_lock_of_another_folder_at_the_same_place_is_not_removed(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    with _locks.held(run):
        run.rename(tmp_path / "moved")
        run.mkdir()
        (run / _locks.NAME).write_text("of another")
    assert (run / _locks.NAME).read_text() == "of another"
    with _locks.held(run):
        shutil.rmtree(run)
    assert not run.exists()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL])
def test_where_there_are_no_locks_a_warning_says_so_and_the_run_goes_on(tmp_path, monkeypatch, number):
    def refused(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refused)
    message = (
        f"{tmp_path / 'run'} cannot be locked here ({os.strerror(number)}). Do not let another process write in it."
    )
    with pytest.warns(UserWarning, match=re.escape(message)) as said, _folders.claimed(tmp_path / "run"):
        pass
    assert len(said) == 1 and list((tmp_path / "run").iterdir()) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with _locks.held(tmp_path, quiet=True):
            pass


def test_where_the_system_has_no_locks_nothing_is_written_and_a_warning_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(_locks, "fcntl", None)
    with pytest.warns(UserWarning, match="cannot be locked here"), _folders.claimed(tmp_path / "run") as path:
        assert list(path.iterdir()) == []


def test_what_a_lock_file_says_is_harmless_and_short(tmp_path):
    with _locks.held(tmp_path):
        (tmp_path / _locks.NAME).write_text("process 1 on h\x1b]0;x\x07\x9b: rm\n\x1b[2J" + 9000 * "x")
        line = refusal(tmp_path)
    assert line.isprintable() and len(line) < 500 + len(str(tmp_path))
    assert "Process 1 on h?]0;x??" in line


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_lock_file_that_cannot_be_one_is_refused(tmp_path, kind):
    place, victim = tmp_path / _locks.NAME, tmp_path / "victim"
    victim.write_text("as it was")
    place.mkdir() if kind == "folder" else place.symlink_to(victim)
    with pytest.raises(ValueError, match=r"`out` must be a folder that can be written \("), _locks.held(tmp_path):
        pass
    assert victim.read_text() == "as it was"


def test_what_is_no_folder_has_no_lock(tmp_path):
    for path in (tmp_path / "missing", 5, None):
        with _locks.held(path):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_not_taken_for_a_bad_folder(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_locks.os, "open", full)
    with pytest.raises(OSError, match="No space left"), _locks.held(tmp_path):
        pass


def test_folders_that_were_made_for_nothing_are_removed(tmp_path):
    with pytest.raises(KeyError), _folders.claimed(tmp_path / "a" / "b"):
        assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == [_locks.NAME]
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_a_killed_process_left_empty_counts_as_new(tmp_path):
    (tmp_path / _locks.NAME).write_text("process 1 on host")
    with _folders.claimed(tmp_path) as path:
        assert path == tmp_path


def test_a_folder_that_was_filled_before_it_was_locked_is_refused(tmp_path, monkeypatch):
    held = _locks.held

    def filled_first(path, *arguments, **settings):
        (path / "recipe.json").write_text("of a run that has just ended")
        return held(path, *arguments, **settings)

    monkeypatch.setattr(_locks, "held", filled_first)
    with pytest.raises(ValueError, match="must be a new folder, but it exists"), _folders.claimed(tmp_path / "run"):
        pass
    assert (tmp_path / "run" / "recipe.json").exists()
    assert not _files.is_at(0, tmp_path / "run" / _locks.NAME)
