"""The models. A new one is a subclass of `LanguageModel` in a file of its own."""

from tinylm_keras.models.average_lm import AverageLM as AverageLM
from tinylm_keras.models.bigram_lm import BigramLM as BigramLM
from tinylm_keras.models.language_model import LanguageModel as LanguageModel
from tinylm_keras.models.mini_lm import MiniLM as MiniLM
from tinylm_keras.models.mlp_lm import MLPLM as MLPLM
from tinylm_keras.models.rotary_lm import RotaryLM as RotaryLM

__all__ = ["MLPLM", "AverageLM", "BigramLM", "LanguageModel", "MiniLM", "RotaryLM"]
