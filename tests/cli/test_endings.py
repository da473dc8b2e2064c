"""How commands end: signals, closed streams, readers and terminals that are gone. Each way has its exit code."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest
import typer

from tinylm_keras import archive, load_model, stories
from tinylm_keras.cli import _console

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and shells are those of Linux and macOS")

TINYLM = pathlib.Path(sys.executable).with_name("tinylm")
SIZES = ["--embed-dim", "8", "--num-heads", "1", "--num-blocks", "1", "--feed-forward-dim", "8", "--jit-compile", "no"]
SIZES += ["--max-new-tokens", "1", "--steps", "1000000", "--evaluate-every", "5"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["while arguments are parsed", "in the command"])
def test_a_signal_at_any_moment_has_its_exit_code_and_its_line(tinylm, monkeypatch, number, moment):
    def come(*_):
        signal.raise_signal(number)

    if moment == "in the command":
        monkeypatch.setattr(_console, "model_file", come)
    else:
        monkeypatch.setattr(typer.core.TyperCommand, "parse_args", come)
    ended = tinylm("info", "any.keras")
    line = "tinylm: stopped.\n" if number == signal.SIGINT else "tinylm: terminated.\n"
    assert (ended.code, ended.out, ended.err) == (128 + number, "", line)


def test_closed_streams_change_no_exit_code():
    commands = ["presets >&-", "--help >&-", "trian 2>&-", "info no.keras <&- >&- 2>&-"]
    script = "; ".join(f"'{sys.executable}' -m tinylm_keras {command}; echo $?" for command in commands)
    ended = subprocess.run(["sh", "-c", script], capture_output=True, encoding="utf-8", timeout=120)
    assert (ended.stdout.split(), ended.stderr) == (["0", "0", "2", "2"], "")


def until(holds, running):
    """Wait until `holds()`, for a minute at most."""
    for _ in range(600):
        if holds():
            return
        assert running.poll() is None, running.communicate()
        time.sleep(0.1)
    raise AssertionError("nothing happened")


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [
        (signal.SIGINT, 130, "tinylm: stopped."),
        (signal.SIGTERM, 143, "tinylm: terminated."),
        (signal.SIGHUP, 129, "tinylm: terminated."),
    ],
)
def test_a_signal_ends_a_training_with_a_checkpoint_of_the_exact_step(tmp_path, number, code, line):
    (tmp_path / "few.txt").write_text("\n".join(stories.write(60)), encoding="utf-8")
    run, history = tmp_path / "run", tmp_path / "run" / "history.csv"
    keyboard, screen = os.openpty()
    settings = {"cwd": tmp_path, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    out = screen if number == signal.SIGHUP else subprocess.PIPE
    running = subprocess.Popen([TINYLM, "train", "few.txt", "--out", "run", *SIZES], stdout=out, **settings)
    os.close(screen)
    try:
        if number == signal.SIGHUP:
            assert os.read(keyboard, 1)  # what a run says first
        os.close(keyboard)  # now that terminal is gone, and the run continues
        until((run / "last.keras").exists, running)
        if number == signal.SIGTERM:
            for pause in (signal.SIGSTOP, signal.SIGCONT):
                running.send_signal(pause)
        before = history.read_text().count("\n")
        until(lambda: history.read_text().count("\n") > before + 1, running)
        running.send_signal(number)
        shown, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert (running.returncode, err.splitlines()[-1]) == (code, line)
    state, model = archive.training(run / "last.keras"), load_model(run / "last.keras")
    assert state["batches"] == int(model.optimizer.iterations.numpy()) > 0
    assert number == signal.SIGHUP or re.search(rf"Stopped at step {state['batches']:,} of 1,000,000", shown)
    assert not (run / ".tinylm.lock").exists()
