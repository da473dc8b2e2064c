"""Training on several devices and in several processes, with Keras's distribution on the JAX backend.

The rest of the package knows one object, `Workers`: which process this is, whether it writes the files, and how all of
them stop. What it needs is in `connecting`, `division` and `agreed_stops`, and the rows of a process in
`data/shares.py`.
"""

import atexit
import contextlib
import hashlib
import json
import os
import sys

import keras
import numpy as np

from tinylm_keras import _checks, _streams
from tinylm_keras.recipe.recipe import Recipe
from tinylm_keras.training import connecting, division, start
from tinylm_keras.training.agreed_stops import AgreedInterrupts
from tinylm_keras.training.interrupts import Interrupts
from tinylm_keras.training.progress import choose
from tinylm_keras.training.run_folder import ReadFolder, RunFolder

FAILED = "failed: "


class Workers:
    """The processes and devices that train one model together; without arguments, this process on its own.

    Args:
        processes: int. Number of processes.
        process: int. Number of this process, from 0.
        devices: int. Devices of all processes together.
        model_parts: int. Devices that hold one copy of the model together.
        distribute: str or None. What the user has asked for.

    Attributes:
        several: bool. Whether there are several processes.
        writes: bool. Whether this process writes the files and shows progress.
        broken: bool. Whether this process has failed on its own, so that nothing may be computed together any more.
    """

    def __init__(self, processes=1, process=0, devices=1, model_parts=1, distribute=None):
        self.processes, self.process, self.devices, self.model_parts = processes, process, devices, model_parts
        self.distribute = distribute
        self.several, self.writes, self.broken = processes > 1, process == 0, False
        self._talks, self._has_agreed, self._exit_code = self.several, False, None

    @property
    def option(self):
        """The option to type again when the run is resumed, after a space; empty without a distribution."""
        return "" if self.distribute is None else f" --distribute {self.distribute}"

    def lines(self, batch_size):
        """Return the first lines of a run: processes, devices, and how a batch is divided."""
        if self.distribute is None:
            return []
        copies = self.devices // self.model_parts
        each = f"{batch_size // copies:,} for each"
        if self.model_parts > 1:
            each += f" copy of the model, which {self.model_parts} devices hold together"
        line = f"{connecting.described(self.processes)}, JAX, {batch_size:,} rows a batch: {each}"
        return [f"{line}; process 0 writes" if self.several else line]

    def check(self, recipe, init=None):
        """Refuse a recipe that these devices cannot train together."""
        if self.distribute is not None:
            division.check(self, recipe, init)

    def chosen(self, recipe):
        """Return the recipe that process 0 has chosen: others may find another, because they measure another speed."""
        return Recipe.from_json(self.gather(recipe.to_json())[0]) if self.several else recipe

    def of_first(self, value):
        """Return the value of process 0, which JSON can hold: where each process would decide by its own clock."""
        return json.loads(self.gather(json.dumps(value))[0]) if self.several else value

    def reporter(self, progress):
        """Return the reporter for `progress`; silence in the processes that do not write."""
        chosen = choose(progress)
        return chosen if self.writes else choose(None)

    def folder(self, path, overwrite=False):
        """Return the folder of the run: one that writes in process 0, one that only reads in all others."""
        return RunFolder(path, overwrite) if self.writes else ReadFolder(path)

    def interrupts(self):
        """Return the handler of signals for a run."""
        return AgreedInterrupts() if self.several else Interrupts()

    def gather(self, text):
        """Return the texts of all processes, in their order. All must call it.

        Raises:
            RuntimeError: if another process has failed; the message is that of its error.
        """
        texts = self._exchange(text)
        for number, one in enumerate(texts):
            if one.startswith(FAILED):
                self._has_agreed = True
                raise RuntimeError(f"Process {number} ended: {one.removeprefix(FAILED)}")
        return texts

    def find(self, **paths):
        """Refuse paths that some processes find and others do not."""
        if not self.several:
            return
        given = {name: path for name, path in paths.items() if isinstance(path, (str, os.PathLike))}
        found = self.gather("".join("+" if os.path.exists(path) else "-" for path in given.values()))
        for place, (name, path) in enumerate(given.items()):
            blind = [number for number, one in enumerate(found) if one[place] == "-"]
            if 0 < len(blind) < self.processes:
                self._has_agreed = True
                raise _checks.refuse(name, f"must exist for all processes, but {_named(blind)} not find it", path)

    def share(self, path, argument):
        """Refuse a folder of process 0 that another process does not see. Process 0 holds its lock."""
        if not self.several:
            return
        digest = self.gather(connecting.lock_digest(path) if self.writes else "")[0]
        sees = self.writes or connecting.finds_lock(path, digest)
        blind = [number for number, one in enumerate(self.gather("yes" if sees else "no")) if one == "no"]
        if blind:
            self._has_agreed = True
            rule = f"must be a folder that all processes share, but {_named(blind)} not see what process 0 writes there"
            raise _checks.refuse(argument, rule, os.fspath(path), "Use a shared file system.")

    def agree(self, **values):
        """Refuse to train together on different settings or texts."""
        if not self.several:
            return
        digests = [hashlib.sha256(repr(value).encode()).hexdigest()[:16] for value in values.values()]
        found = [one.split() for one in self.gather(" ".join(digests))]
        for place, name in enumerate(values):
            others = [number for number, one in enumerate(found) if one[place] != found[0][place]]
            if others:
                self._has_agreed = True
                raise _checks.refusal(
                    f"All processes must have the same {name}, but {_named(others, 'have another', 'has another')}. "
                    "Start them with the same command, on the same files."
                )
        self._talks = False  # from now on they compute together

    @contextlib.contextmanager
    def training(self, interrupts, where):
        """A context for the training itself: an error of this process alone is marked, and a lost process is named.

        Args:
            interrupts: The object of `interrupts`.
            where: Function that returns the step, and a clause about the intact files.
        """
        try:
            yield
        except BaseException as error:
            if not self.several:
                raise
            # A loss that is nan is seen by all; every other error is that of one process.
            lost = connecting.is_lost(error)
            self._has_agreed = not lost and (type(error) is RuntimeError or interrupts.agreed)
            self.broken = not self._has_agreed
            if lost:
                step, files = where()
                raise RuntimeError(f"{self._others()} gone, at step {step:,}; {files}") from error
            raise

    @contextlib.contextmanager
    def alone(self):
        """A context in which this process computes, and writes files, without the others."""
        if not self.several:
            yield
            return
        before = keras.distribution.distribution()
        keras.distribution.set_distribution(None)
        try:
            yield
        finally:
            keras.distribution.set_distribution(before)

    def loading(self):
        """Return a context in which a model is loaded: all processes draw the same numbers, also for its dropout."""
        return start.seeded(0) if self.several else contextlib.nullcontext()

    def released(self, model):
        """Return a trained model with its variables on one device, as without a distribution."""
        if self.distribute is None:
            return model
        rate = getattr(model.optimizer, "_learning_rate", None)
        variables = [*model.variables, *model.metrics_variables, *model.optimizer.variables]
        variables += [rate._sizes] if hasattr(rate, "_sizes") else []
        values = [keras.ops.convert_to_numpy(one) for one in variables]
        before = keras.distribution.distribution()
        keras.distribution.set_distribution(None)
        try:
            for variable, value in zip(variables, values, strict=True):
                variable._layout = None
                variable.assign(value)
        finally:
            keras.distribution.set_distribution(before)
        model.train_function = model.test_function = model.predict_function = None
        return model

    def end(self, error):
        """Called with the error that ends the run: no process may wait for another that is gone.

        Raises:
            RuntimeError: instead of an error of a connection, before training.
        """
        if not self.several or self._has_agreed:
            return
        lost = connecting.is_lost(error)
        if self._talks and not lost:  # the others learn of it at their next `gather`
            self._has_agreed = True
            self._exchange(FAILED + " ".join(str(error).split()))
            return
        self._exit_code = connecting.exit_code(error)
        if lost and not self.broken:
            raise RuntimeError(f"{self._others()} gone, before training; its own message says why") from error

    def leave(self):
        """At the end of the process: leave at once if it failed alone, because JAX would wait for all others."""
        if self._exit_code is not None:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()
            os._exit(self._exit_code)

    def _exchange(self, text):
        from jax.experimental import multihost_utils

        size = 1 << 14
        data = np.zeros(size, "uint8")
        encoded = text.encode("utf-8", "replace")[:size]
        data[: len(encoded)] = np.frombuffer(encoded, "uint8")
        with _streams.held_back(1):  # Gloo tells of its connections there
            rows = np.asarray(multihost_utils.process_allgather(data)).reshape(self.processes, size)
        return [bytes(row).rstrip(b"\0").decode("utf-8", "replace") for row in rows]

    def _others(self):
        others = [number for number in range(self.processes) if number != self.process]
        if len(others) == 1:
            return f"Process {others[0]} is"
        return f"One of the processes {', '.join(map(str, others))} is"


