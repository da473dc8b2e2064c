"""Chooses the engine: numpy, which starts at once, or Keras, whose loop is faster once it is compiled."""

import importlib.util
import os

from tinylm_keras import _checks
from tinylm_keras.cli import _console

ENGINES = ("auto", "numpy", "keras")

# Keras takes 7 CPU seconds to be imported and to compile, and then a third to a half of numpy's time where steps are
# short. So it is faster in total if numpy would take longer than this many seconds.
LONGEST = 15

# Seconds of numpy on one core, measured with `python -m benchmarks runtime` and with prompts of up to 2,048 tokens:
STEP = 3e-4  # a step in the loop, whatever it computes
ROW = 2e-5  # each row of a step
PRODUCT = 5e-11  # a multiplication, with rows or positions computed together
READ = 2.7e-10  # a number read from memory: the cache of keys and values, and weights beyond the first million
IN_CACHE = 1_000_000  # weights that the processor's cache holds


def check(engine, settings):
    """Refuse an unknown engine, or one that cannot do what is asked."""
    _checks.one_of("engine", engine, ENGINES)
    if engine == "numpy" and "quantize" in settings:
        rule = ["must be left out with ", _checks.Argument("engine", "numpy")]
        raise _checks.refuse("quantize", rule, settings["quantize"], error=_console.BadInput)


def load(path, engine, settings, prompts, samples=1, calls=1):
    """Open the model meant by `path` with an engine.

    Args:
        path: str.
        engine: str. One of `ENGINES`.
        settings: dict. What `generate` is called with.
        prompts: list of str.
        samples: int. Number of texts for each prompt.
        calls: int. Number of times that `generate` is called with all prompts.

    Returns:
        The model, its file, the SHA-256 of what was loaded, and the name of the engine.
    """
    if "max_new_tokens" in settings:
        _checks.whole_number("max_new_tokens", settings["max_new_tokens"], 0, _checks.MAXIMUM_NEW_TOKENS)
    has_keras = importlib.util.find_spec("keras") is not None
    if engine == "keras" or "quantize" in settings:
        if not has_keras:
            name = "engine" if engine == "keras" else "quantize"
            rule = "needs Keras, which is not installed here"
            given = settings.get(name, engine)
            raise _checks.refuse(name, rule, given, "Run: pip install tinylm-keras", error=_console.BadInput)
        return *_console.load_with_digest(path), "keras"
    file = _console.model_file(path)
    limit_threads()
    from tinylm_keras import runtime

    model = runtime.load(file, digest=True)
    if engine == "auto" and has_keras:
        count = settings.get("max_new_tokens", model.generation_defaults.get("max_new_tokens", 64))
        if model.file.precision != "float32" or _is_long(model, prompts * samples, count, calls):
            return *_console.load_with_digest(path), "keras"
    return model, file, model.file.sha256, "numpy"


def _is_long(model, prompts, new_tokens, calls):
    """Whether numpy takes longer than `LONGEST`. Prompts are tokenized only if their bytes leave that open."""
    most = [len(prompt.encode("utf-8", "replace")) + 1 for prompt in prompts]  # no token is shorter than a byte
    if model.tokenizer is None or seconds(model, most, new_tokens, calls) <= LONGEST:
        return False
    lengths = {prompt: len(model.prompt_ids(prompt)) for prompt in set(prompts)}
    return seconds(model, [lengths[prompt] for prompt in prompts], new_tokens, calls) > LONGEST


def seconds(model, lengths, new_tokens, calls=1):
    """Estimate how long numpy takes to read prompts and to write a text after each.

    Args:
        model: `runtime.Model`.
        lengths: list of int. Number of tokens of each prompt.
        new_tokens: int. Number of tokens of each text.
        calls: int. How often all of this is done.
    """
    context, weights, kept = model.context_length, model.file.weights.total, model.network.cached_numbers
    lengths = [min(length, model.receptive_field) for length in lengths]
    shortest, longest, rows = min(lengths), max(lengths), len(lengths)

    def together(positions):  # of one row, as its prompt or its window
        return PRODUCT * positions * (weights + kept * min(positions, context) / 2)

    # All rows take a step together, from the end of the shortest prompt on.
    steps, visible = longest - shortest + new_tokens, min(context, longest + new_tokens)
    step = STEP + READ * max(0, weights - IN_CACHE) + rows * (ROW + PRODUCT * weights + READ * kept * visible)
    past = 0 if model.sliding_window_cache else min(steps, max(0, longest + new_tokens - context))
    window = STEP + rows * (ROW + together(context))  # past the context, each step computes the whole window
    return calls * (rows * together(shortest) + (steps - past) * step + past * window)


def limit_threads():
    """Let numpy compute with one thread; must be called before numpy is imported.

    Its products are too small to share. With two threads and other programs running, 10.65 million weights wrote 17
    tokens a second, and 100 with one.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
