"""The layers that the models are made of. They use `keras.ops` alone, so they run on any Keras backend."""

from tinylm_keras.layers.attention import CausalSelfAttention as CausalSelfAttention
from tinylm_keras.layers.block import TransformerBlock as TransformerBlock
from tinylm_keras.layers.dropout import Dropout as Dropout
from tinylm_keras.layers.embedding import TokenAndPositionEmbedding as TokenAndPositionEmbedding
from tinylm_keras.layers.rotary import RotaryEmbedding as RotaryEmbedding
from tinylm_keras.layers.rotary_attention import RotaryAttention as RotaryAttention
from tinylm_keras.layers.rotary_block import RotaryBlock as RotaryBlock
from tinylm_keras.layers.soft_capping import SoftCappedDense as SoftCappedDense

__all__ = [
    "CausalSelfAttention",
    "Dropout",
    "RotaryAttention",
    "RotaryBlock",
    "RotaryEmbedding",
    "SoftCappedDense",
    "TokenAndPositionEmbedding",
    "TransformerBlock",
]
