"""Validation text that a model was not trained on before: what to keep of a text when a model continues. No Keras."""

import numpy as np

# Texts of which a model has seen parts are looked at one by one only where there are so few of them (books); of more
# texts, whole ones were kept.
MOST_DOCUMENTS = 100


def choose(texts, validation, seen, seed):
    """Return what to keep for validation in place of text that the model was trained on.

    Whole texts that it was trained on go to training, and as many that it has not seen are chosen in their place, as
    far as there are any. Of long texts cut in two, what it was trained on goes to training.

    Args:
        texts: list of str. The whole text.
        validation: list of str. What would be kept by the seed alone.
        seen: list of str. What the model was trained on.
        seed: int. Fixes the choice.

    Returns:
        (None or the stretches to keep, each [number of the text, first character, place after the last], and how many
        of the validation texts the model was trained on, at least in part). None: there is nothing better.

    Example:

    >>> texts = ["a b", "c d", "e f", "g h"]
    >>> choose(texts, ["a b"], ["a b", "c d"], seed=0)
    ([[2, 0, 3]], 1)
    >>> choose(texts, ["a b"], texts, seed=0)
    (None, 1)
    """
    seen = {text.strip() for text in seen}
    whole = set(texts)
    if all(text in whole for text in validation):
        known = {text for text in whole if text.strip() in seen}
        count = sum(text in known for text in validation)
        return (_other_texts(texts, validation, known, seed) if count else None), count
    return _rest_of_documents(texts, validation, seen)


def divide(texts, kept):
    """Return the part of some texts to train on and the part to keep, two lists of str.

    Args:
        texts: list of str.
        kept: list of [number of the text, first character, place after the last], in order.

    Raises:
        ValueError: if there is no such stretch in the texts, or nothing is left to train on.

    Example:

    >>> divide(["a b", "c d e"], [[1, 3, 5]])
    (['a b', 'c d'], [' e'])
    """
    places = {}
    for number, first, last in kept:
        begun = places.setdefault(number, [])
        if number >= len(texts) or last > len(texts[number]) or (begun and first < begun[-1][1]):
            raise ValueError("The stretches kept for validation are not those of this text.")
        begun.append((first, last))
    train, validation = [], []
    for number, text in enumerate(texts):
        place = 0
        for first, last in (*places.get(number, ()), (len(text), len(text))):
            if text[place:first].strip():
                train.append(text[place:first])
            if text[first:last].strip():
                validation.append(text[first:last])
            place = last
    if not train:
        raise ValueError("The stretches kept for validation leave no text to train on.")
    return train, validation


def _other_texts(texts, validation, known, seed):
    """Whole texts, as many as before where there are so many: those that are not known stay, others join them."""
    copies = {}
    for text in texts:
        copies[text] = copies.get(text, 0) + 1
    chosen = dict.fromkeys(text for text in validation if text not in known)
    room = len(validation) - sum(copies[text] for text in chosen)
    others = [text for text in copies if text not in known and text not in chosen]
    for place in np.random.default_rng(seed).permutation(len(others)):
        text = others[place]
        if copies[text] <= room or not chosen:
            chosen[text] = None
            room -= copies[text]
    return [[number, 0, len(text)] for number, text in enumerate(texts) if text in chosen] or None


def _rest_of_documents(texts, validation, seen):
    """Of the ends of long texts, what the model has not seen."""
    kept, count = [], 0
    heads = list(filter(None, seen)) if len(seen) <= MOST_DOCUMENTS else []
    for number, text in enumerate(texts):
        tail = next((one for one in validation if text.endswith(one)), None)
        if tail is None:
            continue
        first = len(text) - len(tail)
        place = max((text.find(head) + len(head) for head in heads if head in text), default=0)
        count += place > first
        first = max(first, place)
        if text[first:].strip():
            kept.append([number, first, len(text)])
    return (kept or None) if count else None, count
