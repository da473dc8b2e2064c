"""A GPT in one file: from a text file to generated text, with nothing but Keras and numpy.

    python examples/gpt_in_one_file.py my.txt --prompt "Once upon a time"

Read it from top to bottom. Text becomes numbers, a model learns to predict the next number, and its predictions become
text again. Without a file it learns its own source code. The package does the same, faster, and with more care.

Letters in the comments at the end of a line: B texts in a batch, T positions in a text, D the width of the model,
H attention heads, V characters in the vocabulary.
"""

import argparse
import sys

import keras
import numpy as np
from keras import layers, ops


class CharacterTokenizer:
    """Text to ids and back. Each character is a token; its id is its place in the sorted list of all characters."""

    def __init__(self, text):
        self.characters = sorted(set(text))
        self.ids = {character: index for index, character in enumerate(self.characters)}

    def encode(self, text):
        return np.array([self.ids[character] for character in text if character in self.ids], "int32")

    def decode(self, ids):
        return "".join(self.characters[index] for index in ids)


def windows(ids, count, context_length, generator):
    """Random stretches of the text. The target of each position is the token after it, so y is x moved by one."""
    starts = generator.integers(0, len(ids) - context_length, count)
    rows = ids[starts[:, None] + np.arange(context_length + 1)]  # (count, T + 1)
    return rows[:, :-1], rows[:, 1:]


class CausalSelfAttention(layers.Layer):
    """Each position collects what it needs from itself and the positions before it."""

    def __init__(self, embed_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.num_heads, self.head_dim = num_heads, embed_dim // num_heads
        self.query_key_value = layers.Dense(3 * embed_dim, name="query_key_value")
        self.projection = layers.Dense(embed_dim, name="projection")

    def call(self, x):
        length, embed_dim = x.shape[1:]
        x = self.query_key_value(x)  # (B, T, 3 D)
        x = ops.reshape(x, (-1, length, 3, self.num_heads, self.head_dim))
        queries, keys, values = ops.unstack(ops.transpose(x, (2, 0, 3, 1, 4)), 3)  # each (B, H, T, D / H)
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))) * self.head_dim**-0.5  # (B, H, T, T)
        # The mask makes it a language model: without it, a position would see the token that it has to predict.
        visible = ops.tril(ops.ones((length, length), "bool"))
        weights = ops.softmax(ops.where(visible, scores, -1e9))  # how much each position takes from each
        y = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))  # (B, T, H, D / H)
        return self.projection(ops.reshape(y, (-1, length, embed_dim)))


class Block(layers.Layer):
    """Attention moves information between positions; the feed-forward network then works on each position alone.

    Both add their result to x. The norm comes before each (pre-norm), so x itself runs through the model untouched, and
    gradients reach the first block as easily as the last.
    """

    def __init__(self, embed_dim, num_heads, feed_forward_dim, dropout, **kwargs):
        super().__init__(**kwargs)
        self.attention_norm = layers.LayerNormalization(epsilon=1e-5, name="attention_norm")
        self.attention = CausalSelfAttention(embed_dim, num_heads, name="attention")
        self.feed_forward_norm = layers.LayerNormalization(epsilon=1e-5, name="feed_forward_norm")
        self.expand = layers.Dense(feed_forward_dim, activation="gelu", name="expand")
        self.contract = layers.Dense(embed_dim, name="contract")
        self.dropout = layers.Dropout(dropout)

    def call(self, x, training=None):
        x = x + self.dropout(self.attention(self.attention_norm(x)), training=training)  # (B, T, D)
        return x + self.dropout(self.contract(self.expand(self.feed_forward_norm(x))), training=training)


class GPT(keras.Model):
    """Token ids (B, T) to logits (B, T, V): at each position, a score for every token that may come next."""

    def __init__(self, vocabulary_size, context_length, embed_dim, num_heads, feed_forward_dim, num_blocks, dropout=0):
        super().__init__()
        self.context_length = context_length
        self.token_embedding = layers.Embedding(vocabulary_size, embed_dim, name="token_embedding")
        # Attention alone knows no order: a second table has a vector for each position.
        self.position_embedding = layers.Embedding(context_length, embed_dim, name="position_embedding")
        sizes = embed_dim, num_heads, feed_forward_dim, dropout
        self.blocks = [Block(*sizes, name=f"block_{i}") for i in range(num_blocks)]
        self.final_norm = layers.LayerNormalization(epsilon=1e-5, name="final_norm")
        self.head = layers.Dense(vocabulary_size, use_bias=False, name="head")

    def call(self, token_ids, training=None):
        x = self.token_embedding(token_ids) + self.position_embedding(ops.arange(token_ids.shape[1]))  # (B, T, D)
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.final_norm(x))  # (B, T, V)


def sample(logits, temperature, top_k, generator):
    """Draw one id. Low temperatures sharpen the distribution, 0 takes the likeliest; top_k drops unlikely tokens."""
    if temperature == 0:
        return int(np.argmax(logits))
    kept = np.argsort(logits)[-top_k:]
    weights = np.exp((logits[kept] - logits[kept].max()) / temperature)
    return int(generator.choice(kept, p=weights / weights.sum()))


def generate(model, ids, count, temperature, top_k, generator):
    """Append `count` ids: predict, draw, append, and predict again from the longer text."""
    ids = list(ids)
    for _ in range(count):
        window = ids[-model.context_length :]
        # Filled up on the right to one length, so that the model is compiled once. Causal: what stands there is unseen.
        padded = np.array([window + [0] * (model.context_length - len(window))], "int32")
        logits = model.predict_on_batch(padded)[0, len(window) - 1]  # (V,)
        ids.append(sample(logits, temperature, top_k, generator))
    return ids


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Train a GPT on the characters of a text file and let it write.")
    parser.add_argument("file", nargs="?", default=__file__, help="a text file; left out: this program")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--prompt", default="\n")
    parser.add_argument("--length", type=int, default=300, help="characters to write")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=40)
    options = parser.parse_args(arguments)

    with open(options.file, encoding="utf-8") as file:
        text = file.read()
    tokenizer = CharacterTokenizer(text)
    ids = tokenizer.encode(text)
    cut = len(ids) * 9 // 10  # the last tenth is kept away from training, to validate what was learned

    prompt = tokenizer.encode(options.prompt)
    context_length, batch_size, generator = 64, 16, np.random.default_rng(0)
    if len(ids) - cut <= context_length or not len(prompt):
        parser.error(f"the text needs {10 * context_length + 10} characters, and the prompt at least one of them")

    keras.utils.set_random_seed(0)
    sizes = {"embed_dim": 128, "num_heads": 4, "feed_forward_dim": 512, "num_blocks": 4}
    model = GPT(len(tokenizer.characters), context_length, **sizes)
    model.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(2e-3, options.steps), global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),  # its exp is the perplexity
        jit_compile=True,
    )
    model.fit(
        *windows(ids[:cut], options.steps * batch_size, context_length, generator),
        batch_size=batch_size,
        validation_data=windows(ids[cut:], 20 * batch_size, context_length, generator),
        verbose=2,
    )
    written = generate(model, prompt, options.length, options.temperature, options.top_k, generator)
    sys.stdout.write(tokenizer.decode(written) + "\n")


if __name__ == "__main__":
    main()
