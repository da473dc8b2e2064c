"""Our models without Keras: `tinylm_keras.runtime`."""

import itertools
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as on the command line

from benchmarks.measuring import repeat, serve
from tinylm_keras import runtime


def generation(path, prompts, new_tokens, budget):
    """New text with `runtime.Model.generate`."""
    model, seeds = runtime.load(path), itertools.count()
    return repeat(lambda: model.generate([[2]] * prompts, new_tokens, seed=next(seeds)), budget)


if __name__ == "__main__":
    serve(generation)
