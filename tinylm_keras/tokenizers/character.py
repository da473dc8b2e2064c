"""A tokenizer with one token for each character."""

from __future__ import annotations

import keras

from tinylm_keras.id_rules.character import CharacterRules
from tinylm_keras.tokenizers.vectorized import VectorizedTokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class CharacterTokenizer(CharacterRules, VectorizedTokenizer):
    r"""Each character (Unicode code point) is a token: letters, spaces, line breaks, combining accents.

    The vocabulary is sorted by code point; `max_tokens` first selects the most frequent characters. Text of known
    characters is restored exactly. An unknown character, and NUL, which a Keras vocabulary cannot hold, becomes
    "\ufffd".

    Args:
        max_tokens: int or None. Maximum size of the vocabulary, including special tokens.
        sequence_length: int or None. A call pads or truncates to this length; None: to the longest text.
        end_token: str or None. Control token at the end of each text in training; stops generation.
        vocabulary: list of str or None. Characters in the order of their ids, as an alternative to `adapt`.

    Raises:
        ValueError: if a size is below its minimum, or `vocabulary` is not a list of distinct characters that fits.

    Example:

    >>> tokenizer = CharacterTokenizer(vocabulary=["\n", " ", "a", "c", "t"])
    >>> tokenizer.tokenize("a cat")
    array([4, 3, 5, 4, 6], dtype=int32)
    >>> tokenizer.detokenize([5, 4, 6, 2, 1])
    'cat\n�'
    """

    _split = "character"
