"""How much a model asks for: what its config would build, against what its file holds."""

import dataclasses
import itertools
from collections.abc import Callable

from tinylm_keras.archive.refusal import Refused, shown

# Every size that a config may hold, with the largest that is believed. A model cannot ask for more weights than its
# file holds; these limit what would cost before that: layers to make, codes to number, positions to reserve.
LARGEST = {
    "vocabulary_size": 1 << 22,
    "context_length": 1 << 20,
    "embed_dim": 1 << 20,
    "num_heads": 1 << 20,
    "feed_forward_dim": 1 << 22,
    "hidden_dim": 1 << 22,
    "num_blocks": 256,
    "num_hidden_layers": 256,
    "window": 1 << 20,
    "code_bits": 64,
    "order": 24,
    "num_contexts": 1 << 25,
    "num_counts": 1 << 24,
}
LONGEST_SEQUENCE = 1 << 24

RENAMED_IN = 3  # the version of the format in which some entries got other names

# The cache of a text may take so many times the memory of the weights, and as much in any case (256 MB).
CACHE_PER_WEIGHT = 64
SMALLEST_CACHE = 1 << 26

# A file has its optimizer's numbers too, at most four for a weight and each of at most eight bytes; and room to spare.
BYTES_PER_WEIGHT = 64
SMALLEST_SIZE = 64 << 20

_EVERY_MODEL = (
    "name dtype format_version vocabulary_size context_length pad_id tokenizer generation_defaults first_tokens "
    "training frozen frozen_when_compiled"
)


@dataclasses.dataclass(frozen=True)
class Model:
    """What the check knows of a model class.

    Attributes:
        own: str. The entries of its config beside those of every model.
        weights: function of the config: how many weights will be made. It may leave out what cannot matter, such as
            the scales of norms, and must never count too many.
        cache: function of the config: how many numbers are held for each text that is generated.
        older: dict. What some of its entries were called before format 3.
    """

    own: str
    weights: Callable
    cache: Callable
    older: dict = dataclasses.field(default_factory=dict)

    def entries(self, version):
        """The entries of its config in a version of the format, as a set."""
        names = {*_EVERY_MODEL.split(), *self.own.split()}
        return names if version >= RENAMED_IN else {self.older.get(name, name) for name in names}


def _dense(inputs, outputs):
    return (inputs + 1) * outputs


def _mini(vocabulary_size, context_length, embed_dim, feed_forward_dim, num_blocks, **_):
    attention = _dense(embed_dim, 3 * embed_dim) + _dense(embed_dim, embed_dim)
    feed_forward = _dense(embed_dim, feed_forward_dim) + _dense(feed_forward_dim, embed_dim)
    tables = (vocabulary_size + context_length) * embed_dim
    return tables + num_blocks * (attention + feed_forward) + _dense(embed_dim, vocabulary_size)


def _rotary(vocabulary_size, embed_dim, feed_forward_dim, num_blocks, **_):
    block = 4 * embed_dim * embed_dim + 2 * embed_dim * feed_forward_dim
    return 2 * vocabulary_size * embed_dim + num_blocks * block


def _average(vocabulary_size, embed_dim, hidden_dim, num_hidden_layers, **_):
    hidden = _dense(embed_dim, hidden_dim) + (num_hidden_layers - 1) * _dense(hidden_dim, hidden_dim)
    return vocabulary_size * embed_dim + hidden + _dense(hidden_dim, vocabulary_size)


def _mlp(vocabulary_size, window, code_bits, hidden_dim, num_hidden_layers, **_):
    widths = [window * code_bits, *(hidden_dim // 2**layer for layer in range(num_hidden_layers))]
    # Each output of a hidden layer has four numbers of its batch normalization in place of a bias.
    hidden = sum((inputs + 4) * outputs for inputs, outputs in itertools.pairwise(widths))
    return hidden + _dense(widths[-1], vocabulary_size)


def _tables(vocabulary_size, num_contexts, num_counts, **_):
    return vocabulary_size + 2 * (num_contexts + num_counts) + 3


def _keys_and_values(context_length, embed_dim, num_blocks, **_):
    return 2 * num_blocks * context_length * embed_dim


_TRANSFORMER = "embed_dim num_heads feed_forward_dim num_blocks dropout"

# Every model class of the package; a test compares the names with those that are registered with Keras.
MODELS = {
    "MiniLM": Model(
        f"{_TRANSFORMER} norm activation embeddings_stddev kernel_stddev",
        _mini,
        _keys_and_values,
        {"embeddings_stddev": "embedding_deviation", "kernel_stddev": "weights_deviation"},
    ),
    "RotaryLM": Model(f"{_TRANSFORMER} logit_soft_cap", _rotary, _keys_and_values, {"logit_soft_cap": "logit_cap"}),
    "AverageLM": Model(
        "embed_dim hidden_dim num_hidden_layers dropout",
        _average,
        lambda context_length, embed_dim, **_: context_length * embed_dim,
    ),
    "BigramLM": Model("", lambda vocabulary_size, **_: vocabulary_size**2, lambda **_: 0),
    "MLPLM": Model(
        "window code_bits hidden_dim num_hidden_layers activation dropout",
        _mlp,
        lambda context_length, code_bits, **_: context_length * code_bits,
    ),
    "NGramLM": Model(
        "order num_contexts num_counts", _tables, lambda context_length, order, **_: context_length * order
    ),
}


def whole(config, entry, most):
    """Refuse an entry that is not a whole number from 1 to `most`."""
    value = config.get(entry)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Refused(f"has a {entry} that is not a whole number from 1 to {most:,}, {shown(value)}.", own=True)


def check_settings(name, config):
    """Refuse a config of the model class `name` with other entries than its own, or with a size out of range."""
    entries = MODELS[name].entries(config.get("format_version", 1))
    for entry in config:
        if entry not in entries:
            raise Refused(f"has an entry in its {name} that this version does not know, {shown(entry)}.", own=True)
    for entry in entries & LARGEST.keys():
        whole(config, entry, LARGEST[entry])


def check_memory(name, config, numbers, size=0):
    """Refuse a model that would need more memory than its file accounts for, or a file far larger than its model.

    Args:
        name: str. Its class.
        config: dict that passed `check_settings`.
        numbers: int. How many numbers the file holds as weights.
        size: int. How many bytes of weights it holds, those of the optimizer too.
    """
    weights, cache = MODELS[name].weights(**config), MODELS[name].cache(**config)
    if weights > numbers:
        raise Refused(f"asks for {weights:,} weights and holds {numbers:,}.")
    if size > max(SMALLEST_SIZE, BYTES_PER_WEIGHT * weights):
        raise Refused(f"asks for {weights:,} weights and holds {size:,} bytes of them, far more than fit.", own=True)
    if cache > max(SMALLEST_CACHE, CACHE_PER_WEIGHT * numbers):
        raise Refused(f"asks for {cache:,} numbers of memory for each text and holds {numbers:,}.", own=True)
