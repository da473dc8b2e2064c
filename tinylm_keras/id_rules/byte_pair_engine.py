"""The engine of byte-pair encoding: the package `tokenizers`, set up to split text like GPT-2."""

import json

import numpy as np

from tinylm_keras.id_rules import byte_level, strings

PART = 65_536  # characters that one thread encodes at a time

# Longer words are split for learning, whose time grows with the square of a word's length (a million "a": hours).
LONGEST_WORD = 1_000


def build(ids, merges):
    """Return an engine for a dict of ids by token and a list of merges "left right"."""
    import tokenizers

    return _engine(tokenizers.models.BPE(vocab=ids, merges=[tuple(merge.split(" ")) for merge in merges]))


def learn(texts, size):
    """Learn byte pairs: the most frequent pair is merged until there are `size` tokens or no pair occurs twice.

    Args:
        texts: iterable of str.
        size: int. Maximum number of tokens, including the 256 bytes.

    Returns:
        (list of tokens in the order of their ids, list of merges "left right").
    """
    import tokenizers

    engine = _engine(tokenizers.models.BPE())
    pieces = tokenizers.pre_tokenizers.Split(tokenizers.Regex(f".{{1,{LONGEST_WORD}}}"), "isolated")
    engine.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([engine.pre_tokenizer, pieces])
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, show_progress=False, initial_alphabet=list(byte_level.alphabet())
    )
    engine.train_from_iterator(texts, trainer)
    learned = json.loads(engine.to_str())["model"]
    return sorted(learned["vocab"], key=learned["vocab"].get), [" ".join(merge) for merge in learned["merges"]]


def encode(engine, texts):
    """Return the ids of each text, int32 arrays. Long texts are split where no id changes, to use all cores."""
    rows = [[] for _ in texts]
    parts = ((row, part) for row, text in enumerate(texts) for part in strings.parts(text, PART))
    # The result of the engine takes a hundred times the memory of the ids, so it gets a bounded amount at a time.
    for batch in strings.bounded(parts, lambda pair: len(pair[1])):
        encoded = engine.encode_batch_fast([part for _, part in batch], add_special_tokens=False)
        for (row, _), encoding in zip(batch, encoded, strict=True):
            rows[row].append(np.array(encoding.ids, "int32"))
    return [row[0] if len(row) == 1 else np.concatenate(row) for row in rows]


def _engine(model):
    # No special token is registered, so the characters of a control token are ordinary text.
    import tokenizers

    engine = tokenizers.Tokenizer(model)
    engine.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return engine
