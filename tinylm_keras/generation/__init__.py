"""Prompts to text: what `LanguageModel.generate`, `stream` and `score` do."""

import secrets
import warnings

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.generation import lower_precision
from tinylm_keras.generation.defaults import ReadOnly as ReadOnly
from tinylm_keras.generation.packing import CHUNK
from tinylm_keras.generation.prompts import Prompt, check_ids, read
from tinylm_keras.generation.scoring import score as score
from tinylm_keras.generation.session import GenerationSession
from tinylm_keras.generation.sliding_window_session import SlidingWindowSession
from tinylm_keras.generation.text_stream import TextStream
from tinylm_keras.samplers import Sampler, resolve

__all__ = ["DEFAULTS", "ReadOnly", "check_defaults", "generate", "score", "stream"]

DEFAULTS = {"max_new_tokens": 64, **Sampler().get_config()}
CHUNK_WITH_STOP = 16  # tokens between two looks for a stop string


def check_defaults(settings):
    """Return `settings` as a read-only dict, or raise unless each is a known setting of generation in its range."""
    settings = dict(settings)
    for name in settings:
        _checks.one_of("generation_defaults", name, (*DEFAULTS, "stop"))
    settings = {name: value for name, value in settings.items() if value is not None}
    if "max_new_tokens" in settings:
        _check_count(settings["max_new_tokens"])
    Sampler(**{name: value for name, value in settings.items() if name not in ("max_new_tokens", "stop")})
    if "stop" in settings:
        settings["stop"] = list(_check_stop(settings["stop"]))
    return ReadOnly(settings)


def generate(model, prompts, **settings):
    """See `LanguageModel.generate`."""
    rows, is_text, single = read(prompts)
    results = (_texts if is_text else _ids)(model, rows, **settings)
    return results[0] if single else results


def stream(model, prompt, **settings):
    """See `LanguageModel.stream`. The arguments are checked at once, not when the first piece is taken."""
    _checks.text("prompt", prompt)
    [prompt], _, _ = read(prompt)  # without what a subclass of str may add
    session, streams = _start_texts(model, [prompt], 5, **settings)
    return _pieces(session, streams[0], prompt)


def _pieces(session, text, prompt):
    if prompt:
        yield prompt
    while True:
        ids = session.advance(1)[0]
        piece = text.feed(ids, last=session.done)
        if text.stopped:
            session.finish(0)
        if piece:
            yield piece
        if session.done:
            return


def _texts(model, texts, **settings):
    """The texts that the prompts `texts` become, all rows in one batch."""
    if not texts:
        return []
    session, streams = _start_texts(model, texts, 6, **settings)
    size = CHUNK_WITH_STOP if streams[0].stop else CHUNK
    while True:
        fresh = session.advance(size)
        for row, (text, ids) in enumerate(zip(streams, fresh, strict=True)):
            text.feed(ids, last=session.done)
            if text.stopped:
                session.finish(row)
        if session.done:
            return [text.text for text in streams]


def _ids(model, rows, stop=None, **settings):
    """The ids that the prompts `rows` become, without the end token that ends one or begins an empty one."""
    if stop:
        raise _checks.refuse(
            "stop", "needs text prompts, because a stop string is text", stop, "Pass the prompt as str."
        )
    if not rows:
        return []
    rows = [check_ids("prompts", model, row) for row in rows]
    prompts = [Prompt(row if len(row) else model.after_end(row)) for row in rows]
    session = _start(model, prompts, **settings)
    results = [row.tolist() for row in rows]
    while True:
        for result, ids in zip(results, session.advance(CHUNK), strict=True):
            result.extend(ids)
        if session.done:
            return [np.array(result, "int32") for result in results]


