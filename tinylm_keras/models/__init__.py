"""The transformers, and the base class of every language model. For simpler models see `tinylm_keras.baselines`."""

from tinylm_keras.models.language_model import LanguageModel as LanguageModel
from tinylm_keras.models.mini_lm import MiniLM as MiniLM
from tinylm_keras.models.rotary_lm import RotaryLM as RotaryLM

__all__ = ["LanguageModel", "MiniLM", "RotaryLM"]
