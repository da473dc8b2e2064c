"""Generation with a compiled loop, for `LanguageModel.generate` and `stream`; and `score`.

The parts that need no Keras (prompts, stop strings, random numbers) are in `tinylm_keras.writing`.
"""

from tinylm_keras import _checks
from tinylm_keras.generation import lower_precision
from tinylm_keras.generation.scoring import score as score
from tinylm_keras.generation.session import GenerationSession
from tinylm_keras.generation.sliding_window_session import SlidingWindowSession
from tinylm_keras.samplers import Sampler, resolve
from tinylm_keras.writing import texts
from tinylm_keras.writing.arguments import DEFAULTS as DEFAULTS
from tinylm_keras.writing.arguments import Arguments as Arguments
from tinylm_keras.writing.arguments import ReadOnly as ReadOnly
from tinylm_keras.writing.arguments import check_defaults as check_defaults
from tinylm_keras.writing.texts import can_begin as can_begin

__all__ = ["DEFAULTS", "Arguments", "ReadOnly", "can_begin", "check_defaults", "generate", "score", "stream"]

STACKLEVEL = 5  # from `writing` to the caller of the model's method


def generate(model, prompts, arguments):
    """See `LanguageModel.generate`; its other arguments are in `arguments`."""
    return texts.generate(model, prompts, arguments, _sessions(model, arguments), STACKLEVEL)


def stream(model, prompt, arguments):
    """See `LanguageModel.stream`."""
    return texts.stream(model, prompt, arguments, _sessions(model, arguments), STACKLEVEL)


def _sessions(model, arguments):
    """Return a function that creates the session of one call, for `writing`."""

    def begin(model, prompts, count, seed, allowed, first):
        sampler = resolve(arguments.sampler, arguments.rules, model.generation_defaults, model.vocabulary_size)
        if arguments.seed is not None and not isinstance(sampler, Sampler):
            raise _checks.refuse("seed", "must be set on the keras-nlp sampler itself", arguments.seed)
        stored = lower_precision.prepare(model, arguments.quantize)
        session = SlidingWindowSession if model.sliding_window_cache else GenerationSession
        return session(model, prompts, count, sampler, seed, allowed, first, stored)

    return begin
