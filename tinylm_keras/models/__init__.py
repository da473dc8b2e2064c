"""The models. A new one is a subclass of `LanguageModel` in a file of its own."""

from tinylm_keras.models.language_model import LanguageModel as LanguageModel
from tinylm_keras.models.mini_lm import MiniLM as MiniLM
from tinylm_keras.models.rotary_lm import RotaryLM as RotaryLM

__all__ = ["LanguageModel", "MiniLM", "RotaryLM"]
