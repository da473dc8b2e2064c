"""Text to ids and back, without Keras. Tokenizers and the runtime share these rules, so that both give the same ids.

`base` contains the base class, `words` the rules for a vocabulary of strings, `word_counts` the counts that such a
vocabulary is learned from, and each tokenizer has its own file.
`strings` splits long texts, `spacing` puts blanks between words and marks as in printed English, and `printing` tells
which texts a vocabulary can print.
"""

from tinylm_keras.id_rules.base import IdRules as IdRules
from tinylm_keras.id_rules.byte_pair import BytePairRules
from tinylm_keras.id_rules.character import CharacterRules
from tinylm_keras.id_rules.whitespace import WhitespaceRules
from tinylm_keras.id_rules.word_counts import WordCounts as WordCounts
from tinylm_keras.id_rules.word_punct import WordPunctRules
from tinylm_keras.id_rules.words import UNKNOWN

__all__ = ["UNKNOWN", "IdRules", "WordCounts", "restore"]

# By the class name of the tokenizer in a file.
RULES = {
    "WhitespaceTokenizer": WhitespaceRules,
    "WordPunctTokenizer": WordPunctRules,
    "CharacterTokenizer": CharacterRules,
    "BytePairTokenizer": BytePairRules,
}


def restore(description):
    """Return the rules of a tokenizer that a model's file describes.

    Args:
        description: dict that passed the check of the file: "class_name" and "config".

    Returns:
        An `IdRules`, which has all methods of the tokenizer except the call and, of byte pairs, `adapt`.

    Raises:
        ValueError: if the vocabulary is invalid.

    Example:

    >>> rules = restore({"class_name": "WhitespaceTokenizer", "config": {"vocabulary": ["the", "cat"]}})
    >>> rules.tokenize("the black cat")
    array([2, 1, 3], dtype=int32)
    """
    return RULES[description["class_name"]]().restored(description["config"])
