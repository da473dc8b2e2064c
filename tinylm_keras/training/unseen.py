"""Chooses validation text that a model to continue from was not trained on. No Keras."""

import numpy as np

# At most so many texts (books) are searched for parts that the model has seen; of more, whole texts were held out.
MOST_DOCUMENTS = 100


def choose(texts, validation, seen, seed):
    """Choose validation text that the model was not trained on.

    Whole texts that the model has seen go to training, and others that it has not seen replace them, as far as there
    are any. If long texts are split in two, the parts that the model has seen go to training.

    Args:
        texts: list of str. The whole text.
        validation: list of str. The validation texts that the seed alone would choose.
        seen: list of str. The texts that the model was trained on.
        seed: int. Seed of the choice.

    Returns:
        A pair: the stretches to hold out, each [number of the text, first character, place after the last], or None if
        there is no better choice; and the number of validation texts that the model was trained on, at least in part.

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


def whole_texts(texts, validation):
    """Return the stretches that hold out these validation texts, or None unless each is one of the whole texts.

    Example:

    >>> whole_texts(["a b", "c d"], ["c d"]), whole_texts(["a b"], ["b"])
    ([[1, 0, 3]], None)
    """
    chosen = set(validation)
    if not chosen <= set(texts):
        return None
    return [[number, 0, len(text)] for number, text in enumerate(texts) if text in chosen]


def divide(texts, kept):
    """Split texts into a training part and a validation part, two lists of str.

    Args:
        texts: list of str.
        kept: list of [number of the text, first character, place after the last], in order.

    Raises:
        ValueError: if a stretch is not within the texts, or no text is left for training.

    Example:

    >>> divide(["a b", "c d e"], [[1, 3, 5]])
    (['a b', 'c d'], [' e'])
    """
    places = {}
    for number, first, last in kept:
        begun = places.setdefault(number, [])
        if number >= len(texts) or last > len(texts[number]) or (begun and first < begun[-1][1]):
            raise ValueError("The stretches held out for validation do not fit this text.")
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
        raise ValueError("The stretches held out for validation leave no training text.")
    return train, validation


def _other_texts(texts, validation, known, seed):
    """Return whole texts, if possible as many as before: unknown ones stay, and other unknown ones are added."""
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
    """Return the parts of the ends of long texts that the model has not seen."""
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
