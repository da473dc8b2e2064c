"""The layers that the models are made of. They use `keras.ops` alone, so they run on any Keras backend."""

from tinylm_keras.layers.attention import CausalSelfAttention as CausalSelfAttention
from tinylm_keras.layers.block import TransformerBlock as TransformerBlock
from tinylm_keras.layers.embedding import TokenAndPositionEmbedding as TokenAndPositionEmbedding

__all__ = ["CausalSelfAttention", "TokenAndPositionEmbedding", "TransformerBlock"]
