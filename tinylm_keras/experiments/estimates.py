"""How long runs take, before they begin."""

from tinylm_keras.generation.compile import always_compiles
from tinylm_keras.training import environment, plan, start

# Seconds of a run besides its arithmetic: to compile without and with XLA, and to start each step.
COMPILING, COMPILING_XLA, STARTING = 4.0, 12.0, 0.002

# Factor for evaluations, and the share of the speed of large matrix products that small models reach.
EVALUATING, USABLE = 1.15, 0.4


def expected(recipe, corpus):
    """Return the expected seconds of a run on this machine, and its number of updates.

    Args:
        recipe: `Recipe` with steps or epochs.
        corpus: `Corpus`.
    """
    kind = environment.device()[0]
    share = plan.NOMINAL_RATE[kind] / (USABLE * environment.speed())
    batches, batches_per_epoch = corpus.train_batches(recipe)
    parameters = start.new_model(recipe, corpus.tokenizer).count_params()
    tokens = batches.batch_size * batches.length
    sizes = {"batches_per_epoch": batches_per_epoch, "tokens_per_batch": tokens, "parameters": parameters}
    planned = plan.make(recipe, **sizes, device=kind, always_compiles=always_compiles())
    work = planned.estimated_seconds * share + planned.steps * STARTING
    return work * EVALUATING + (COMPILING_XLA if planned.jit_compile else COMPILING), planned.steps
