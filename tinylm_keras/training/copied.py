"""Lines on how much a model copies from its training text, compared with held-out text."""

from tinylm_keras.copying import STRETCH, copying
from tinylm_keras.tokenizers import CharacterTokenizer

SAMPLES, CHARACTERS = 20, 300


def report(model, training, held_out):
    """Return `lines` about 20 samples of a model; no lines if the text is unknown or the model needs a prompt."""
    if not isinstance(training, list) or not training or not model.can_begin(""):
        return []
    return lines(samples(model), training, held_out)


def samples(model, seed=0):
    """Generate 20 texts of up to about 300 characters from an empty prompt."""
    length = CHARACTERS if isinstance(model.tokenizer, CharacterTokenizer) else CHARACTERS // 4
    return model.generate([""] * SAMPLES, max_new_tokens=length, seed=seed)


def lines(written, training, held_out):
    """Return lines on how much samples share with a training text, compared with held-out text.

    Args:
        written: list of str. The samples.
        training: list of str.
        held_out: list of str. Text that was not used for training; may be empty.

    Returns:
        list of str.

    Example:

    >>> lines(["my cat"], ["a cat ran"], [])[0][:62]
    'Copies: in 1 sample, the longest stretch copied from the train'
    """
    found = copying(written, training)
    number = f"{found.texts} sample{'s' * (found.texts != 1)}"
    size = f"{len(found.longest):,} character{'s' * (len(found.longest) != 1)}"
    where = f" ({_shown(found.longest)}, at character {found.place:,})" if found.longest else ""
    said = [f"Copies: in {number}, the longest stretch copied from the training text has {size}{where}."]
    other = None if not held_out else copying(_like(held_out, written), training)
    if found.share is not None:
        beside = "" if other is None or other.share is None else f"; of the held-out text, {other.share:.1%}"
        said.append(f"Of their stretches of {STRETCH} characters, {found.share:.1%} are in the training text{beside}.")
    if found.whole:
        beside = "" if other is None else f"; of the held-out texts, {other.whole:.0%}"
        said.append(f"{found.whole:.0%} of them are complete training texts{beside}.")
    return said


def _shown(stretch):
    """Show a stretch in one line, with marks for line breaks."""
    return '"' + stretch.replace("\n", "\u21b5") + '"'


def _like(held_out, written):
    """Return parts of the held-out text that have the number and the size of the samples."""
    if len(held_out) >= len(written):
        return held_out[: len(written)]
    text, length = "\n".join(held_out), max(1, max(map(len, written)))
    step = max(1, len(text) // len(written))
    return [text[place : place + length] for place in range(0, len(text), step)][: len(written)]
