"""`models.MiniLM` in numpy."""

from tinylm_keras.runtime.cache import KeyValues
from tinylm_keras.runtime.network import Network, choice, head_dim
from tinylm_keras.runtime.parts import ACTIVATIONS, Dense, LayerNorm, attention, heads, last_of


class MiniLM(Network):
    """Token and position embeddings, transformer blocks, and a dense layer to the vocabulary.

    Args:
        config: dict.
        weights: `file.Weights`.
    """

    def __init__(self, config, weights):
        super().__init__(config)
        width = config["embed_dim"]
        self.num_heads, self.head_dim = config["num_heads"], head_dim(config)
        self.tokens = weights.take("embedding/token_embedding/vars/0", self.vocabulary_size, width)
        self.positions = weights.take("embedding/position_embedding/vars/0", self.context_length, width)
        self.blocks = [
            Block(config, weights.within(f"blocks/transformer_block{f'_{i}' if i else ''}", f"block_{i}"))
            for i in range(config["num_blocks"])
        ]
        self.cached_numbers = 2 * width * len(self.blocks)
        is_pre = config["norm"] == "pre"
        self.final_norm = LayerNorm(weights.within("final_norm"), width) if is_pre else None
        bias = config.get("head_bias") is not False  # older files have no such entry, and always a bias
        self.head = Dense(weights.within("head"), width, self.vocabulary_size, bias)

    def empty_cache(self, rows):
        sizes = rows, self.num_heads, self.head_dim, self.context_length
        return [0, [KeyValues(*sizes) for _ in self.blocks]]

    def hidden_states(self, token_ids, cache, last=False):
        rows, length = token_ids.shape
        start, caches = cache
        x = self.tokens[token_ids]  # (rows, T, D)
        x += self.positions[start : start + length]
        x = x.reshape(rows * length, -1)
        for block, kept in zip(self.blocks, caches, strict=True):
            x = block(x, rows, kept, last and block is self.blocks[-1])
        cache[0] = start + length
        return x if self.final_norm is None else self.final_norm(x)


class Block:
    """`layers.TransformerBlock` in numpy."""

    def __init__(self, config, weights):
        width, inner = config["embed_dim"], config["feed_forward_dim"]
        self.num_heads = config["num_heads"]
        self.is_pre = choice(config, "norm", ("post", "pre")) == "pre"
        self.activation = choice(config, "activation", ACTIVATIONS)
        self.attention_norm = LayerNorm(weights.within("attention_norm"), width)
        self.query_key_value = Dense(weights.within("attention/query_key_value"), width, 3 * width)
        self.projection = Dense(weights.within("attention/projection"), width, width)
        self.feed_forward_norm = LayerNorm(weights.within("feed_forward_norm"), width)
        self.expand = Dense(weights.within("expand"), width, inner)
        self.contract = Dense(weights.within("contract"), inner, width)

    def __call__(self, x, rows, cache, last):
        """Apply the block to `x` `[rows * T, D]`; `last`: return only the last position of each row, `[rows, D]`."""
        mixed = attention(*self.queries_keys_values(x, rows), cache, last)
        return self.feed_forward(self.after_attention(last_of(x, rows) if last else x, mixed))

    def queries_keys_values(self, x, rows):
        """Return three arrays `[rows, num_heads, T, head_dim]`."""
        return heads(self.query_key_value(self.attention_norm(x) if self.is_pre else x), rows, self.num_heads)

    def after_attention(self, x, mixed):
        """Add the result of attention, `[N, D]`, to the vectors `x` `[N, D]`."""
        y = self.projection(mixed)
        y += x
        return y if self.is_pre else self.attention_norm(y)

    def feed_forward(self, x):
        """Add the result of the feed-forward network to the vectors `x` `[N, D]`."""
        y = self.contract(self.activation(self.expand(self.feed_forward_norm(x) if self.is_pre else x)))
        y += x
        return y if self.is_pre else self.feed_forward_norm(y)
