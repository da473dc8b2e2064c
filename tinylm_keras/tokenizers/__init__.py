"""Text to ids and back. A new tokenizer is a subclass of `Tokenizer` in a file of its own."""

from tinylm_keras.tokenizers.base import Tokenizer as Tokenizer
from tinylm_keras.tokenizers.vectorized import WhitespaceTokenizer as WhitespaceTokenizer

__all__ = ["Tokenizer", "WhitespaceTokenizer"]
