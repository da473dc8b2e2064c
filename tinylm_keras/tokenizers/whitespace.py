"""A tokenizer that splits at white space."""

from __future__ import annotations

import keras

from tinylm_keras.id_rules.whitespace import WhitespaceRules
from tinylm_keras.tokenizers.vectorized import VectorizedTokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class WhitespaceTokenizer(WhitespaceRules, VectorizedTokenizer):
    r"""Splits at white space; "ball" and "ball." are two different words.

    Lossy: each sequence of spaces, tabs and line breaks becomes one space, and unknown words become "[UNK]". Only
    ASCII white space splits, as in TensorFlow; other Unicode spaces are part of a word.

    Args:
        max_tokens: int or None. Maximum size of the vocabulary, including special tokens.
        sequence_length: int or None. A call pads or truncates to this length; None: to the longest text.
        end_token: str or None. Control token at the end of each text in training; stops generation.
        vocabulary: list of str or None. Words in the order of their ids, as an alternative to `adapt`.

    Raises:
        ValueError: if a size is below its minimum, or `vocabulary` is not a list of distinct strings that fits.

    Example:

    >>> tokenizer = WhitespaceTokenizer(sequence_length=4).adapt(["the cat sat", "the dog"])
    >>> tokenizer.tokenize("the cat ran")
    array([2, 5, 1], dtype=int32)
    >>> tokenizer(["the cat", "dog"]).numpy()
    array([[2, 5, 0, 0], [4, 0, 0, 0]], dtype=int32)
    >>> tokenizer.detokenize([2, 4, 0])
    'the dog'
    """

    _split = "whitespace"
