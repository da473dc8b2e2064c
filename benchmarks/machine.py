"""The machine that figures were measured on, and what it can do at most: `python -m benchmarks machine`."""

import functools
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
import time

from benchmarks import measuring

PACKAGES = ("tinylm-keras", "keras", "tensorflow", "jax", "keras-hub", "numpy")


def facts():
    """Return what the machine and the installed software are called."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    git = ["git", "-C", str(measuring.ROOT), "describe", "--always", "--dirty"]
    try:
        versions["commit"] = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        versions["commit"] = "unknown"
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "usable_cores": cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_average": os.getloadavg()[0],
        "versions": versions,
    }


def _processor():
    """The processor's name; Linux says more than Python does, with the vector instructions that matter."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return platform.processor() or platform.machine()
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    known = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in fields.get("flags", "").split()]
    place = f"family {fields.get('cpu family')}, model {fields.get('model')}"
    return f"{fields.get('model name', platform.machine())} ({place}; {', '.join(known)})"


def cores():
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def measured_limits():
    """Return `limits()` of a fresh process."""
    return measuring.Arm("limits", measuring.task("benchmarks.machine", "limits")).run()


def limits():
    """Return the fastest products and reads that this process sees.

    float32_gflops, bfloat16_gflops: a product of two square matrices, by numpy or TensorFlow, whichever is faster.
    memory_gb_per_s, cache_gb_per_s: a matrix of 1 GB, or of 3 MB, times a vector, which reads it once, as a new token
    reads the weights.
    """
    import numpy as np

    side = 2048
    square = np.random.default_rng(0).random((side, side), "float32")
    results = {"float32_gflops": [_best(lambda: square @ square)], "bfloat16_gflops": []}
    if importlib.util.find_spec("tensorflow"):
        import tensorflow as tf

        for dtype in ("float32", "bfloat16"):
            tensor = tf.cast(square, dtype)
            product = functools.partial(lambda one: tf.matmul(one, one).numpy(), tensor)
            results[f"{dtype}_gflops"].append(_best(product))
    rates = {name: 2 * side**3 / min(seconds) / 1e9 for name, seconds in results.items() if seconds}
    for name, rows, columns in (("memory_gb_per_s", 8192, 32768), ("cache_gb_per_s", 512, 1536)):
        matrix, vector = np.ones((rows, columns), "float32"), np.ones(columns, "float32")
        calls = max(1, int(3e8 / matrix.nbytes))
        rates[name] = calls * matrix.nbytes / _best(_calls(matrix, vector, calls)) / 1e9
    return rates


def _calls(matrix, vector, calls):
    def run():
        for _ in range(calls):
            matrix @ vector

    return run


def _best(call, times=7):
    call()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def lines(found, most):
    """Return the lines that stand above every table."""
    load = f"load {found['load_average']:.1f} at the start"
    text = [
        f"Machine: {found['processor']}, {found['usable_cores']} of {found['cores']} cores used, "
        f"{found['memory_gb']:g} GB, {found['system']}, {load}",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in found["versions"].items()),
    ]
    if most:
        text.append(
            f"Limits: {most['float32_gflops']:,.0f} GFLOP/s in float32"
            + (f", {most['bfloat16_gflops']:,.0f} in bfloat16" if "bfloat16_gflops" in most else "")
            + f"; {most['memory_gb_per_s']:.0f} GB/s from memory, {most['cache_gb_per_s']:.0f} from 3 MB in the cache"
        )
    return text


def main():
    arguments = measuring.parser(__doc__).parse_args()
    return measuring.run("machine", [], arguments)


if __name__ == "__main__":
    measuring.serve(limits) if len(sys.argv) > 1 and sys.argv[1].startswith("{") else sys.exit(main())
