"""`scripts/distributed-check`: every promise of training on several devices and in several processes, with real ones.

Prints a line for each promise and ends with 1 if one was not kept. Names select parts: laws, long, processes, more,
choices, stops, kills, refusals, strategy, beam. Everything runs on CPU devices; two processes need about 25
seconds on two free cores.
"""

import json
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import numpy as np

from tests.distributed import beam, more, processes
from tests.distributed.processes import MODEL, Process, environment, running, weights
from tinylm_keras.training import run_folder

STEPS, WEIGHTS, LOSS, LONG_LOSS = 121, 1e-4, 1e-6, 1e-4


class Check:
    """The parts of the check, with a folder for their runs."""

    def __init__(self, folder):
        self.folder, self.failed = folder, 0
        self.tokens = processes.token_files(folder / "tokens")
        self.train = ["train", "--data", self.tokens, "--preset", "tinylm", *MODEL, "--distribute", "data"]
        self.train += ["--steps", STEPS, "--evaluate-every", 40]

    def tell(self, kept, words):
        self.failed += not kept
        print(f"{'ok    ' if kept else 'BROKEN'}  {words}", flush=True)

    def reference(self):
        """Return the folder of a run that was never stopped, in one process with two devices."""
        out = self.folder / "reference"
        if not out.exists():
            with running([*self.train, "--out", out], self.folder / "said-0", processes=1, devices=2) as started:
                code = started[0].wait()
            self.tell(code == 0, f"one process with two devices ends with {code}")
        return out

    def laws(self, steps=40):
        where = self.folder / "laws"
        one = Process([where, steps], where, environment(2), processes.LAWS)
        code = one.wait(1800)
        lines = [json.loads(line) for line in one.said().splitlines() if line.startswith('{"way"')]
        for found in lines:
            good = max(found["loss"], found["val_loss"]) <= LOSS and found["weights"] <= WEIGHTS and found["same text"]
            figures = (
                f"loss {found['loss']:.1e}, validation loss {found['val_loss']:.1e}, weights {found['weights']:.1e}"
            )
            self.tell(good, f"{found['way']}, {steps} steps: {figures}, the same text, {found['seconds']} s")
        self.tell(code == 0 and lines, f"laws end with {code}{'' if code == 0 else ': ' + one.said()[-1000:]}")

    def long(self):
        """400 steps on a text that the model does not exhaust, where rounding has time to grow."""
        tokens, rows, found = processes.token_files(self.folder / "long", 3_000), [], []
        for devices in (1, 2):
            command = ["train", "--data", tokens, "--preset", "tinylm", *MODEL, "--distribute", "data"]
            command += ["--steps", 400, "--evaluate-every", 200, "--out", self.folder / f"long-{devices}"]
            with running(command, self.folder / f"said-long-{devices}", 1, devices) as started:
                started[0].wait(1200)
            rows.append(run_folder.read(self.folder / f"long-{devices}")[0][-1])
            found.append(weights(self.folder / f"long-{devices}" / "last.keras", moments=False))
        worst = float(np.abs(found[0] - found[1]).max())
        losses = [abs(rows[0][name] - rows[1][name]) / rows[0][name] for name in ("loss", "val_loss")]
        words = f"loss {losses[0]:.1e}, validation loss {losses[1]:.1e}, weights {worst:.1e}"
        self.tell(max(losses) <= LONG_LOSS and worst <= WEIGHTS, f"adamw, clip, dropout, packed, 400 steps: {words}")

    def processes(self):
        out, began = self.folder / "two", time.monotonic()
        with running([*self.train, "--out", out], self.folder / "said-two", eager=True) as started:
            codes = [one.wait() for one in started]
            said = started[0].said()
        seconds = time.monotonic() - began
        self.tell(codes == [0, 0], f"two processes without TensorFlow end with {codes} in {seconds:.0f} s")
        self.tell("process 0 writes" in said.splitlines()[0], said.splitlines()[0])
        self.same(out, "two processes, a checkpoint after every step of process 0 alone")

    def same(self, out, words):
        pairs = [(weights(out / name), weights(self.reference() / name)) for name in ("last.keras", "model.keras")]
        worst = max(float(np.abs(one - other).max()) for one, other in pairs)
        self.tell(worst == 0, f"{words}: worst difference {worst:.1e}")

    def more(self):
        more.check(self)

    def choices(self):
        """What process 0 decides for all, and what each does for itself."""
        out, began = self.folder / "minutes", time.monotonic()
        command = [*self.train[:-4], "--minutes", 1, "--mix-counts", "true", "--out", out]
        with running(command, self.folder / "said minutes") as started:
            codes = [one.wait(180) for one in started]
            said, seconds = started[0].said(), time.monotonic() - began
        words = [line for line in said.splitlines() if line.startswith(("Trained", "Mixed", "Counts do not help"))]
        self.tell(
            codes == [0, 0] and len(words) == 2, f"a minute and counts: {codes} in {seconds:.0f} s. {' '.join(words)}"
        )

    def stops(self):
        for worker in (0, 1):
            for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
                self.stop(worker, number, code)

    def stop(self, worker, number, code):
        name = f"{number.name} to worker {worker}"
        out, said = self.folder / name.replace(" ", "-"), self.folder / f"said {name}"
        with running([*self.train, "--out", out], said, eager=True) as started:
            started[0].wait_for("step 40 ")
            began = time.monotonic()
            started[worker].kill(number)
            codes = [one.wait() for one in started]
            words = [line for line in started[0].said().splitlines() if line.startswith("Stopped at")]
        wanted = [143, 143]
        wanted[worker] = code
        self.tell(codes == wanted, f"{name}: {codes} after {time.monotonic() - began:.1f} s. {' '.join(words)}")
        copy = shutil.copytree(out, self.folder / f"{out.name}-copy")
        if (worker, number) in ((1, signal.SIGTERM), (0, signal.SIGINT)):
            self.resume(out, 2, name)
        if (worker, number) == (1, signal.SIGTERM):
            self.resume(copy, 1, name)

    def resume(self, out, count, name):
        command = ["train", "--resume", out, "--distribute", "data"]
        with running(command, self.folder / f"said-again-{name}-{count}", count) as started:
            codes = [one.wait() for one in started]
            self.tell(
                set(codes) == {0},
                f"{name}, resumed in {count}: {codes} {started[0].said()[-300:] if any(codes) else ''}",
            )
        if count == 2:
            self.same(out, f"{name}, resumed in two")
            return
        one, other = (weights(run / "last.keras", moments=False) for run in (out, self.reference()))
        worst = float(np.abs(one - other).max())
        self.tell(worst <= WEIGHTS, f"{name}, resumed in one process with one device: worst difference {worst:.1e}")

    def kills(self):
        for worker in (1, 0):
            out, name = self.folder / f"kill-{worker}", f"SIGKILL to worker {worker}"
            with running([*self.train, "--out", out], self.folder / f"said {name}", eager=True) as started:
                started[0].wait_for("step 40 ")
                began = time.monotonic()
                started[worker].kill()
                other = started[1 - worker]
                code = other.wait(60)
                seconds, lines = time.monotonic() - began, other.err.read_text().splitlines()
            good = code == 1 if worker else code != 0
            good &= seconds < 20 and any(f"Process {worker} is gone" in line for line in lines)
            self.tell(good, f"{name}: the other ends with {code} after {seconds:.1f} s. {lines[-1:]}")
            if worker:
                self.tell(len(lines) == 1, f"{name}: {len(lines)} line")
            self.resume(out, 2, name)

    def refusals(self):
        batch = [*self.train, "--batch-size", 7]
        self.refused("an indivisible batch", batch, "Try --batch-size 8")
        self.refused("minutes", [*self.train[:-4], "--minutes", 0.001], "must leave time to train")
        self.refused(
            "TensorFlow",
            self.train,
            "Set KERAS_BACKEND=jax",
            1,
            code=processes.WITH_TENSORFLOW,
            KERAS_BACKEND="tensorflow",
        )
        self.refused(
            "a divided model over two processes", [*self.train, "--distribute", "model=2"], "several processes"
        )
        self.refused(
            "three parts", [*self.train, "--distribute", "model=3"], "divides the number of devices", processes=1
        )
        hosts = [self.folder / "host-0", self.folder / "host-1"]
        for host in hosts:
            host.mkdir()
        self.refused("a folder that is not shared", self.train, "share", each=lambda n: ["--out", hosts[n] / "run"])
        left = [path for host in hosts for path in host.rglob("*")]
        self.tell(not left, f"a folder that is not shared: {len(left)} files are left")
        self.refused("other settings", self.train, "must have the same settings", each=lambda n: ["--seed", n])

    def refused(self, name, command, words, processes=2, each=None, **variables):
        out = self.folder / f"refused {name}"
        if each is None or "--out" not in each(0):
            command = [*command, "--out", out]
        where = self.folder / f"said refused {name}"
        with running(command, where, processes, 2 if processes == 1 else 1, each=each, **variables) as started:
            codes = [one.wait(180) for one in started]
            lines = [one.err.read_text().splitlines() for one in started]
        good = codes == [2] * processes and all(len(one) == 1 and words in one[0] for one in lines) and not out.exists()
        self.tell(good, f"{name}: {codes} {lines[0][-1:] if good else lines}")

    def strategy(self):
        code = "from tests.distributed.strategy import main; main()"
        one = Process([], self.folder / "strategy", environment() | {"KERAS_BACKEND": "tensorflow"}, code)
        one.wait(180)
        self.tell(
            "must not run under a tf.distribute strategy" in one.said(), f"strategy: {one.out.read_text().strip()}"
        )

    def beam(self):
        folder = self.folder / "beam"
        folder.mkdir()
        beam.check(self.tell, folder)


def main():
    """Return 1 if a promise was not kept, else 0."""
    parts = ("laws", "long", "processes", "more", "choices", "stops", "kills", "refusals", "strategy", "beam")
    names = sys.argv[1:] or parts
    if set(names) - set(parts):
        print(f"The parts are: {', '.join(parts)}.")
        return 2
    sys.modules["tensorflow"] = sys.modules["tensorflow_text"] = None  # nothing here may need it
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it, and so would others
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        check = Check(pathlib.Path(folder))
        for name in names:
            getattr(check, name)()
    print(f"{check.failed} promises broken, in {time.monotonic() - began:.0f} s")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
