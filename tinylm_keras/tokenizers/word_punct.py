"""A tokenizer for words and punctuation marks."""

from __future__ import annotations

import keras

from tinylm_keras.id_rules.word_punct import SPACE, TOKEN, WordPunctRules
from tinylm_keras.tokenizers.vectorized import VectorizedTokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class WordPunctTokenizer(WordPunctRules, VectorizedTokenizer):
    """Words and punctuation marks, each a token: "don't stop!" is "don't", "stop", "!".

    Apostrophes (straight or curly) and hyphens between letters are part of the word, and so are the separators inside
    a number ("3.14", "10:30"). Every other mark is a token; consecutive hyphens are one token.

    Lossy: white space is not stored. `detokenize` puts one space between tokens, as in printed English, but none before
    , . ! ? ; : ) ] } ” none after ( [ { “ $ # and none around "--", "—" and "/"; straight quotes open and close
    alternately. So line breaks become spaces, and other spacing is changed: "U.S." becomes "U. S.", "R&B" becomes
    "R & B". Unknown words become "[UNK]".

    Args:
        max_tokens: int or None. Maximum size of the vocabulary, including special tokens.
        sequence_length: int or None. A call pads or truncates to this length; None: to the longest text.
        end_token: str or None. Control token at the end of each text in training; stops generation.
        vocabulary: list of str or None. Words in the order of their ids, as an alternative to `adapt`.

    Raises:
        ValueError: if a size is below its minimum, or `vocabulary` is not a list of distinct strings that fits.

    Example:

    >>> tokenizer = WordPunctTokenizer().adapt("Tom said: don't go (yet)!")
    >>> tokenizer.token_strings("Don't go!")
    ["Don't", 'go', '!']
    >>> tokenizer.detokenize(tokenizer.tokenize("Tom   said: (go!) zebra"))
    'Tom said: (go!) [UNK]'
    """

    def _split(self, inputs):
        import tensorflow as tf

        # A space after each token; other white space becomes a space too. No token contains one.
        spaced = tf.strings.regex_replace(tf.strings.regex_replace(inputs, f"[{SPACE}]", " "), TOKEN, r"\0 ")
        return tf.strings.split(spaced)
