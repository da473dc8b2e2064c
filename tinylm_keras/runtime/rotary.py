"""`models.RotaryLM` in numpy."""

import numpy as np

from tinylm_keras.archive.refusal import Refused
from tinylm_keras.runtime.cache import KeyValues
from tinylm_keras.runtime.network import Network, head_dim
from tinylm_keras.runtime.parts import Dense, RMSNorm, attention, heads, last_of, relu

MAX_WAVELENGTH = 10_000.0
TURN = 2**32  # an angle is a whole number of 2^-32 turns, and wraps as unsigned 32-bit integers do


class RotaryLM(Network):
    """Token embeddings, blocks with rotary positions, and logits with or without soft-capping; see `mini.MiniLM`."""

    sliding_window_cache = True

    def __init__(self, config, weights):
        super().__init__(config)
        width = config["embed_dim"]
        self.num_heads, self.head_dim = config["num_heads"], head_dim(config, even=True)
        self.soft_cap = config["logit_soft_cap"]
        if self.soft_cap is not None and not self.soft_cap > 1e-6:
            raise Refused(f"has a wrong logit_soft_cap: it must be above 0, not {self.soft_cap!r}.")
        radians = MAX_WAVELENGTH ** (-np.arange(0, self.head_dim, 2) / self.head_dim)
        self.pace = np.round(radians / (2 * np.pi) * TURN).astype("uint32")  # of each pair of features, per position
        self.tokens = weights.take("embedding/vars/0", self.vocabulary_size, width)
        self.blocks = [
            Block(config, weights.within(f"blocks/rotary_block{f'_{i}' if i else ''}", f"block_{i}"))
            for i in range(config["num_blocks"])
        ]
        self.cached_numbers = 2 * width * len(self.blocks)
        self.receptive_field = len(self.blocks) * (self.context_length - 1) + 1
        self.final_norm = RMSNorm(weights.within("final_norm"), width)
        self.last = Dense(weights.within("head"), width, self.vocabulary_size, bias=False)

    def empty_cache(self, rows):
        sizes = rows, self.num_heads, self.head_dim, self.context_length
        return [0, [KeyValues(*sizes, sliding=True) for _ in self.blocks]]

    def hidden_states(self, token_ids, cache, last=False):
        rows, length = token_ids.shape
        start, caches = cache
        turn = self.turn(start, length)
        x = self.tokens[token_ids.reshape(-1)]
        for block, kept in zip(self.blocks, caches, strict=True):
            x = block(x, rows, kept, turn, last and block is self.blocks[-1])
        cache[0] = start + length
        return self.final_norm(x)

    def turn(self, start, length):
        """Cosine and sine of the angles of some positions, `[length, head_dim / 2]` each."""
        positions = np.arange(start, start + length, dtype="int64").astype("uint32")
        angles = (positions[:, np.newaxis] * self.pace).astype("float32") * np.float32(2 * np.pi / TURN)
        return np.cos(angles), np.sin(angles)

    def head(self, hidden):
        logits = self.last(hidden)
        if self.soft_cap is not None:
            logits /= np.float32(self.soft_cap)
            np.tanh(logits, out=logits)
            logits *= np.float32(self.soft_cap)
        return logits


class Block:
    """`layers.RotaryBlock` in numpy."""

    def __init__(self, config, weights):
        width, inner, head = config["embed_dim"], config["feed_forward_dim"], head_dim(config)
        self.num_heads = config["num_heads"]
        self.attention_norm = RMSNorm(weights.within("attention_norm"), width)
        self.query_key_value = Dense(weights.within("attention/query_key_value"), width, 3 * width, bias=False)
        self.query_key_norm = RMSNorm(weights.within("attention/query_norm"), head)
        gains = self.query_key_norm.gain, RMSNorm(weights.within("attention/key_norm"), head).gain
        self.query_key_norm.gain = np.stack(gains).reshape(2, 1, 1, 1, head)  # both at once
        self.projection = Dense(weights.within("attention/projection"), width, width, bias=False)
        self.feed_forward_norm = RMSNorm(weights.within("feed_forward_norm"), width)
        self.expand = Dense(weights.within("expand"), width, inner, bias=False)
        self.contract = Dense(weights.within("contract"), inner, width, bias=False)

    def __call__(self, x, rows, cache, turn, last):
        """As `mini.Block`; `turn` is the cosines and sines of the angles of each position."""
        mixed = attention(*self.queries_keys_values(x, rows, turn), cache, last)
        return self.feed_forward(self.after_attention(last_of(x, rows) if last else x, mixed))

    def queries_keys_values(self, x, rows, turn):
        both = heads(self.query_key_value(self.attention_norm(x)), rows, self.num_heads)
        return *_turned(self.query_key_norm(both[:2]), *turn), both[2]

    def after_attention(self, x, mixed):
        y = self.projection(mixed)
        y += x
        return y

    def feed_forward(self, x):
        inner = relu(self.expand(self.feed_forward_norm(x)))
        y = self.contract(np.square(inner, out=inner))
        y += x
        return y


def _turned(x, cosine, sine):
    """Rotate vectors `[…, T, head_dim]` by angles `[T, head_dim / 2]`: features i and i + head_dim / 2 are a pair."""
    half = x.shape[-1] // 2
    turned = np.empty_like(x)
    for ours, others, sign in ((slice(half), slice(half, None), -1), (slice(half, None), slice(half), 1)):
        np.multiply(x[..., ours], cosine, out=turned[..., ours])
        turned[..., ours] += x[..., others] * (sign * sine)
    return turned
