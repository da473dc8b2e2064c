"""How long a new process takes to answer: the command line, and what it imports.

The whole process is timed from outside. `tinylm generate` opens a saved 0.8 M model, compiles its loop and writes.
"""

import pathlib
import sys
import tempfile

from benchmarks import measuring, peers
from benchmarks.measuring import Row, WholeProcess

TINYLM = (sys.executable, "-m", "tinylm_keras")
IMPORTS = ("tinylm_keras", "keras", "keras_nlp", "tensorflow")


def rows(model):
    """Every row; `model` is the path of a saved 0.8 M model with a context of 64."""
    generate = [*TINYLM, "generate", model, "w1", "--seed", "1", "--max-new-tokens"]
    imports = [WholeProcess(f"import {name}", (sys.executable, "-c", f"import {name}")) for name in IMPORTS]
    return [
        Row(
            "generate",
            "generate: tinylm generate, 100 new tokens, 36 of them past the context of 64",
            _one(*generate, "100"),
        ),
        Row("within", "within: tinylm generate, 63 new tokens, within the context", _one(*generate, "63")),
        Row("help", "help: tinylm --help", _one(*TINYLM, "--help")),
        Row("imports", "imports: python -c 'import …'", imports, compare=False),
    ]


def _one(*command):
    return [WholeProcess("ours", tuple(command))]


def main():
    parser = measuring.parser(__doc__)
    parser.add_argument("--rows", nargs="+", choices=("generate", "within", "help", "imports"), help="default all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = str(pathlib.Path(folder, "small.keras"))
        peers.our_arms([("a model file", "file", {"path": model, "shape": "small"})])[0].run()
        return measuring.run("startup", measuring.choose_rows(rows(model), options.rows), options)


if __name__ == "__main__":
    sys.exit(main())
