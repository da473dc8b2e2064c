"""Text to ids and back, without Keras: what a tokenizer and the runtime share, so that both give the same ids.

`base` is what every kind has, `words` a vocabulary of strings; each kind of ids has a file. `strings` says where a long
text may be cut, `spacing` where printed English has a blank, `printing` which texts a vocabulary can become.
"""

from tinylm_keras.id_rules.base import IdRules as IdRules
from tinylm_keras.id_rules.byte_pair import BytePairRules
from tinylm_keras.id_rules.character import CharacterRules
from tinylm_keras.id_rules.whitespace import WhitespaceRules
from tinylm_keras.id_rules.whitespace import learn_words as learn_words
from tinylm_keras.id_rules.word_punct import WordPunctRules

__all__ = ["IdRules", "learn_words", "restore"]

# By the class of the tokenizer that a file names.
RULES = {
    "WhitespaceTokenizer": WhitespaceRules,
    "WordPunctTokenizer": WordPunctRules,
    "CharacterTokenizer": CharacterRules,
    "BytePairTokenizer": BytePairRules,
}


def restore(description):
    """Make the rules that the description of a tokenizer in a model's file names.

    Args:
        description: dict that passed the check of the file: "class_name" and "config".

    Returns:
        An `IdRules`, with the methods of the tokenizer but those that learn, and but its call.

    Raises:
        ValueError: if the vocabulary is not whole.

    Example:

    >>> rules = restore({"class_name": "WhitespaceTokenizer", "config": {"vocabulary": ["the", "cat"]}})
    >>> rules.tokenize("the black cat")
    array([2, 1, 3], dtype=int32)
    """
    return RULES[description["class_name"]]().restored(description["config"])
