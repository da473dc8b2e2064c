"""What the check of a model's file costs, and what files that somebody might send can cost at most.

First a 10.65 M model with its optimizer is loaded, with the check and without it; then the check alone is timed. Then
every hostile file of `tests/archive` is refused, each in a fresh process: the slowest, and the one that takes most
memory above the interpreter with numpy.
"""

import pathlib
import resource
import sys
import tempfile
import time

from benchmarks import measuring, peers
from benchmarks.measuring import Arm, Row


def load(path, trusted, budget):
    """In a fresh process: load a model, the first time untimed."""
    import tinylm_keras as tlm

    return measuring.repeat(lambda: tlm.load_model(path, trusted=trusted), budget)


def check(path, budget):
    """In a fresh process: check a file that passes."""
    from tinylm_keras import archive

    return measuring.repeat(lambda: archive.check(path), budget)


def refuse(path):
    """In a fresh process: check a file that does not pass; return the seconds and the megabytes that it took."""
    from tinylm_keras import archive

    before, began, began_cpu = _peak(), time.perf_counter(), time.process_time()
    try:
        archive.check(path)
    except ValueError:
        times = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - began_cpu}
        return {**times, "megabytes": _peak() - before}
    raise RuntimeError(f"{path} was not refused.")


def _peak():
    """The most memory that this process has had, in megabytes."""
    try:  # on Linux, what `getrusage` says begins with the peak of the parent
        status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _arm(name, measure, **arguments):
    return Arm(name, measuring.task("benchmarks.loading", measure, **arguments))


def rows(path, budget):
    """Every row; `path` is the saved 10.65 M model."""
    arms = [_arm(name, "load", path=path, trusted=name == "trusted", budget=budget) for name in ("checked", "trusted")]
    size = pathlib.Path(path).stat().st_size / 1e6
    return [
        Row("load", f"load: load_model of a 10.65 M model with its optimizer, {size:.0f} MB", arms),
        Row("check", "check: the check alone", [_arm("ours", "check", path=path, budget=budget)]),
    ]


def refusals(folder):
    """Refuse every hostile file; return the lines to say about it."""
    from tests.archive import hostile

    path, found = str(pathlib.Path(folder, "hostile.keras")), {}
    for name, (make, _) in hostile.FILES.items():
        make(pathlib.Path(path))
        found[name] = _arm(name, "refuse", path=path).run()
    slowest = max(found, key=lambda name: found[name]["seconds"])
    largest = max(found, key=lambda name: found[name]["megabytes"])
    return [
        f"Refused: {len(found)} hostile files.",
        f"Slowest: {slowest}, {found[slowest]['seconds']:.2f} s ({found[slowest]['cpu_seconds']:.2f} s of CPU).",
        f"Most memory: {largest}, {found[largest]['megabytes']:.0f} MB.",
    ]


def main():
    options = measuring.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder, "large.keras"))
        file = {"path": path, "shape": "large", "optimizer": True}
        peers.our_arms([("a model file", "file", file)])[0].run()
        notes = refusals(folder)
        return measuring.run("loading", rows(path, options.budget), options, notes)


if __name__ == "__main__":
    measuring.serve(load, check, refuse) if len(sys.argv) > 1 and sys.argv[1].startswith("{") else sys.exit(main())
