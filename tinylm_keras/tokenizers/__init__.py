"""The tokenizers, between text and ids. A new tokenizer is a subclass of `Tokenizer` in its own file."""

from tinylm_keras.tokenizers.base import Tokenizer as Tokenizer
from tinylm_keras.tokenizers.byte_pair import BytePairTokenizer as BytePairTokenizer
from tinylm_keras.tokenizers.character import CharacterTokenizer as CharacterTokenizer
from tinylm_keras.tokenizers.whitespace import WhitespaceTokenizer as WhitespaceTokenizer
from tinylm_keras.tokenizers.word_punct import WordPunctTokenizer as WordPunctTokenizer

__all__ = ["BytePairTokenizer", "CharacterTokenizer", "Tokenizer", "WhitespaceTokenizer", "WordPunctTokenizer"]
