"""Token files by the workers of Apache Beam are those of one process, to the byte, also if a worker is killed."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

TOKENIZERS = {
    "whitespace": ["--tokenizer", "whitespace", "--max-tokens", "200"],  # most words are unknown
    "word-punct": ["--tokenizer", "word-punct", "--end-token", "none"],
    "character": ["--tokenizer", "character"],
    "byte-pair": ["--tokenizer", "byte-pair", "--max-tokens", "600"],
}
WAYS = {
    "1 worker": ["--direct_num_workers=1"],
    "2 workers": ["--direct_num_workers", "2", "--direct_running_mode", "multi_processing"],
}
FILES = ("train.bin", "validation.bin", "index.json", "tokenizer.json")


def write_books(folder, megabytes):
    """Write some files of made-up words, one of them large, and return their folder."""
    pick = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyzäéß"
    words = ["".join(pick.choices(letters, k=pick.randint(1, 9))) for _ in range(5_000)]
    folder.mkdir()
    for name, share in (("a", 0.1), ("b", 0.7), ("c", 0.2)):
        with open(folder / f"{name}.txt", "w", encoding="utf-8") as file:
            while file.tell() < megabytes * share * 1e6:
                file.write(" ".join(pick.choices(words, k=40)) + ".\n\n")
    return folder


def start(books, out, tokenizer, *options):
    """Start `tinylm prepare` in a process of its own."""
    command = [sys.executable, "-m", "tinylm_keras", "prepare", books, "--out", out, *TOKENIZERS[tokenizer], *options]
    with open(f"{out}.said", "wb") as said:
        return subprocess.Popen(list(map(str, command)), stdout=said, stderr=said)


def check(tell, folder):
    """Compare every tokenizer and every number of workers with one process; then kill workers, and the whole command.

    Args:
        tell: Function that is called with whether a promise was kept, and a line about it.
        folder: `pathlib.Path`, empty.
    """
    books = write_books(folder / "books", 3)
    for tokenizer in TOKENIZERS:
        assert start(books, folder / tokenizer, tokenizer).wait() == 0
        for way, options in WAYS.items():
            out, began = folder / f"{tokenizer} by {way}", time.monotonic()
            code = start(books, out, tokenizer, "--runner", "DirectRunner", *options).wait()
            words = f"beam, {tokenizer}, {way}: ends with {code} after {time.monotonic() - began:.0f} s"
            tell(code == 0 and same(folder / tokenizer, out), f"{words}, the same four files")
    books = write_books(folder / "more books", 20)
    assert start(books, folder / "all", "whitespace").wait() == 0
    for what in ("a worker", "the command"):
        kill(tell, folder, books, what)


def kill(tell, folder, books, what):
    """Kill a worker, which starts again, or the command, which is given again, while the ids are written."""
    out, options = folder / f"killed {what}", ["--runner", "DirectRunner", *WAYS["2 workers"]]
    process = start(books, out, "whitespace", *options)
    parts = out.with_name(f"{out.name}.parts")
    while process.poll() is None and not list(parts.glob("*/write-*/0*.json")):
        time.sleep(0.05)
    os.kill(process.pid if what == "the command" else workers_of(parts)[0], signal.SIGKILL)
    code, before = process.wait(), len(list(parts.glob("*/write-*/0*.json")))
    if what == "the command":
        tell(code == -signal.SIGKILL and before, f"beam, {what} is killed: {before} units are done")
        process = start(books, out, "whitespace", *options)
        code = process.wait()
    said = pathlib.Path(f"{out}.said").read_text(encoding="utf-8")
    words = [line for line in said.splitlines() if "start again" in line]
    tell(code == 0 and same(folder / "all", out), f"beam, {what} is killed: the same four files. {' '.join(words)}")
    left = workers_of(parts) if parts.exists() else []
    tell(not left and not parts.exists(), f"beam, {what} is killed: {len(left)} processes are left, and no folder")


def workers_of(parts):
    """Return the numbers of the worker processes of a staging folder: the children of its pipeline's shells."""
    listed = subprocess.run(["ps", "-eo", "pid,pgid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    groups = {group for _, group, args in rows if "tinylm_keras.data.beam.pipeline" in args and str(parts) in args}
    return [
        int(pid) for pid, group, args in rows if group in groups and "sdk_worker_main" in args and "sh -c" not in args
    ]


def same(one, other):
    """Whether two folders have the same token files, to the byte."""
    return all((other / name).exists() and (one / name).read_bytes() == (other / name).read_bytes() for name in FILES)
