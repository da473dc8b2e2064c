"""Starts the pipeline of a job in a process of its own, and watches it until every unit has a result."""

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
LOOKING = 0.05  # share of the time that looking may take
PATIENCE = 10.0  # seconds that a pipeline has to cancel its work on other machines
ATTEMPTS = 3  # in a row that finish no unit


def run(staging, job, units, options, log, finished):
    """Run a job until all units have a result.

    A local worker that is killed takes its pipeline with it, because Beam's local runner would wait for it forever. The
    units without a result are then started again.

    Args:
        staging: `Staging`.
        job: str. Its name.
        units: int. Number of units.
        options: list of str. Options of Beam.
        log: `pathlib.Path`. What the pipeline writes to its standard output and error.
        finished: Function that is called with the numbers of the finished units, again and again.

    Raises:
        RuntimeError: if the pipeline fails.
    """
    done = staging.finished(job)
    finished(done)
    attempts = 0
    while len(done) < units:
        before, begin = len(done), log.stat().st_size if log.exists() else 0
        code = _attempt(staging, job, options, log, finished)
        done = staging.finished(job)
        finished(done)
        if len(done) == units:
            return
        attempts = 1 if len(done) > before else attempts + 1
        if (code != LOST and code >= 0) or attempts == ATTEMPTS:
            raise RuntimeError(_failure(code, log, begin, len(done), units))
        warnings.warn(f"A worker ended; the {units - len(done):,} units without a result start again.", stacklevel=5)


def _attempt(staging, job, options, log, finished):
    """Start a pipeline and wait for it; return its exit code. No process of it is left at the end."""
    module = ["-m", "tinylm_keras.data.beam.pipeline", str(os.getpid())]
    places = [str(pathlib.Path(tinylm_keras.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    # Without PYTHONSAFEPATH, Python files in the current folder would take the place of modules with their names.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONSAFEPATH": "1"}
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *module, staging.place, job, *options],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment,
            start_new_session=os.name != "nt",
        )
    try:
        pause = REMOTE_LOOKS if staging.is_remote else LOOKS
        due = time.monotonic() + pause
        while (code := _wait(process, LOOKS)) is None:
            if (began := time.monotonic()) >= due:
                finished(staging.finished(job))
                took = time.monotonic() - began
                due = began + max(pause, took / LOOKING)
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


def _failure(code, log, begin, done, units):
    cause = _last_error(log.read_bytes()[begin:].decode("utf-8", "replace"))
    how = f"with code {code}" if code >= 0 else f"by signal {-code}"
    more = " The same command continues with the units that are left." if done else ""
    return (
        f"Beam stopped {how}, with {done:,} of {units:,} units done: {cause}. All of its messages are in {log}.{more}"
    )


_ERROR = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception|Exit)): ?(.*)$")


def _last_error(text):
    """Return the last error in the messages of a pipeline.

    Example:

    >>> _last_error("INFO: started\\nTraceback …\\nValueError: no such place [while running 'work']\\n")
    "ValueError: no such place [while running 'work']"
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for place in range(len(lines) - 1, -1, -1):
        if _ERROR.match(lines[place]):
            more = lines[place + 1 : place + 2] if lines[place].endswith(":") else []
            return " ".join([lines[place], *more])[:300].rstrip(". ")
    return lines[-1][:300].rstrip(". ") if lines else "it wrote nothing"
