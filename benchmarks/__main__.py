"""`python -m benchmarks JOB …`: finds the job's file and runs its `main`."""

import importlib
import sys

JOBS = {
    "generation": "tokens per second of new text, against keras-nlp and nanoGPT",
    "training": "seconds per training step, against keras-nlp and nanoGPT",
    "loss": "wall time to the loss that nanoGPT's small character model ends with",
    "texts": "bits per character after some minutes on texts of your own, against counting and nanoGPT",
    "memory": "peak memory of a training step with a large vocabulary, against plain Keras",
    "prepare": "text to token files: speed and memory",
    "loading": "what the check of a model's file costs, and hostile files at most",
    "startup": "how long the command line takes to answer",
    "runtime": "`tinylm generate` with numpy and with Keras: time to start, speed, and whether they write the same",
    "gpu": "tokens per second and time to a loss on one device, with JAX and without TensorFlow",
    "machine": "what this machine can do at most: products and memory",
}


def main(argv=None):
    """Run one job with the rest of the arguments; return the exit code."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help"):
        print("usage: python -m benchmarks JOB [options]; python -m benchmarks JOB --help explains a job\n")
        print("\n".join(f"  {job:12}{what}" for job, what in JOBS.items()))
        return 0
    if name not in JOBS:
        print(f"`job` must be one of {', '.join(JOBS)}. Received: job={name!r}.", file=sys.stderr)
        return 2
    module = importlib.import_module(f"benchmarks.{name}")  # only now: each job imports what it alone needs
    sys.argv = [f"python -m benchmarks {name}", *rest]
    return module.main() or 0


if __name__ == "__main__":
    sys.exit(main())
