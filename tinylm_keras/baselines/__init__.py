"""Models to compare a transformer with: what averages, pairs, windows and counts of tokens can and cannot know."""

from tinylm_keras.baselines.average_lm import AverageLM as AverageLM
from tinylm_keras.baselines.bigram_lm import BigramLM as BigramLM
from tinylm_keras.baselines.mlp_lm import MLPLM as MLPLM
from tinylm_keras.baselines.ngram_lm import NGramLM as NGramLM

__all__ = ["MLPLM", "AverageLM", "BigramLM", "NGramLM"]
