"""From prompts to text: `generate` and `stream` for both engines, which provide a `Session`."""

import secrets
import warnings

import numpy as np

from tinylm_keras import _checks
from tinylm_keras.writing.arguments import DEFAULTS, check_count, check_stop
from tinylm_keras.writing.prompts import Prompt, check_ids, read
from tinylm_keras.writing.session import CHUNK
from tinylm_keras.writing.text_stream import TextStream

CHUNK_WITH_STOP = 16  # tokens between two searches for stop strings


def generate(model, prompts, arguments, begin, stacklevel):
    """See `LanguageModel.generate`.

    Args:
        model: `LanguageModel` or `runtime.Model`.
        prompts: As there.
        arguments: `Arguments`.
        begin: function that takes the arguments of `Session` and returns one.
        stacklevel: int. As in `warnings.warn`, so that a warning names the caller of the model's method.
    """
    rows, is_text, single = read(prompts)
    results = _texts(model, rows, arguments, begin, stacklevel + 2) if is_text else _ids(model, rows, arguments, begin)
    return results[0] if single else results


def stream(model, prompt, arguments, begin, stacklevel):
    """See `LanguageModel.stream`. The arguments are checked at once, not when the first piece is taken."""
    _checks.text("prompt", prompt)
    [prompt], _, _ = read(prompt)  # without what a subclass of str may add
    session, streams = _start_texts(model, [prompt], arguments, begin, stacklevel + 1)
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


def _texts(model, texts, arguments, begin, stacklevel):
    """Continue the prompts `texts` in one batch; return them as a list of str."""
    if not texts:
        return []
    session, streams = _start_texts(model, texts, arguments, begin, stacklevel)
    size = CHUNK_WITH_STOP if streams[0].stop else CHUNK
    while True:
        fresh = session.advance(size)
        for row, (text, ids) in enumerate(zip(streams, fresh, strict=True)):
            text.feed(ids, last=session.done)
            if text.stopped:
                session.finish(row)
        if session.done:
            return [text.text for text in streams]


def _ids(model, rows, arguments, begin):
    """Continue rows of ids; return them without the end token that ends a row or begins an empty one."""
    if arguments.stop:
        rule = "needs text prompts, because a stop string is text"
        raise _checks.refuse("stop", rule, arguments.stop, "Pass the prompt as str.")
    if not rows:
        return []
    rows = [check_ids("prompts", model, row) for row in rows]
    prompts = [Prompt(row if len(row) else model.after_end(row)) for row in rows]
    session = _start(model, prompts, arguments, allowed_tokens(model, arguments.allow_unknown), begin)
    results = [row.tolist() for row in rows]
    while True:
        for result, ids in zip(results, session.advance(CHUNK), strict=True):
            result.extend(ids)
        if session.done:
            return [np.array(result, "int32") for result in results]


def _start_texts(model, texts, arguments, begin, stacklevel):
    """Return the `Session` of some texts, and a `TextStream` for each."""
    tokenizer = model.tokenizer
    if tokenizer is None:
        raise _checks.refuse("prompt", "must be ids, because this model has no tokenizer", texts[0])
    stop = check_stop(model.generation_defaults.get("stop", ()) if arguments.stop is None else arguments.stop)
    allowed = allowed_tokens(model, arguments.allow_unknown)
    prompts = [Prompt.from_text(model, text, allowed) for text in texts]
    for warning in _doubts(tokenizer, prompts, stop, arguments.allow_unknown):
        warnings.warn(warning, stacklevel=stacklevel)
    session = _start(model, prompts, arguments, allowed, begin)
    return session, [TextStream(tokenizer, prompt.text, stop, prompt.held) for prompt in prompts]


def _doubts(tokenizer, prompts, stop, allow_unknown):
    """Yield a line for each part of the texts of a call that may not work as its author expects."""
    unknown = tokenizer.unknown_tokens([prompt.text for prompt in prompts if tokenizer.unk_id in prompt.ids])
    if unknown:
        yield f"Words of the prompt that the model does not know: {_shown(word for word, _ in unknown.most_common())}."
    end = tokenizer.end_token
    if end is not None and end not in unknown and any(end in prompt.text for prompt in prompts):
        yield f"The prompt holds the text {end!r}. In a text it is not the end token; to give that, pass ids."
    never = [text for text in stop if text != end and not tokenizer.can_write(text, allow_unknown)]
    if never:
        yield f"Stop strings that the model's tokenizer can never write, so they stop nothing: {_shown(never)}."


def _shown(words, most=5):
    words = list(map(repr, words))
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _start(model, prompts, arguments, allowed, begin):
    """Check the arguments of one call; return the `Session` of these prompts."""
    defaults, seed = {**DEFAULTS, **model.generation_defaults}, arguments.seed
    count = defaults["max_new_tokens"] if arguments.max_new_tokens is None else arguments.max_new_tokens
    count = check_count(count)
    if count and not allowed.any():
        raise ValueError("The model's vocabulary has no token that may be written: only padding and [UNK].")
    seed = secrets.randbits(32) if seed is None else _checks.whole_number("seed", seed, 0)
    if count and not all(len(prompt.ids) for prompt in prompts) and not _can_begin_empty(model, allowed):
        known = "it only knows first tokens that it never writes" if model.first_tokens else "no known first tokens"
        rule = f"must contain at least one token, because this model has no end token to start from, and {known}"
        raise _checks.refuse("prompt", rule, "", "Give a first word.")
    rows, first = [prompt.ids[-model.receptive_field :] for prompt in prompts], [prompt.first for prompt in prompts]
    return begin(model, rows, count, seed, allowed, first)


def can_begin(model, prompt):
    """Whether `generate` can continue a text: an empty one needs an end token or a known first token."""
    return bool(prompt) or model.end_id is not None or _can_begin_empty(model, allowed_tokens(model, False))


def _can_begin_empty(model, allowed):
    """Whether one of the tokens that training texts began with may be written."""
    return any(allowed[token] for token, _ in model.first_tokens)


def allowed_tokens(model, allow_unknown):
    """Return which tokens may be written, bool `[V]`: no padding, and [UNK] only if it is allowed."""
    if allow_unknown is not None and not isinstance(allow_unknown, (bool, np.bool_)):  # "no" would count as true
        raise _checks.refuse("allow_unknown", "must be True or False", allow_unknown, error=TypeError)
    allowed = np.ones(model.vocabulary_size, bool)
    if model.tokenizer is not None:
        allowed[model.tokenizer.vocabulary_size() :] = False  # the tokenizer cannot print these
    for token in (model.pad_id, None if allow_unknown or model.tokenizer is None else model.tokenizer.unk_id):
        if token is not None and token < len(allowed):
            allowed[token] = False
    return allowed
