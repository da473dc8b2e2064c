"""Kills during a save. Run by `python -m tests.kills`, on Keras's numpy backend, which survives a fork."""

import collections
import os
import pathlib
import random
import signal
import sys
import time

import keras
import numpy as np

import tinylm_keras as tlm
from tinylm_keras import _files


def main(folder, kills, seed):
    """Return 1 if a file was ever lost or mixed, else 0."""
    numbers, path, counts = random.Random(seed), pathlib.Path(folder) / "model.keras", collections.Counter()
    model = tlm.MiniLM(
        tokenizer=tlm.WhitespaceTokenizer(vocabulary=["a", "b"]), context_length=32, embed_dim=64, num_blocks=2
    )
    fill(model, 0)
    model.save(path)
    began = time.monotonic()
    model.save(path)
    longest = 5 * (time.monotonic() - began)  # a kill falls anywhere in the first saves
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            save_by_turns(model, path)
        time.sleep(numbers.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        counts["amid a save"] += any(path.parent.glob(".*.tmp.keras"))
        counts[judge(path)] += 1
        _files.sweep(path)
        counts["temporary files left after sweeping"] += any(path.parent.glob(".*.tmp.keras"))
    counts["lost"] += 0
    print(
        f"saving: {kills} kills; " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())), flush=True
    )
    return 1 if counts["lost"] or counts["temporary files left after sweeping"] else 0


def fill(model, number):
    for weight in model.weights:
        weight.assign(np.full(weight.shape, number, "float32"))


def save_by_turns(model, path):
    while True:
        for number in (1, 2):
            fill(model, number)
            model.save(path)


def judge(path):
    """Return what the file holds: one of the models, or "lost"."""
    try:
        arrays = [keras.ops.convert_to_numpy(weight) for weight in tlm.load_model(path).weights]
    except Exception as error:  # whatever it is, the model is lost
        print(f"lost: {error}", flush=True)
        return "lost"
    values = {float(value) for array in arrays for value in np.unique(array)}
    return {(0.0,): "first model", (1.0,): "model 1", (2.0,): "model 2"}.get(tuple(values), "lost")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
