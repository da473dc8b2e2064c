"""Words and punctuation marks."""

from __future__ import annotations

import keras

from tinylm_keras.id_rules.word_punct import SPACE, TOKEN, WordPunctRules
from tinylm_keras.tokenizers.vectorized import VectorizedTokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class WordPunctTokenizer(WordPunctRules, VectorizedTokenizer):
    """Words and punctuation marks, each a token: "don't stop!" is "don't", "stop", "!".

    Apostrophes, straight or curly, and hyphens between letters belong to the word, and so do the points of a number
    ("3.14", "10:30"). Every other mark is a token of its own, except that hyphens in a row are one.

    Lossy: white space is not kept. Text is given back as English is printed: words are set off by one blank, with none
    before , . ! ? ; : ) ] } ” and none after ( [ { “ $ #; straight quotes open and close in turn; "--", "—" and "/"
    join. So line breaks and runs of blanks become one blank, and text that is spaced in another way comes back in this
    one: "U.S." as "U. S.", "R&B" as "R & B". Unknown words become "[UNK]".

    Args:
        max_tokens: int or None. Largest vocabulary, the special tokens included.
        sequence_length: int or None. Length that a call pads and cuts to; None: as long as the longest text.
        end_token: str or None. Control token that closes each text in training and stops generation.
        vocabulary: list of str or None. Words in the order of their ids, instead of `adapt`.

    Raises:
        ValueError: if a size is below its minimum, or `vocabulary` is no list of different strings that fits.

    Example:

    >>> tokenizer = WordPunctTokenizer().adapt("Tom said: don't go (yet)!")
    >>> tokenizer.token_strings("Don't go!")
    ["Don't", 'go', '!']
    >>> tokenizer.detokenize(tokenizer.tokenize("Tom   said: (go!) zebra"))
    'Tom said: (go!) [UNK]'
    """

    def _split(self, inputs):
        import tensorflow as tf

        # A blank after each token; every other space becomes one too, and none is inside a token.
        spaced = tf.strings.regex_replace(tf.strings.regex_replace(inputs, f"[{SPACE}]", " "), TOKEN, r"\0 ")
        return tf.strings.split(spaced)
