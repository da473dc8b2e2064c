"""The pipeline of a stage is watched: a lost worker's units start again, another failure is told in one line."""

import sys
import time

import pytest

from tinylm_keras import data
from tinylm_keras.data.beam import options, pipeline, runner
from tinylm_keras.data.beam.staging import Staging
from tinylm_keras.tokenizers import WhitespaceTokenizer

needs_beam = pytest.mark.skipif(not options.is_installed(), reason="Apache Beam is not installed")


@pytest.fixture
def start(tmp_path, monkeypatch):
    """A function that runs a stage of three units with a program in place of the pipeline."""
    staging = Staging(tmp_path / "staging")

    def run(program, told=lambda finished: None):
        path = tmp_path / "program.py"
        path.write_text(
            f"import os, pathlib, sys, signal, time\nfolder = {staging.place!r} + '/look'\n{program}", "utf-8"
        )
        popen = runner.subprocess.Popen
        monkeypatch.setattr(
            runner.subprocess, "Popen", lambda command, **how: popen([sys.executable, str(path)], **how)
        )
        runner.run(staging, "look", 3, [], tmp_path / "look.log", told)

    return run


WRITE = """
os.makedirs(folder, exist_ok=True)
def write(*numbers):
    for number in numbers:
        pathlib.Path(folder, f"{number:06d}.json").write_text("{}")
def is_done(number):
    return os.path.exists(f"{folder}/{number:06d}.json")
"""


def test_a_stage_ends_when_every_unit_has_a_result(start):
    told = []
    start(WRITE + "write(0, 1, 2)", told.append)
    assert told[-1] == {0, 1, 2}


@pytest.mark.parametrize("end", [f"os._exit({pipeline.LOST})", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_units_of_a_lost_worker_start_again(start, end):
    with pytest.warns(UserWarning, match="the 2 units without a result start again"):
        start(WRITE + f"if is_done(0): write(1, 2)\nelse:\n    write(0)\n    {end}")


def test_a_worker_that_is_lost_again_and_again_is_an_error(start):
    with pytest.warns(UserWarning, match="start again"), pytest.raises(RuntimeError, match="0 of 3 units done"):
        start(WRITE + f"os._exit({pipeline.LOST})")


def test_another_failure_is_told_with_its_last_error(start):
    message = (
        "Beam stopped with code 1, with 1 of 3 units done: OSError: no such place. All of its "
        "messages are in .*look.log. The same command continues with the units that are left."
    )
    with pytest.raises(RuntimeError, match=message):
        start(WRITE + "write(0)\nraise OSError('no such place')")


def test_the_error_of_an_earlier_start_is_not_told_again(start, tmp_path):
    (tmp_path / "look.log").write_text("OSError: of long ago\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="ValueError: Validation failed: Missing option region"):
        start(WRITE + "sys.exit('ValueError: Validation failed:\\n  Missing option region')")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")
def test_an_interrupt_ends_the_pipeline_and_its_workers(start, tmp_path):
    pids = tmp_path / "pids"

    def interrupt(finished):
        if finished:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(
            WRITE + "worker = os.fork()\nif worker:\n"
            f"    pathlib.Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{worker}}')\n    write(0)\ntime.sleep(60)",
            interrupt,
        )
    for pid in map(int, pids.read_text().split()):
        until = time.monotonic() + 10  # the system ends a killed process when it gets to it
        while is_running(pid) and time.monotonic() < until:
            time.sleep(0.02)
        assert not is_running(pid)


def is_running(pid):
    """Whether a process runs; one that has ended may still have an entry until its parent asks for its code."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_beam_is_asked_for_in_one_line_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(options, "is_installed", lambda: False)
    with pytest.raises(ValueError, match=r"pip install 'tinylm-keras\[beam\]'"):
        data.prepare(["a b"], WhitespaceTokenizer(), tmp_path / "out", runner="DirectRunner")
    assert not (tmp_path / "out").exists()


@needs_beam
@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("DirctRunner", [], "`runner` must be a runner of Beam"),
        ("DirectRunner", ["--direct_num_wokers=2"], "Did you mean --direct_num_workers?"),
        ("DirectRunner", ["2"], "must be options such as --direct_num_workers=2"),
        ("DirectRunner", "--direct_num_workers=2", "must be a list of strings"),
        (
            "DirectRunner",
            ["--direct_num_workers=abc"],
            "must have values that Beam can read .*invalid int value: 'abc'",
        ),
        ("DirectRunner", ["--direct_running_mode=bogus"], "must have values that Beam can read .*invalid choice"),
    ],
)
def test_a_runner_and_options_that_beam_does_not_know_are_refused(name, given, message):
    with pytest.raises((ValueError, TypeError), match=message.replace("?", r"\?")):
        options.checked(name, given)


@needs_beam
def test_options_go_to_beam_as_they_are():
    arguments = [
        "a.txt",
        "--out",
        "--dir",
        "--direct_num_workers",
        "2",
        "--streaming",
        "b.txt",
        "--project=x",
        "--",
        "-c",
    ]
    theirs, ours = options.split(arguments, ["--out"], ["--out"])
    assert theirs == ["--direct_num_workers=2", "--streaming", "--project=x"]
    assert ours == ["a.txt", "--out", "--dir", "b.txt", "--", "-c"]
    assert options.checked("FlinkRunner", ["--parallelism", "4"]) == ["--runner=FlinkRunner", "--parallelism=4"]


@needs_beam
def test_beam_writes_the_files_of_one_process(tmp_path, monkeypatch):
    monkeypatch.setattr("tinylm_keras.text.units.LEAST", 2_000)
    path = tmp_path / "text.txt"
    path.write_text("\n".join(f"line {number} of many rare{number % 7} words" for number in range(300)), "utf-8")
    one = data.prepare(path, WhitespaceTokenizer(max_tokens=20), tmp_path / "one")
    several = ["--direct_num_workers=2", "--direct_running_mode=multi_processing"]
    workers = data.prepare(
        path, WhitespaceTokenizer(max_tokens=20), tmp_path / "workers", runner="DirectRunner", runner_options=several
    )
    for name in ("train.bin", "validation.bin", "index.json", "tokenizer.json"):
        assert (one.path / name).read_bytes() == (workers.path / name).read_bytes()
    assert not (tmp_path / "workers.parts").exists()
