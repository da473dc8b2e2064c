"""Connects the processes of a run, as their launcher describes them, and tells what an error of a connection is."""

import hashlib
import os
import pathlib
import re
import time

from tinylm_keras import _checks, _files, _locks
from tinylm_keras._small_files import read_small

# After so many seconds without a sign of life, JAX takes a process for lost.
HEARTBEAT = 30

# Seconds to wait for a file of another host: network file systems remember for a while that there was none.
PATIENCE = 10.0

VARIABLES = tuple(f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID"))

# By these JAX knows a launcher of several processes: Slurm, Open MPI, Kubernetes.
LAUNCHERS = ("SLURM_STEP_NODELIST", "OMPI_COMM_WORLD_SIZE", "JOB_COMPLETION_INDEX")

# Words of the errors with which JAX reports that another process is gone.
LOST = ("Gloo", "Connection reset", "Connection closed", "heartbeat", "UNAVAILABLE", "coordination service", "NCCL")


def parse(distribute):
    """Return how many devices hold one copy of the model; None without a distribution.

    Example:

    >>> parse("data"), parse("model=2"), parse(None)
    (1, 2, None)
    """
    if distribute is None:
        return None
    if distribute == "data":
        return 1
    found = re.fullmatch(r"model=([0-9]{1,4})", distribute) if isinstance(distribute, str) else None
    if found is None or int(found[1]) < 2:
        rule = "must be 'data', or 'model=N' with the number of devices that hold the model together, at least 2"
        raise _checks.refuse("distribute", rule, distribute)
    return int(found[1])


def connect():
    """Connect to the other processes, if a launcher has started several.

    The environment variables of `keras.distribution.initialize` describe them, or JAX finds them (Slurm, Open MPI,
    Kubernetes, Cloud TPU). TINYLM_HEARTBEAT sets the seconds after which a silent process counts as lost.

    Returns:
        The number of processes, the number of this one, and the number of devices of all.

    Raises:
        ValueError: if the description is incomplete.
        RuntimeError: if the other processes cannot be reached.
    """
    import jax

    if not jax.distributed.is_initialized():
        _initialize(jax)
    return jax.process_count(), jax.process_index(), jax.device_count()


def _initialize(jax):
    settings = _described_by_variables() | {"heartbeat_timeout_seconds": _heartbeat()}
    try:
        jax.distributed.initialize(**settings)
    except ValueError:
        if "coordinator_address" in settings:
            raise
        return  # no launcher: this process is alone
    except RuntimeError as error:
        if "must be called before" not in str(error):
            where = settings.get("coordinator_address", "found by JAX")
            raise RuntimeError(f"The processes of this run cannot connect ({where}): {_first_line(error)}") from None
        if "coordinator_address" in settings or any(name in os.environ for name in LAUNCHERS):
            raise RuntimeError("Start training before JAX computes: the processes cannot connect any more.") from None


def _described_by_variables():
    """Return the arguments of `jax.distributed.initialize` from the environment; none for JAX to find them."""
    addresses, number, process = (os.environ.get(name) for name in VARIABLES)
    if addresses is None and number is None and process is None:
        return {}
    hosts = [one.strip() for one in (addresses or "").split(",") if one.strip()]
    number = len(hosts) if number is None and len(hosts) > 1 else number
    if not hosts or number is None or process is None:
        missing = [name for name, one in zip(VARIABLES, (hosts, number, process), strict=True) if not one]
        raise _checks.refusal(f"{' and '.join(missing)} must be set too, or none of {', '.join(VARIABLES)}.")
    number, process = (_whole(name, value) for name, value in zip(VARIABLES[1:], (number, process), strict=True))
    if len(hosts) not in (1, number) or not 0 <= process < number:
        received = f"{len(hosts)} addresses, {number} processes, process {process}"
        raise _checks.refusal(f"{VARIABLES[0]} must have one address, or one for each process. Received: {received}.")
    if ":" not in hosts[0]:
        raise _checks.refusal(f"{VARIABLES[0]} must be HOST:PORT of process 0. Received: {hosts[0]}.")
    return {"coordinator_address": hosts[0], "num_processes": number, "process_id": process}


def _whole(name, value):
    try:
        return int(value)
    except ValueError:
        raise _checks.refusal(f"{name} must be a whole number. Received: {value}.") from None


def _heartbeat():
    seconds = os.environ.get("TINYLM_HEARTBEAT")
    return HEARTBEAT if not seconds else max(1, _whole("TINYLM_HEARTBEAT", seconds))


def described(processes):
    """Return the processes and their devices in words, such as "2 processes × 1 CPU"."""
    import jax

    devices = jax.local_devices()
    kind = "CPU" if devices[0].platform == "cpu" else devices[0].device_kind
    return f"{processes} {'process' if processes == 1 else 'processes'} × {len(devices)} {kind}"


def lock_digest(path):
    """Return a digest of the lock file of a folder; empty if there is none."""
    try:
        return hashlib.sha256(read_small(pathlib.Path(path, _locks.NAME), 1 << 16)).hexdigest()
    except (OSError, ValueError):
        return ""


def finds_lock(path, digest):
    """Whether the lock file of a folder has this digest, perhaps a little later."""
    end = time.monotonic() + PATIENCE
    while lock_digest(path) != digest:
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def is_lost(error):
    """Whether an error means that another process is gone."""
    while error is not None:
        if any(word in str(error) for word in LOST):
            return True
        error = error.__cause__ or error.__context__
    return False


def exit_code(error):
    """Return the exit code for an error, as the command line has it."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, (ValueError, TypeError)) or (isinstance(error, OSError) and not _files.is_of_the_disk(error)):
        return 2
    return 1


def _first_line(error):
    return " ".join(str(error).split())[:200]
