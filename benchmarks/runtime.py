"""The two engines of `tinylm generate`: numpy, and Keras's compiled loop: how fast, and whether they write the same.

Whole processes are timed from outside; speeds are those of later calls in one process. `same` counts how many of 100
seeded texts, at temperature 0.8 and of 64 tokens, both engines write alike, for five models with weights by chance.
"""

import pathlib
import sys
import tempfile

from benchmarks import measuring, peers
from benchmarks.measuring import Arm, Row, WholeProcess, task
from benchmarks.shapes import SHAPES

TINYLM = (sys.executable, "-m", "tinylm_keras")
LIGHT = "benchmarks.arms.light"
PROMPTS = {"one": 1, "many": 50}


def rows(folder, budget):
    """Every row; `folder` holds the model files `small.keras`, `words.keras` and `large.keras`."""
    small = f"{folder}/small.keras"
    write = (*TINYLM, "generate", small, "w1", "--seed", "1", "--max-new-tokens", "100", "--engine")
    found = [
        Row("generate", "generate: tinylm generate, 0.8 M, 100 new tokens, 36 past the context", _engines(*write)),
        Row("info", "info: tinylm info", [WholeProcess("ours", (*TINYLM, "info", small))]),
        Row("tokenize", "tokenize: tinylm tokenize", [WholeProcess("ours", (*TINYLM, "tokenize", "w1 w2"))]),
    ]
    for (key, prompts), shape in ((pair, shape) for pair in PROMPTS.items() for shape in SHAPES):
        new_tokens = SHAPES[shape].context_length - 1
        sizes = {"path": f"{folder}/{shape}.keras", "prompts": prompts, "new_tokens": new_tokens, "budget": budget}
        arms = [Arm("numpy", task(LIGHT, "generation", **sizes))]
        arms += peers.our_arms([("keras", "generation_of_file", sizes)])
        title = f"{key}-{shape}: {SHAPES[shape].title}, {prompts} prompts, {new_tokens} new tokens, in the context"
        found.append(Row(f"{key}-{shape}", title, arms, work=prompts * new_tokens, unit="tokens/s"))
    same = peers.our_arms([("numpy and keras", "same_texts", {"prompts": 100, "new_tokens": 64})])
    return [*found, Row("same", "same: 100 texts of each of five models", same, more=_shares, compare=False)]


def _engines(*command):
    return [WholeProcess(engine, (*command, engine)) for engine in ("numpy", "keras")]


def _shares(summary):
    """A line for each model: how many texts are the same."""
    [arm] = summary["arms"]
    return [f"{name}: {count} of 100 texts are the same" for name, count in arm["results"][0]["same"].items()]


def main():
    parser = measuring.parser(__doc__)
    keys = [row.key for row in rows("", 1)]
    parser.add_argument("--rows", nargs="+", choices=keys, help="default all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [
            ("a model file", "file", {"path": str(pathlib.Path(folder, f"{s}.keras")), "shape": s}) for s in SHAPES
        ]
        for arm in peers.our_arms(files):
            arm.run()
        return measuring.run("runtime", measuring.choose_rows(rows(folder, options.budget), options.rows), options)


if __name__ == "__main__":
    sys.exit(main())
