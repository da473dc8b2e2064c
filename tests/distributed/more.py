"""Three processes, and two with two devices each: a part of `scripts/distributed-check`.

Each function takes the `Check`, for its folder, its command and its `tell`.
"""

import signal
import time

import numpy as np

from tests.distributed.processes import running, weights

ROUNDING = 1e-5


def check(parts):
    """Three processes, and two with two devices each, against one process with as many devices."""
    for processes_, devices, rows in ((3, 1, 9), (2, 2, 8)):
        name, runs = f"{processes_} processes × {devices} devices", []
        for count, each in ((processes_, devices), (1, processes_ * devices)):
            out = parts.folder / f"more-{count}-{each}"
            command = [*parts.train, "--batch-size", rows, "--out", out]
            with running(command, parts.folder / f"said {out.name}", count, each) as started:
                codes = [one.wait() for one in started]
                said = started[0].said()
            parts.tell(codes == [0] * count, f"{said.splitlines()[0]}: {codes}")
            runs.append(out)
        for file in ("last.keras", "model.keras"):
            one, other = (weights(run / file) for run in runs)
            worst = float(np.abs(one - other).max())
            # From three parts on, Gloo and one process add up the gradients in different orders.
            parts.tell(worst <= ROUNDING, f"{name} against one process, {file}: worst difference {worst:.1e}")
    stop(parts)
    kill(parts)


def stop(parts):
    out = parts.folder / "stop-three"
    command, said = [*parts.train, "--batch-size", 9, "--out", out], parts.folder / "said stop-three"
    with running(command, said, 3, eager=True) as started:
        started[0].wait_for("step 40 ")
        began = time.monotonic()
        started[2].kill(signal.SIGTERM)
        codes = [one.wait() for one in started]
        words = [line for line in started[0].said().splitlines() if line.startswith("Stopped at")]
    seconds = time.monotonic() - began
    parts.tell(codes == [143] * 3, f"SIGTERM to worker 2 of 3: {codes} after {seconds:.1f} s. {' '.join(words)}")
    with running(["train", "--resume", out, "--distribute", "data"], said / "again", 3) as started:
        codes = [one.wait() for one in started]
    pairs = [weights(parts.folder / name / "last.keras") for name in ("stop-three", "more-3-1")]
    worst = float(np.abs(pairs[0] - pairs[1]).max())
    parts.tell(codes == [0] * 3 and worst == 0, f"resumed in three: {codes}, worst difference {worst:.1e}")


def kill(parts):
    for worker in (1, 0):
        out = parts.folder / f"kill-three-{worker}"
        command = [*parts.train, "--batch-size", 9, "--out", out]
        with running(command, parts.folder / f"said kill-three-{worker}", 3, eager=True) as started:
            started[0].wait_for("step 40 ")
            began = time.monotonic()
            started[worker].kill()
            others = [one for number, one in enumerate(started) if number != worker]
            codes = [one.wait(60) for one in others]
            seconds, lines = time.monotonic() - began, [one.err.read_text().splitlines() for one in others]
        # Process 0 holds the connection of all: without it, JAX may abort the others before they can speak.
        good = seconds < 20 and all(codes)
        if worker:
            good &= codes == [1, 1] and all(len(one) == 1 and "is gone, at step" in one[0] for one in lines)
        good &= len(weights(out / "last.keras")) > 0
        words = " / ".join(one[0] for one in lines if one)[:400]
        parts.tell(good, f"SIGKILL to worker {worker} of 3: {codes} after {seconds:.1f} s. {words}")
