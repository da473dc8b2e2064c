"""The networks of `tinylm_keras.baselines` in numpy."""

import math

import numpy as np

from tinylm_keras.archive.refusal import Refused
from tinylm_keras.runtime.network import Network, choice
from tinylm_keras.runtime.parts import Dense, last_of, leaky_relu, relu, sigmoid, silu
from tinylm_keras.runtime.patterns import patterns

EPSILON = 1e-5


class AverageLM(Network):
    """The mean of all token vectors so far, and dense layers; see `mini.MiniLM`."""

    def __init__(self, config, weights):
        super().__init__(config)
        width, self.width = config["hidden_dim"], config["embed_dim"]
        self.tokens = weights.take("embedding/vars/0", self.vocabulary_size, self.width)
        self.layers = [
            Dense(weights.within(f"dense_layers/dense{f'_{i}' if i else ''}", f"dense_{i}"), inputs, width)
            for i, inputs in enumerate([self.width, *[width] * (config["num_hidden_layers"] - 1)])
        ]
        self.head = Dense(weights.within("head"), width, self.vocabulary_size)

    def empty_cache(self, rows):
        return [0, np.zeros((rows, 1, self.width), "float32")]  # number of vectors, and their sum

    def hidden_states(self, token_ids, cache, last=False):
        (start, sums), (rows, length) = cache, token_ids.shape
        sums = sums + np.cumsum(self.tokens[token_ids], axis=1)  # (rows, T, D)
        cache[:] = start + length, sums[:, -1:]
        x = sums / np.arange(start + 1, start + length + 1, dtype="float32")[:, np.newaxis]
        x = x.reshape(rows * length, -1)
        x = last_of(x, rows) if last else x
        for layer in self.layers:
            x = leaky_relu(layer(x))
        return x


class BigramLM(Network):
    """A row of logits for each token; see `mini.MiniLM`."""

    sliding_window_cache = True

    def __init__(self, config, weights):
        super().__init__(config)
        self.receptive_field = 1
        self.table = weights.within("layers", "table").take("embedding/vars/0", *[self.vocabulary_size] * 2)

    def empty_cache(self, rows):
        return []

    def hidden_states(self, token_ids, cache, last=False):
        return self.table[(token_ids[:, -1:] if last else token_ids).reshape(-1)]


class MLPLM(Network):
    """The codes of the last tokens, and normalized dense layers; see `mini.MiniLM`."""

    sliding_window_cache = True

    def __init__(self, config, weights):
        super().__init__(config)
        self.receptive_field = self.window = config["window"]
        bits = config["code_bits"]
        if bits % 2 or math.comb(bits, bits // 2) < self.vocabulary_size:
            raise Refused(f"has {bits} code_bits, which do not suit a vocabulary of {self.vocabulary_size:,}.")
        self.codes = patterns(self.vocabulary_size, bits)  # uint8; only the rows of the given ids become float32
        self.layers, inputs = [], self.window * bits
        for i in range(config["num_hidden_layers"]):
            layer = weights.within(f"hidden_layers/normalized_dense{f'_{i}' if i else ''}", f"hidden_{i}")
            self.layers.append(NormalizedDense(config, layer, inputs, config["hidden_dim"] >> i))
            inputs = config["hidden_dim"] >> i
        self.head = Dense(weights.within("head"), inputs, self.vocabulary_size)

    def empty_cache(self, rows):
        return [np.zeros((rows, self.window - 1, self.codes.shape[1]), "float32")]  # the codes in front of a text

    def hidden_states(self, token_ids, cache, last=False):
        codes = np.concatenate(
            [cache[0], self.codes[token_ids].astype("float32")], axis=1
        )  # (rows, window - 1 + T, bits)
        cache[0] = codes[:, token_ids.shape[1] :]
        codes = codes[:, -self.window :] if last else codes
        windows = np.lib.stride_tricks.sliding_window_view(codes, self.window, axis=1)  # (rows, T, bits, window)
        x = windows.swapaxes(2, 3).reshape(-1, self.window * codes.shape[2])
        for layer in self.layers:
            x = layer(x)
        return x


class NormalizedDense:
    """A dense layer with batch normalization, which after training is one multiplication and one addition."""

    def __init__(self, config, weights, inputs, outputs):
        self.activation = choice(config, "activation", {"sigmoid": sigmoid, "relu": relu, "silu": silu})
        self.dense = Dense(weights.within("dense"), inputs, outputs, bias=False)
        gain, bias, mean, variance = (weights.take(f"batch_norm/vars/{i}", outputs) for i in range(4))
        if (variance < 0).any():
            raise Refused("is damaged: a batch normalization has a variance below 0.")
        self.scale = gain / np.sqrt(variance + np.float32(EPSILON))
        self.shift = bias - mean * self.scale

    def __call__(self, x):
        y = self.dense(x)
        y *= self.scale
        y += self.shift
        return self.activation(y)
