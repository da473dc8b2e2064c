"""Starts the pipeline of a stage in a process of its own, and watches it until every unit has a result."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import warnings

import tinylm_keras
from tinylm_keras.data.beam.pipeline import LOST

LOOKS, REMOTE_LOOKS = 0.2, 10.0  # seconds between two looks at the results: on a disk, at an address
PATIENCE = 10.0  # seconds that a pipeline has to cancel its work on other machines
ATTEMPTS = 3  # in a row that finish no unit


def run(staging, stage, units, options, log, finished):
    """Run a stage until all units have a result.

    A local worker that is killed takes its pipeline with it, because Beam's local runner would wait for it forever. The
    units without a result are then started again.

    Args:
        staging: `Staging`.
        stage: str.
        units: int. Number of units.
        options: list of str. Options of Beam.
        log: `pathlib.Path`. What the pipeline writes to its standard output and error.
        finished: Function that is called with the numbers of the finished units, again and again.

    Raises:
        RuntimeError: if the pipeline fails.
    """
    attempts, before = 0, len(staging.finished(stage))
    while before < units:
        code = _attempt(staging, stage, options, log, finished)
        done = staging.finished(stage)
        finished(done)
        if len(done) == units:
            return
        attempts, before = (attempts + 1 if len(done) == before else 1), len(done)
        was_lost = code == LOST or code < 0
        if not was_lost or attempts == ATTEMPTS:
            raise RuntimeError(_failure(stage, code, log, len(done), units))
        warnings.warn(f"A worker ended; the {units - len(done):,} units without a result start again.", stacklevel=5)


def _attempt(staging, stage, options, log, finished):
    """Start a pipeline and wait for it; return its exit code. No process of it is left at the end."""
    command = [sys.executable, "-m", "tinylm_keras.data.beam.pipeline", staging.place, stage, *options]
    places = [str(pathlib.Path(tinylm_keras.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    with log.open("ab") as file:
        group = {} if os.name == "nt" else {"start_new_session": True}
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment, **group
        )
    try:
        looked = time.monotonic()
        while (code := _wait(process, LOOKS)) is None:
            if time.monotonic() - looked > (REMOTE_LOOKS if staging.is_remote else 0):
                finished(staging.finished(stage))
                looked = time.monotonic()
        return code
    finally:
        _end(process)


def _wait(process, seconds):
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _end(process):
    """End a pipeline and its workers."""
    if process.poll() is None:
        process.terminate()
        _wait(process, PATIENCE)
    with contextlib.suppress(OSError):  # the workers, if any are left
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failure(stage, code, log, done, units):
    cause = _last_error(log.read_text(encoding="utf-8", errors="replace"))
    how = f"with code {code}" if code >= 0 else f"by signal {-code}"
    return (
        f"Beam stopped {how} in the stage {stage}, with {done:,} of {units:,} units done: {cause}. "
        f"All of its messages are in {log}. The same command continues with the units that are left."
    )


_ERROR = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception|Exit)): ?(.*)$", re.MULTILINE)


def _last_error(text):
    """Return the last error in the messages of a pipeline.

    Example:

    >>> _last_error("INFO: started\\nTraceback …\\nValueError: no such place [while running 'look']\\n")
    "ValueError: no such place [while running 'look']"
    """
    errors = _ERROR.findall(text)
    if errors:
        kind, words = errors[-1]
        return f"{kind}: {words}"[:300].rstrip(". ")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:300].rstrip(". ") if lines else "it wrote nothing"
