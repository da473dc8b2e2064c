"""The base class of the transformers: the forward pass through the blocks, with and without a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from tinylm_keras.models.language_model import LanguageModel

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor


class Transformer(LanguageModel):
    """A language model made of an embedding, a stack of blocks, and an optional final norm.

    A subclass sets, before it calls `self.build((None, None))`,

    - `embedding`: from token ids to vectors,
    - `blocks`: list of layers with `call(x, cache=None, start=0, training=None)`, each with an `attention`,
    - `final_norm`: a layer or None,
    - `head`: from vectors to logits.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shape = (*input_shape, self.blocks[0].embed_dim)
        self.embedding.build(input_shape)
        for layer in (*self.blocks, self.final_norm, self.head):
            if layer is not None:
                layer.build(shape)

    def embed(self, token_ids: Tensor, start: Any) -> Tensor:
        """Input of the first block, `[B, T, embed_dim]`; the first column is at the position `start`."""
        return self.embedding(token_ids)

    def hidden_states(self, token_ids: Tensor, cache: Any = None, start: Any = 0, training: bool | None = None) -> Any:
        """Input of the head, `[B, T, embed_dim]`; with a cache, a pair of it and the new cache."""
        x = self.embed(token_ids, start)  # (B, T, D)
        caches = []
        for index, block in enumerate(self.blocks):
            if cache is None:
                x = block(x, training=training)
            else:
                x, block_cache = block(x, cache=cache[index], start=start, training=training)
                caches.append(block_cache)
        if self.final_norm is not None:
            x = self.final_norm(x)
        return x if cache is None else (x, tuple(caches))

    def last_hidden_states(self, token_ids: Tensor) -> Tensor:
        """As `hidden_states(token_ids)[:, -1:]`, but the last block computes only keys and values for other positions.

        They go into a cache. XLA removes the rest of the last block for these positions, because nothing reads it. With
        four blocks that saves nearly a quarter of the work.
        """
        x = self.embed(token_ids, 0)  # (B, T, D)
        *blocks, last_block = self.blocks
        for block in blocks:
            x = block(x, training=False)
        before = x.shape[1] - 1
        cache = last_block.attention.empty_cache(ops.shape(x)[0], self.context_length)
        if before:
            _, cache = last_block(x[:, :before], cache=cache, start=0, training=False)
        x, _ = last_block(x[:, before:], cache=cache, start=before, training=False)  # (B, 1, D)
        return x if self.final_norm is None else self.final_norm(x)

    def decode_step(self, token_ids: Tensor, cache: Any, start: Any) -> tuple[Tensor, Any]:
        return self.hidden_states(token_ids, cache=cache, start=start, training=False)

    def empty_cache(self, batch_size: int) -> Any:
        return tuple(block.attention.empty_cache(batch_size, self.context_length) for block in self.blocks)
