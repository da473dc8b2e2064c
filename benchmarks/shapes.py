"""The two shapes of model that every arm builds, and the least work that they cost."""

import dataclasses

# Weights below this many bytes stay in the processor's cache from one token to the next.
CACHED = 16e6


@dataclasses.dataclass(frozen=True)
class Shape:
    """Sizes of a GPT with learned positions. The small one is nanoGPT's for a laptop, the large one its default."""

    title: str
    num_blocks: int
    num_heads: int
    embed_dim: int
    context_length: int
    vocabulary_size: int = 65

    @property
    def feed_forward_dim(self):
        return 4 * self.embed_dim

    @property
    def weights(self):
        """Numbers in the matrices that each token is multiplied with, the head included."""
        return 12 * self.num_blocks * self.embed_dim**2 + self.embed_dim * self.vocabulary_size

    def forward_operations(self, tokens, length):
        """Floating point operations for `tokens` tokens that each see `length` positions.

        Two for each weight, and four for each position and channel of each block (scores, and the sum of values).
        """
        return tokens * (2 * self.weights + 4 * self.num_blocks * length * self.embed_dim)

    def least_generation_seconds(self, limits, prompts, new_tokens):
        """Seconds in which `limits` allow `new_tokens` for each of `prompts` texts, with a cache, in float32.

        Every token must read every weight once, all prompts together, and must multiply with each.
        """
        operations = self.forward_operations(prompts * new_tokens, min(new_tokens, self.context_length) / 2)
        bandwidth = limits["cache_gb_per_s" if 4 * self.weights < CACHED else "memory_gb_per_s"] * 1e9
        return max(operations / (limits["float32_gflops"] * 1e9), 4 * self.weights * new_tokens / bandwidth)

    def least_training_seconds(self, limits, batch_size, dtype="float32"):
        """Seconds of one update: the backward pass costs twice the forward pass."""
        operations = 3 * self.forward_operations(batch_size * self.context_length, self.context_length)
        return operations / (limits[f"{dtype}_gflops"] * 1e9)


SHAPES = {
    "small": Shape("0.8 M (4 blocks, 4 heads, 128 wide, context 64)", 4, 4, 128, 64),
    "large": Shape("10.65 M (6 blocks, 6 heads, 384 wide, context 256)", 6, 6, 384, 256),
}