@contextlib.contextmanager
def started(distribute):
    """A context in which models are made and trained as `distribute` says; it yields the `Workers`.

    Args:
        distribute: None, "data" (each device has a copy of the model and a part of each batch) or "model=N" (N devices
            hold a copy together).

    Raises:
        ValueError: if it is another value, or needs another backend or other devices.
    """
    parts = connecting.parse(distribute)
    if parts is None:
        yield Workers()
        return
    if keras.config.backend() != "jax":
        backend = keras.config.backend()
        rule = f"needs the JAX backend, and this is {backend}"
        raise _checks.refuse("distribute", rule, distribute, "Set KERAS_BACKEND=jax in the environment.")
    workers = Workers(*connecting.connect(), parts, distribute)
    if workers.several:
        atexit.register(workers.leave)  # before JAX's own, which waits for all processes
    before = keras.distribution.distribution()
    try:
        keras.distribution.set_distribution(division.distribution(workers))
        yield workers
    except BaseException as error:
        workers.end(error)
        raise
    finally:
        keras.distribution.set_distribution(before)


def same(text, distribute):
    """Return the text of process 0, such as the name of a free folder, in all processes that train together."""
    if distribute is None or keras.config.backend() != "jax":
        return text
    workers = Workers(*connecting.connect(), distribute=distribute)
    return workers.gather(text)[0] if workers.several else text


def speaks(distribute):
    """Whether this process tells the user about the run."""
    return distribute is None or connecting.connect()[1] == 0


def _named(numbers, several="do", one="does"):
    if len(numbers) == 1:
        return f"process {numbers[0]} {one}"
    return f"processes {', '.join(map(str, numbers))} {several}"
