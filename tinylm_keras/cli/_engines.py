"""Which engine writes: numpy, which starts at once, or Keras, whose compiled loop is faster once it is compiled."""

import importlib.util
import os

from tinylm_keras import _checks
from tinylm_keras.cli import _console

ENGINES = ("auto", "numpy", "keras")

# From so many seconds on that numpy would take, Keras is faster in total: it takes 7 CPU seconds to be imported and to
# compile, and then a third to a half of numpy's time where steps are short. Measured with `python -m benchmarks
# runtime` on two cores: 0.8 million weights take numpy 0.33 ms a token for one prompt and 0.07 ms for 50 prompts, and
# Keras 0.1 and 0.04 ms; 10.65 million 3.5 and 0.7 ms, and Keras as much.
LONGEST = 15
# What one step costs numpy at all, what each row of it costs, and each of the row's products, in seconds.
STEP, ROW, PRODUCT = 3e-4, 2e-5, 6e-11


def check(engine, settings):
    """Refuse an engine that there is not, or that cannot do what is asked."""
    _checks.one_of("engine", engine, ENGINES)
    if engine == "numpy" and "quantize" in settings:
        rule = ["must be left out with ", _checks.Argument("engine", "numpy")]
        raise _checks.refuse("quantize", rule, settings["quantize"], error=_console.BadInput)


def load(path, engine, settings, rows):
    """Open the model meant by `path` with an engine.

    Args:
        path: str.
        engine: str. One of `ENGINES`.
        settings: dict. What `generate` is called with.
        rows: int. How many texts are written in all.

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
        if model.file.precision != "float32" or seconds(model, rows, count) > LONGEST:
            return *_console.load_with_digest(path), "keras"
    return model, file, model.file.sha256, "numpy"


def seconds(model, rows, new_tokens):
    """About how long numpy takes to write `rows` texts of so many tokens with a `runtime.Model`."""
    products = model.file.weights.total
    past = 0 if model.sliding_window_cache else max(0, new_tokens - model.context_length)
    computed = new_tokens - past + past * model.context_length  # past the context, each token computes the whole window
    return new_tokens * STEP + rows * (new_tokens * ROW + computed * products * PRODUCT)


def limit_threads():
    """Let numpy compute with one thread: called before it is imported.

    Its products are too small to share. With two threads and other programs running, 10.65 million weights wrote 17
    tokens a second, and 100 with one.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
