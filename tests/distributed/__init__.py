"""Training on several devices and in several processes, tried out with real processes: `scripts/distributed-check`."""

import numpy as np

# A text with a grammar that is learned in a few steps, in 51 characters.
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW ."
WORDS = ["".join(np.random.default_rng((0, n)).choice(list(LETTERS[:49]), 2 + n % 6)) for n in range(60)]


def texts(count):
    """Return so many texts."""
    return ["ab " + " ".join(np.random.default_rng((1, n)).choice(WORDS, 4 + n % 9)) + "." for n in range(count)]


TEXTS = texts(120)

TOKENS = {"tokenizer": "byte-pair", "max_tokens": 300, "layout": "packed", "validation": 0.1, "mix_counts": False}
SIZES = {"embed_dim": 32, "num_heads": 2, "num_blocks": 2, "feed_forward_dim": 64, "context_length": 32}
TINY = {
    **TOKENS,
    **SIZES,
    "preset": "tinylm",
    "batch_size": 8,
    "prompt": "ab",
    "max_new_tokens": 8,
    "jit_compile": True,
}
