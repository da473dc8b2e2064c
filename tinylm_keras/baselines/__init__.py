"""Models to compare a transformer with: averages, bigrams, windows and n-gram counts."""

from tinylm_keras.baselines.average_lm import AverageLM as AverageLM
from tinylm_keras.baselines.bigram_lm import BigramLM as BigramLM
from tinylm_keras.baselines.mixture_lm import MixtureLM as MixtureLM
from tinylm_keras.baselines.mlp_lm import MLPLM as MLPLM
from tinylm_keras.baselines.ngram_lm import NGramLM as NGramLM

__all__ = ["MLPLM", "AverageLM", "BigramLM", "MixtureLM", "NGramLM"]
