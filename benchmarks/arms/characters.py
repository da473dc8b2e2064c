"""A text as character ids, split as nanoGPT splits it. No Keras and no PyTorch, so that every arm reads it alike."""

import pathlib

import numpy as np

VALIDATION = 0.1  # share of the text, its end
WINDOW = 64  # the loss is evaluated on windows that follow each other, none overlapping


def split(path):
    """Return the ids of the first nine tenths of a text, those of the rest (int32 arrays), and all its characters."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    characters = sorted(set(text))
    number = {character: index for index, character in enumerate(characters)}
    ids = np.array([number[character] for character in text], "int32")
    cut = int(len(ids) * (1 - VALIDATION))
    return ids[:cut], ids[cut:], characters
