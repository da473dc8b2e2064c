"""The layers that only baselines use."""

from tinylm_keras.baselines.layers.count_tables import CountTables as CountTables
from tinylm_keras.baselines.layers.normalized_dense import NormalizedDense as NormalizedDense
from tinylm_keras.baselines.layers.permutation_coding import PermutationCoding as PermutationCoding
from tinylm_keras.baselines.layers.prefix_mean import PrefixMean as PrefixMean
from tinylm_keras.baselines.layers.trailing_window import TrailingWindow as TrailingWindow

__all__ = ["CountTables", "NormalizedDense", "PermutationCoding", "PrefixMean", "TrailingWindow"]
