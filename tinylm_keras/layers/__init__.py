"""The layers that the models are made of. They use `keras.ops` alone, so they run on any Keras backend."""

from tinylm_keras.layers.attention import CausalSelfAttention as CausalSelfAttention
from tinylm_keras.layers.block import TransformerBlock as TransformerBlock
from tinylm_keras.layers.capped_dense import CappedDense as CappedDense
from tinylm_keras.layers.dropout import Dropout as Dropout
from tinylm_keras.layers.embedding import TokenAndPositionEmbedding as TokenAndPositionEmbedding
from tinylm_keras.layers.normalized_dense import NormalizedDense as NormalizedDense
from tinylm_keras.layers.permutation_coding import PermutationCoding as PermutationCoding
from tinylm_keras.layers.prefix_mean import PrefixMean as PrefixMean
from tinylm_keras.layers.rotary import RotaryEmbedding as RotaryEmbedding
from tinylm_keras.layers.rotary_attention import RotaryAttention as RotaryAttention
from tinylm_keras.layers.rotary_block import RotaryBlock as RotaryBlock
from tinylm_keras.layers.trailing_window import TrailingWindow as TrailingWindow

__all__ = [
    "CappedDense",
    "CausalSelfAttention",
    "Dropout",
    "NormalizedDense",
    "PermutationCoding",
    "PrefixMean",
    "RotaryAttention",
    "RotaryBlock",
    "RotaryEmbedding",
    "TokenAndPositionEmbedding",
    "TrailingWindow",
    "TransformerBlock",
]
