"""Compares the size of the model that a config describes with the size of its file."""

from tinylm_keras import specs
from tinylm_keras.archive.refusal import Refused, shown

# The sizes in a config, with their maxima. A model cannot have more weights than its file; these maxima limit the cost
# before that check: creating layers, numbering codes, reserving positions.
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

# Maximum ratio of a text's cache to the weights, and a size that is always allowed (256 MB).
CACHE_PER_WEIGHT = 64
SMALLEST_CACHE = 1 << 26

# A file may also have up to four numbers of the optimizer for each weight, of up to eight bytes each, and some slack.
BYTES_PER_WEIGHT = 64
SMALLEST_SIZE = 64 << 20


def whole(config, entry, most):
    """Refuse an entry that is not an integer from 1 to `most`."""
    value = config.get(entry)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Refused(f"has a {entry} that is not a whole number from 1 to {most:,}, {shown(value)}.", own=True)


def check_settings(name, config):
    """Refuse a config of the model class `name` with an unknown entry, or with a size out of range."""
    entries = specs.MODELS[name].entries(config.get("format_version", 1))
    for entry in config:
        if entry not in entries:
            raise Refused(f"has an entry in its {name} that this version does not know, {shown(entry)}.", own=True)
    for entry in entries & LARGEST.keys():
        whole(config, entry, LARGEST[entry])


def check_memory(name, config, numbers, size=0):
    """Refuse a model that needs more memory than its file justifies, or a file far larger than its model.

    Args:
        name: str. The class of the model.
        config: dict that passed `check_settings`.
        numbers: int. Number of weights in the file.
        size: int. Size of the weights in bytes, including the optimizer's.
    """
    spec = specs.MODELS[name]
    weights, cache = spec.weights(**config), spec.cache(**config)
    if weights > numbers:
        raise Refused(f"asks for {weights:,} weights and holds {numbers:,}.")
    if size > max(SMALLEST_SIZE, BYTES_PER_WEIGHT * weights):
        raise Refused(f"asks for {weights:,} weights and holds {size:,} bytes of them, far more than fit.", own=True)
    if cache > max(SMALLEST_CACHE, CACHE_PER_WEIGHT * numbers):
        raise Refused(f"asks for {cache:,} numbers of memory for each text and holds {numbers:,}.", own=True)
