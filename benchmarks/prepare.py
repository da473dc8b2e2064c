"""How fast text becomes token files, and in how much memory: `python -m benchmarks prepare [--megabytes 300]`.

The text is made up: documents of sentences, their words drawn from 50,000 by a Zipf law. Each tokenizer runs in a fresh
process, on a tenth of the text and on all of it, so that one sees whether memory grows with the text. A vocabulary of
8,192 tokens is learned first, from the training part (90 %). CPU seconds stand beside wall seconds, because on a shared
machine a process may wait. The peak of memory includes what the imports take, mostly TensorFlow, which is shown too.

`--workers 2` does the same with so many processes of Apache Beam on this machine; their CPU seconds are then counted as
well, as far as they have ended in order, and the peak is that of the largest process.
"""

import argparse
import itertools
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

TOKENIZERS = {
    "whitespace": ("WhitespaceTokenizer", 8192),
    "word-punct": ("WordPunctTokenizer", 8192),
    "character": ("CharacterTokenizer", None),
    "byte-pair": ("BytePairTokenizer", 8192),
}
WORDS, SENTENCES = 50_000, 20  # different words; sentences in a document


def write_text(path, size, seed=0):
    """Write at least `size` bytes of made-up documents, a blank line between two."""
    import numpy as np

    generator = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    weights = 1 / np.arange(1, 27)
    lengths = generator.integers(2, 11, WORDS)
    spelled = ["".join(generator.choice(letters, length, p=weights / weights.sum())) for length in lengths]
    words = np.array(spelled, dtype=object)
    odds = 1 / np.arange(1, WORDS + 1)
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size:
            drawn = words[generator.choice(WORDS, 200_000, p=odds / odds.sum())]
            sentences = [" ".join(drawn[first : first + 12]).capitalize() + "." for first in range(0, len(drawn), 12)]
            documents = (" ".join(sentences[first : first + 20]) for first in range(0, len(sentences), SENTENCES))
            file.write("\n\n".join(documents) + "\n\n")


def measure(path, name, separator, workers=0):
    """In this process: prepare the file; return the seconds of reading, learning and writing, tokens, and memory."""
    import tinylm_keras as tlm

    kind, max_tokens = TOKENIZERS[name]
    tokenizer = getattr(tlm, kind)(max_tokens=max_tokens)
    before = _peak()
    stages, options = {}, [f"--direct_num_workers={workers}", "--direct_running_mode=multi_processing"]
    how = {"runner": "DirectRunner", "runner_options": options} if workers else {}

    def progress(stage, done, size, tokens):
        stages.setdefault(stage, (time.perf_counter(), _cpu()))

    with tempfile.TemporaryDirectory() as folder:
        token_files = tlm.data.prepare(
            path, tokenizer, pathlib.Path(folder) / "token_files", separator=separator, progress=progress, **how
        )
        ended = (time.perf_counter(), _cpu())
        tokens = len(token_files.train.ids) + len(token_files.validation.ids)
    marks = [*stages.values(), ended]
    wall, cpu = ([after[i] - one[i] for one, after in itertools.pairwise(marks)] for i in (0, 1))
    return {"wall": wall, "cpu": cpu, "tokens": tokens, "before": before, "peak": _peak()}


def _peak():
    largest = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return largest / (1e6 if sys.platform == "darwin" else 1e3)


def _cpu():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--tokenizers", nargs="+", choices=TOKENIZERS, default=list(TOKENIZERS))
    parser.add_argument("--workers", type=int, default=0, help="processes of Apache Beam; 0: without it")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure, "\n\n", arguments.workers)))
        return
    names = ("tokenizer", "MB", "learn MB/s", "per CPU s", "write MB/s", "per CPU s", "M tokens", "peak MB", "imports")
    print("".join(f"{name:>12}" for name in names))
    with tempfile.TemporaryDirectory() as folder:
        for size in (arguments.megabytes // 10, arguments.megabytes):
            path = pathlib.Path(folder) / f"{size}.txt"
            write_text(path, size * 10**6)
            for name in arguments.tokenizers:
                command = [sys.executable, "-m", "benchmarks.prepare", "--measure", str(path), name]
                command += ["--workers", str(arguments.workers)]
                output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
                _show(name, path.stat().st_size / 1e6, json.loads(output.splitlines()[-1]))


def _show(name, size, found):
    _, learn, write = found["wall"]
    _, learn_cpu, write_cpu = found["cpu"]
    speeds = (size / learn, size / learn_cpu, size / write, size / write_cpu, found["tokens"] / 1e6)
    speeds = "".join(f"{speed:12.1f}" for speed in speeds)
    print(f"{name:>12}{size:12.0f}{speeds}{found['peak']:12.0f}{found['before']:12.0f}", flush=True)


if __name__ == "__main__":
    main()
