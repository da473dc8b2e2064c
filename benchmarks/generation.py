"""How fast one prompt is continued, with the cache and without it, both compiled: `python -m benchmarks.generation`.

The shape is the small one of nanoGPT: 4 blocks, 4 heads, 128 wide, context 64, 65 tokens, 0.8 M parameters. Each arm
runs in fresh processes, the arms alternate, and what counts is the median over the processes. CPU seconds stand beside
wall seconds, because on a shared machine a process may get one core.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

SHAPE = {
    "vocabulary_size": 65,
    "context_length": 64,
    "embed_dim": 128,
    "num_heads": 4,
    "feed_forward_dim": 512,
    "num_blocks": 4,
    "norm": "pre",
    "activation": "gelu",
}
NEW_TOKENS = 63
ARMS = ("cached", "uncached")


def measure(arm, repeats):
    """In this process: compile once, then time `repeats` texts of 63 new tokens; return tokens per second."""
    import numpy as np

    from tinylm_keras.models import LanguageModel, MiniLM

    class Uncached(MiniLM):
        """The same model with the default cache of the base class: the ids, read again for each token."""

        step = LanguageModel.step
        empty_cache = LanguageModel.empty_cache

    model = (MiniLM if arm == "cached" else Uncached)(**SHAPE)
    prompt = np.array([1], "int32")
    began = time.perf_counter()
    model.generate(prompt, max_new_tokens=NEW_TOKENS, seed=0)
    compile_seconds = time.perf_counter() - began
    wall, cpu = [], []
    for seed in range(repeats):
        began, began_cpu = time.perf_counter(), time.process_time()
        model.generate(prompt, max_new_tokens=NEW_TOKENS, seed=seed)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    return {
        "tokens_per_second": NEW_TOKENS / statistics.median(wall),
        "tokens_per_cpu_second": NEW_TOKENS / statistics.median(cpu),
        "compile_seconds": compile_seconds,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--processes", type=int, default=5, help="fresh processes per arm")
    parser.add_argument("--repeats", type=int, default=50, help="texts per process")
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.arm:
        print(json.dumps(measure(arguments.arm, arguments.repeats)))
        return
    results = {arm: [] for arm in ARMS}
    for _ in range(arguments.processes):
        for arm in ARMS:
            command = [sys.executable, "-m", "benchmarks.generation", "--arm", arm, "--repeats", str(arguments.repeats)]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            results[arm].append(json.loads(output.splitlines()[-1]))
    print(f"{'arm':10} {'tokens/s: median':>18} {'min':>8} {'max':>8} {'per CPU second':>16} {'first call':>12}")
    medians = {}
    for arm, rows in results.items():
        speeds = [row["tokens_per_second"] for row in rows]
        medians[arm] = statistics.median(speeds)
        cpu = statistics.median(row["tokens_per_cpu_second"] for row in rows)
        first = statistics.median(row["compile_seconds"] for row in rows)
        print(f"{arm:10} {medians[arm]:18,.0f} {min(speeds):8,.0f} {max(speeds):8,.0f} {cpu:16,.0f} {first:10.1f} s")
    print(f"cached / uncached: {medians['cached'] / medians['uncached']:.1f}")


if __name__ == "__main__":
    main()
