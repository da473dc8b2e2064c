"""Words are what stands between white space."""

from __future__ import annotations

import keras

from tinylm_keras.id_rules.whitespace import WhitespaceRules
from tinylm_keras.tokenizers.vectorized import VectorizedTokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class WhitespaceTokenizer(WhitespaceRules, VectorizedTokenizer):
    r"""Words are what stands between white space; "ball" and "ball." are two words.

    Lossy: every run of blanks, tabs and line breaks becomes one blank, and unknown words become "[UNK]". Split at
    ASCII white space, as TensorFlow does; other Unicode spaces are part of a word.

    Args:
        max_tokens: int or None. Largest vocabulary, the special tokens included.
        sequence_length: int or None. Length that a call pads and cuts to; None: as long as the longest text.
        end_token: str or None. Control token that closes each text in training and stops generation.
        vocabulary: list of str or None. Words in the order of their ids, instead of `adapt`.

    Raises:
        ValueError: if a size is below its minimum, or `vocabulary` is no list of different strings that fits.

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
