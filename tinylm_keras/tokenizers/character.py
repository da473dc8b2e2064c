"""Each character is a token."""

from __future__ import annotations

import keras

from tinylm_keras.id_rules.character import CharacterRules
from tinylm_keras.tokenizers.vectorized import VectorizedTokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class CharacterTokenizer(CharacterRules, VectorizedTokenizer):
    r"""Each character, that is each Unicode code point, is a token: letters, blanks, line breaks, accents on their own.

    The ids follow the code points, so the vocabulary is sorted; `max_tokens` keeps the most frequent characters and
    then sorts them. Text of known characters is given back exactly. An unknown character, and NUL, which Keras's
    vocabulary cannot hold, becomes "\ufffd".

    Args:
        max_tokens: int or None. Largest vocabulary, the special tokens included.
        sequence_length: int or None. Length that a call pads and cuts to; None: as long as the longest text.
        end_token: str or None. Control token that closes each text in training and stops generation.
        vocabulary: list of str or None. Characters in the order of their ids, instead of `adapt`.

    Raises:
        ValueError: if a size is below its minimum, or `vocabulary` is no list of different characters that fits.

    Example:

    >>> tokenizer = CharacterTokenizer(vocabulary=["\n", " ", "a", "c", "t"])
    >>> tokenizer.tokenize("a cat")
    array([4, 3, 5, 4, 6], dtype=int32)
    >>> tokenizer.detokenize([5, 4, 6, 2, 1])
    'cat\n�'
    """

    _split = "character"

    def _ordered(self, words):
        return sorted(words)
