"""Exported graphs in ONNX Runtime and LiteRT: logits at several lengths."""

import json
import pathlib
import sys

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter


def onnx(path):
    session = onnxruntime.InferenceSession(path)
    [entry] = session.get_inputs()
    return lambda ids: session.run(None, {entry.name: ids})[0]


def litert(path):
    runner = Interpreter(path).get_signature_runner()
    [entry] = runner.get_input_details()
    return lambda ids: next(iter(runner(**{entry: ids}).values()))


def main(root):
    good = True
    for path in sorted(root.glob("preset_*.json")):
        arrays, facts = np.load(path.with_suffix(".npz")), json.loads(path.read_text(encoding="utf-8"))
        for name, load in ((".onnx", onnx), (".tflite", litert)):
            file = path.with_suffix(name)
            if not file.exists():
                continue
            run, worst = load(str(file)), 0.0
            for length in (1, 7, arrays["ids"].shape[1]):
                # What comes later changes nothing before it, so one row of logits serves for every length.
                logits = run(np.ascontiguousarray(arrays["ids"][:1, :length]))
                worst = np.maximum(worst, np.abs(logits - arrays["logits"][:1, :length]).max())  # NaN stays
            print(f"{file.name:40} logits {worst:.1e} of {np.abs(arrays['logits']).max():.1f}")
            good &= bool(worst <= 1e-5)
        if facts["refused"]:
            print(f"{path.stem:40} {facts['refused']}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
