"""The engine behind byte-pair encoding: the `tokenizers` package, set up to split as GPT-2."""

import json

import numpy as np

from tinylm_keras.id_rules import byte_level, strings

PART = 65_536  # characters that one thread encodes at a time

# Longer words are learned from in pieces: learning takes the square of a word's length (a million times "a": hours).
LONGEST_WORD = 1_000


def build(ids, merges):
    """Return an engine for a dict of ids by token and a list of merges "left right"."""
    import tokenizers

    return _engine(tokenizers.models.BPE(vocab=ids, merges=[tuple(merge.split(" ")) for merge in merges]))


def learn(texts, size):
    """Learn byte pairs: the most frequent pair is merged until there are `size` tokens or none comes twice.

    Args:
        texts: iterable of str.
        size: int. Most tokens, the 256 bytes included.

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
    """Return the ids of each text, int32 arrays. Long texts are cut where no id changes, so the cores share them."""
    rows = [[] for _ in texts]
    parts = ((row, part) for row, text in enumerate(texts) for part in strings.parts(text, PART))
    # What the engine returns takes a hundred times the room of the ids, so it is given a bounded amount at a time.
    for batch in strings.bounded(parts, lambda pair: len(pair[1])):
        encoded = engine.encode_batch_fast([part for _, part in batch], add_special_tokens=False)
        for (row, _), encoding in zip(batch, encoded, strict=True):
            rows[row].append(np.array(encoding.ids, "int32"))
    return [row[0] if len(row) == 1 else np.concatenate(row) for row in rows]


def _engine(model):
    # No special token is registered, so the text of a control token is text like any other.
    import tokenizers

    engine = tokenizers.Tokenizer(model)
    engine.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return engine
