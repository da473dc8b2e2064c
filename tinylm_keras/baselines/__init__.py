"""Models to compare a transformer with: what averages, pairs and windows of tokens can and cannot know."""

from tinylm_keras.baselines.average_lm import AverageLM as AverageLM
from tinylm_keras.baselines.bigram_lm import BigramLM as BigramLM
from tinylm_keras.baselines.mlp_lm import MLPLM as MLPLM

__all__ = ["MLPLM", "AverageLM", "BigramLM"]