def _start_texts(model, texts, stacklevel, stop=None, allow_unknown=False, **settings):
    """`stacklevel` leads from here to the caller of the model's method, which a warning should name."""
    tokenizer = model.tokenizer
    if tokenizer is None:
        raise _checks.refuse("prompt", "must be ids, because this model has no tokenizer", texts[0])
    stop = _check_stop(model.generation_defaults.get("stop", ()) if stop is None else stop)
    for warning in _doubts(tokenizer, texts, stop, allow_unknown):
        warnings.warn(warning, stacklevel=stacklevel)
    allowed = _allowed(model, allow_unknown)
    prompts = [Prompt.from_text(model, text, allowed) for text in texts]
    session = _start(model, prompts, allow_unknown=allow_unknown, **settings)
    return session, [TextStream(tokenizer, prompt.text, stop, prompt.held) for prompt in prompts]


def _doubts(tokenizer, texts, stop, allow_unknown):
    """What in the texts of one call will not do what its writer may think, one line each."""
    unknown = tokenizer.unknown_tokens(texts)
    if unknown:
        yield f"Words of the prompt that the model does not know: {_shown(word for word, _ in unknown.most_common())}."
    end = tokenizer.end_token
    if end is not None and end not in unknown and any(end in text for text in texts):
        yield f"The prompt holds the text {end!r}. In a text it is not the end token; to give that, pass ids."
    never = [text for text in stop if text != end and not tokenizer.can_write(text, allow_unknown)]
    if never:
        yield f"Stop strings that the model's tokenizer can never write, so they stop nothing: {_shown(never)}."


def _shown(words, most=5):
    words = list(map(repr, words))
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _start(
    model,
    prompts,
    max_new_tokens=None,
    temperature=None,
    top_k=None,
    top_p=None,
    min_p=None,
    repetition_penalty=None,
    seed=None,
    sampler=None,
    allow_unknown=False,
    quantize=None,
):
    """Check the arguments of one call; return the `GenerationSession` of these prompts."""
    defaults = {**DEFAULTS, **model.generation_defaults}
    count = _check_count(defaults["max_new_tokens"] if max_new_tokens is None else max_new_tokens)
    sampler = resolve(sampler, temperature, top_k, top_p, min_p, repetition_penalty, defaults, model.vocabulary_size)
    if seed is None:
        seed = secrets.randbits(32)
    elif not isinstance(sampler, Sampler):
        raise _checks.refuse("seed", "must be set on the keras-nlp sampler itself", seed)
    seed = _checks.whole_number("seed", seed, 0)
    if count and not all(len(prompt.ids) for prompt in prompts) and not model.first_tokens:
        raise ValueError(
            "`prompt` must hold at least one token, because this model has no end token to start from and no record of "
            "how its training texts began. Received: an empty prompt. Give a first word."
        )
    stored = lower_precision.prepare(model, quantize)
    rows, first = [prompt.ids[-model.receptive_field :] for prompt in prompts], [prompt.first for prompt in prompts]
    session = SlidingWindowSession if model.sliding_window_cache else GenerationSession
    return session(model, rows, count, sampler, seed, _allowed(model, allow_unknown), first, stored)


def _allowed(model, allow_unknown):
    """Which tokens may be written: not padding, and [UNK] only when asked for."""
    if allow_unknown is not None and not isinstance(allow_unknown, (bool, np.bool_)):  # "no" would count as true
        raise _checks.refuse("allow_unknown", "must be True or False", allow_unknown, error=TypeError)
    allowed = np.ones(model.vocabulary_size, bool)
    if model.tokenizer is not None:
        allowed[model.tokenizer.vocabulary_size() :] = False  # ids that the model has and the tokenizer cannot print
    for token in (model.pad_id, None if allow_unknown or model.tokenizer is None else model.tokenizer.unk_id):
        if token is not None and token < len(allowed):
            allowed[token] = False
    return allowed


def _check_count(value):
    return _checks.whole_number("max_new_tokens", value, 0, _checks.MAXIMUM_NEW_TOKENS)


def _check_stop(stop):
    if not isinstance(stop, (str, list, tuple)):
        raise _checks.refuse("stop", "must be a non-empty string or a list of them", stop)
    stop = (stop,) if isinstance(stop, str) else tuple(stop)
    for text in stop:
        if not isinstance(text, str) or not text:
            raise _checks.refuse("stop", "must be a non-empty string or a list of them", text)
    return stop
