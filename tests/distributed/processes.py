"""Starts the processes of one run as a launcher would, and ends them with their groups."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import numpy as np

from tests.distributed import LETTERS, texts

ROOT = pathlib.Path(__file__).parents[2]

# The command line, where TensorFlow cannot be imported.
CHILD = """
import sys
sys.modules["tensorflow"] = sys.modules["tensorflow_text"] = None
from tinylm_keras.__main__ import main
sys.exit(main())
"""

WITH_TENSORFLOW = CHILD.replace('sys.modules["tensorflow"] = sys.modules["tensorflow_text"] = None\n', "")
LAWS = CHILD.replace("tinylm_keras.__main__", "tests.distributed.laws")

# Without an interval between checkpoints and without waiting, so that one is due after every step.
EAGER = "import tinylm_keras.training.checkpoint_manager as m; m.SAVE_INTERVAL, m.SAVE_COST = 0.0, 0\n"

MODEL = ["--embed-dim", "32", "--num-heads", "2", "--num-blocks", "2", "--feed-forward-dim", "64"]
MODEL += [
    "--context-length",
    "32",
    "--batch-size",
    "8",
    "--norm",
    "pre",
    "--dropout",
    "0.1",
    "--global-clipnorm",
    "0.3",
]
MODEL += ["--optimizer", "adamw", "--max-new-tokens", "8", "--jit-compile", "true"]
MODEL += ["--activation", "gelu"]  # at the kink of a ReLU, a difference of rounding becomes one of the gradient


def token_files(folder, count=120):
    """Write token files of so many texts without TensorFlow; return their folder."""
    from tinylm_keras import data
    from tinylm_keras.tokenizers import CharacterTokenizer

    data.prepare(texts(count), CharacterTokenizer(vocabulary=list(LETTERS)), folder)
    return folder


def free_port():
    """Return a port on which nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def environment(devices=1, process=None, processes=2, port=None, heartbeat=10, **more):
    """Return the environment of a process: with forced CPU devices, and one of several if it has a number."""
    found = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "TINYLM_HEARTBEAT": str(heartbeat)}
    found |= {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}", "PYTHONPATH": str(ROOT)}
    found |= {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
    if process is not None:
        found |= {"KERAS_DISTRIBUTION_JOB_ADDRESSES": f"127.0.0.1:{port}"}
        found |= {"KERAS_DISTRIBUTION_NUM_PROCESSES": str(processes), "KERAS_DISTRIBUTION_PROCESS_ID": str(process)}
    return found | more


class Process:
    """One process in a group of its own; what it says goes into two files."""

    def __init__(self, arguments, where, env, code=CHILD, eager=False):
        self.out, self.err = where.with_suffix(".out"), where.with_suffix(".err")
        command = [sys.executable, "-c", code.replace("from tiny", EAGER + "from tiny", 1) if eager else code]
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [*command, *map(str, arguments)], stdout=out, stderr=err, env=env, start_new_session=True
            )
        self.ended = None

    def said(self):
        return self.out.read_text() + self.err.read_text()

    def wait_for(self, words, timeout=300):
        """Wait until the process has said some words."""
        end = time.monotonic() + timeout
        while words not in self.said():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{words!r} was not said: {self.said()}")
            time.sleep(0.02)

    def wait(self, timeout=300):
        """Return the exit code."""
        code = self.process.wait(timeout)
        self.ended = time.monotonic()
        return code

    def kill(self, number=signal.SIGKILL):
        os.kill(self.process.pid, number)


@contextlib.contextmanager
def running(arguments, folder, processes=2, devices=1, eager=False, each=None, code=CHILD, **variables):
    """A context with the processes of one run; at its end they are killed with their groups.

    Args:
        arguments: list. The command line, the same for all.
        folder: `pathlib.Path` for what they say.
        each: Function from the number of a process to further arguments, or None.
        **variables: Further environment variables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, started = free_port(), []
    try:
        for number in range(processes):
            own = [] if each is None else each(number)
            env = environment(devices, number if processes > 1 else None, processes, port, **variables)
            started.append(Process([*arguments, *own], folder / f"process-{number}", env, code=code, eager=eager))
        yield started
    finally:
        for one in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait()


def weights(path, moments=True):
    """Return all numbers of a model file in one array, the optimizer's too unless `moments` is False."""
    from tinylm_keras import load_model

    model = load_model(path)
    values = [*model.get_weights(), *(np.asarray(one.value) for one in model.optimizer.variables if moments)]
    return np.concatenate([value.ravel().astype("float64") for value in values])
