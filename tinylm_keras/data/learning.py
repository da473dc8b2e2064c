"""Learns the vocabulary of a tokenizer from the training part of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinylm_keras.text.chunks import Chunk
from tinylm_keras.text.learning_sample import LearningSample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinylm_keras.tokenizers import Tokenizer


def learn(tokenizer: Tokenizer, chunks: Iterable[Chunk]) -> dict[str, int] | None:
    """Adapt a tokenizer: byte pairs on a sample of the texts, all other vocabularies on all of them.

    `prepare` and `train` learn the same byte pairs from the same texts: those of a `LearningSample` of
    `tokenizer.learning_limit` bytes, so 100 MB.

    Args:
        tokenizer: `Tokenizer`. It is changed.
        chunks: iterable of `Chunk`. The training texts.

    Returns:
        None if it learned from all of the text in any case; otherwise dict with "bytes", the size of the sample, and
        "of_bytes", that of the text, in UTF-8.

    Raises:
        ValueError: if there is no text.
    """
    if tokenizer.learning_limit is None:
        tokenizer.adapt(chunk.text for chunk in chunks)
        return None
    return learn_from_sample(tokenizer, LearningSample(tokenizer.learning_limit).add(chunks))


def learn_from_sample(tokenizer: Tokenizer, sample: LearningSample) -> dict[str, int]:
    """As `learn`, from a sample of the texts."""
    tokenizer.adapt(sample)
    return {"bytes": sample.bytes, "of_bytes": sample.of_bytes}


def whole(texts: Iterable[str]) -> Iterable[Chunk]:
    """Return texts as chunks, each of which is a whole text."""
    return (Chunk(text, True, True) for text in texts)
