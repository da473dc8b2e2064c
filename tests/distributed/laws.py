"""Two devices in one process against one, for each way to train. No TensorFlow: `processes.LAWS` forbids its import."""

import json
import pathlib
import sys
import time

import numpy as np

import tinylm_keras as tlm
from tests.distributed import TEXTS, TINY

PRE = {"norm": "pre", "dropout": 0.1, "global_clipnorm": 0.3, "optimizer": "adamw"}
WAYS = {
    "adamw, clip, dropout, packed": {**PRE, "distribute": "data"},
    "muon, padded": {**PRE, "optimizer": "muon", "layout": "padded", "distribute": "data"},
    "accumulation, chunked loss": {**PRE, "gradient_accumulation_steps": 2, "distribute": "data", "chunks": True},
    "rotary": {"model": "rotary", "distribute": "data"},
    "model=2": {**PRE, "distribute": "model=2"},
    "model=2, rotary": {"model": "rotary", "distribute": "model=2"},
}


def compare(settings, folder, steps=40):
    """Train on one device and on two; return the differences."""
    settings = dict(settings)
    distribute, chunks = settings.pop("distribute"), settings.pop("chunks", False)
    if chunks:
        tlm.MiniLM.LOGITS_AT_ONCE = 0
    runs, models, texts = [], [], []
    for number, how in enumerate((None, distribute)):
        out = folder / str(number)
        more = {"steps": steps, "evaluate_every": steps // 2, "distribute": how}
        model = tlm.train(TEXTS, out=out, progress=None, **{**TINY, **settings, **more})
        rows, _ = tlm.training.run_folder.read(out)
        runs.append(rows[-1])
        texts.append(model.generate("ab", max_new_tokens=20, seed=1, temperature=0))
        models.append([tlm.load_model(out / "last.keras").get_weights(), model])
    one, two = (np.concatenate([w.ravel().astype("float64") for w in weights]) for weights, _ in models)
    models[1][1].fit(tlm.data.lines(TEXTS, models[1][1].tokenizer, context_length=32, batch_size=8), verbose=0)
    return {
        "loss": abs(runs[0]["loss"] - runs[1]["loss"]) / runs[0]["loss"],
        "val_loss": abs(runs[0]["val_loss"] - runs[1]["val_loss"]) / runs[0]["val_loss"],
        "weights": float(np.abs(one - two).max()),
        "moved": float(np.abs(one).max()),
        "same text": texts[0] == texts[1],
        "losses": [run["val_loss"] for run in runs],
    }


def main():
    """Print a line of JSON for each way that is named, or for all: FOLDER STEPS [NAME…]."""
    target, steps, *names = sys.argv[1:]
    for name in names or WAYS:
        began = time.monotonic()
        found = compare(WAYS[name], pathlib.Path(target, name.replace(" ", "-")), int(steps))
        print(json.dumps({"way": name, **found, "seconds": round(time.monotonic() - began)}), flush=True)
