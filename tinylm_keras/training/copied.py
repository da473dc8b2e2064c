"""How much a model copies from its training text, as lines to say: its samples beside text that was held out."""

from tinylm_keras.copying import STRETCH, copying
from tinylm_keras.tokenizers import CharacterTokenizer

SAMPLES, CHARACTERS = 20, 300


def report(model, training, held_out):
    """Return what 20 samples of a model copy, as `lines`; none where no text is known or it cannot begin by itself."""
    if not isinstance(training, list) or not training or (model.tokenizer.end_id is None and not model.first_tokens):
        return []
    return lines(samples(model), training, held_out)


def samples(model, seed=0):
    """Let a model write 20 texts from nothing, of about 300 characters at most."""
    length = CHARACTERS if isinstance(model.tokenizer, CharacterTokenizer) else CHARACTERS // 4
    return model.generate([""] * SAMPLES, max_new_tokens=length, seed=seed)


def lines(written, training, held_out):
    """Return what samples share with a training text, beside what held-out text shares with it.

    Args:
        written: list of str. The samples.
        training: list of str.
        held_out: list of str. Text that was not trained on; empty where there is none.

    Returns:
        list of str.

    Example:

    >>> lines(["my cat"], ["a cat ran"], [])[0][:62]
    'Copies: of 1 sample, the longest stretch that stands in the tr'
    """
    found = copying(written, training)
    number = f"{found.texts} sample{'s' * (found.texts != 1)}"
    size = f"{len(found.longest):,} character{'s' * (len(found.longest) != 1)}"
    where = f" ({_shown(found.longest)}, at character {found.place:,})" if found.longest else ""
    said = [f"Copies: of {number}, the longest stretch that stands in the training text has {size}{where}."]
    other = None if not held_out else copying(_like(held_out, written), training)
    if found.share is not None:
        beside = "" if other is None or other.share is None else f"; of the held-out text, {other.share:.1%} do"
        said.append(f"Of their stretches of {STRETCH} characters, {found.share:.1%} stand there{beside}.")
    if found.whole:
        beside = "" if other is None else f"; of held-out texts, {other.whole:.0%} are"
        said.append(f"{found.whole:.0%} of them are texts of the training text, from beginning to end{beside}.")
    return said


def _shown(stretch):
    """A stretch in one line, with marks for its line breaks."""
    return '"' + stretch.replace("\n", "\u21b5") + '"'


def _like(held_out, written):
    """Held-out text in as many parts as there are samples, and about as long."""
    if len(held_out) >= len(written):
        return held_out[: len(written)]
    text, length = "\n".join(held_out), max(1, max(map(len, written)))
    step = max(1, len(text) // len(written))
    return [text[place : place + length] for place in range(0, len(text), step)][: len(written)]
