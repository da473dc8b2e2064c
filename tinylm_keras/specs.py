"""One specification for each model and tokenizer, available before its class is imported. No Keras here.

It tells the recipe the settings of a class, the check of a file the entries of its config and the memory that it needs,
and the tests what to build.
"""

import dataclasses
import itertools
from collections.abc import Callable

RENAMED_IN = 3  # the version of the file format in which some entries were renamed

_MODEL_ENTRIES = (
    *("name", "dtype", "format_version", "vocabulary_size", "context_length", "pad_id", "tokenizer"),
    *("generation_defaults", "first_tokens", "training", "frozen", "frozen_when_compiled"),
)
# keras-nlp adds `config_file`; the file is never opened.
_TOKENIZER_ENTRIES = ("name", "trainable", "dtype", "config_file", "max_tokens", "sequence_length", "end_token")


@dataclasses.dataclass(frozen=True)
class Spec:
    """A class that a recipe or a file may name.

    Attributes:
        name: str or None. Its name in a recipe; None if recipes cannot use it.
        where: str. `"module:Class"`.
        settings: tuple of str. The settings of a recipe that it takes; `"argument=setting"` if names differ.
        own: tuple of str. Further entries of its config, besides those of every model or tokenizer.
        others: tuple of str. Further settings that only this class uses.
    """

    name: str | None
    where: str
    settings: tuple = ()
    own: tuple = ()
    others: tuple = ()

    @property
    def class_name(self):
        """The name of its class."""
        return self.where.partition(":")[2]


@dataclasses.dataclass(frozen=True)
class TokenizerSpec(Spec):
    """A tokenizer."""

    @property
    def entries(self):
        """The entries of its config, as a set."""
        return {*_TOKENIZER_ENTRIES, *self.own}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelSpec(Spec):
    """A model.

    Attributes:
        weights: function of the config: the number of weights. It may omit small ones, such as the scales of norms, but
            must never be too large.
        cache: function of the config: the number of values cached for each generated text.
        older: dict. Names of some entries before format 3.
    """

    weights: Callable
    cache: Callable
    older: dict = dataclasses.field(default_factory=dict)

    @property
    def arguments(self):
        """The arguments of its class that a recipe sets, as a tuple of str."""
        return tuple(setting.partition("=")[0] for setting in self.settings)

    def entries(self, version):
        """The entries of its config in a version of the file format, as a set."""
        names = {*_MODEL_ENTRIES, *self.arguments, *self.own}
        return names if version >= RENAMED_IN else {self.older.get(name, name) for name in names}


def _dense(inputs, outputs):
    return (inputs + 1) * outputs


def _mini(vocabulary_size, context_length, embed_dim, feed_forward_dim, num_blocks, head_bias=True, **_):
    attention = _dense(embed_dim, 3 * embed_dim) + _dense(embed_dim, embed_dim)
    feed_forward = _dense(embed_dim, feed_forward_dim) + _dense(feed_forward_dim, embed_dim)
    tables = (vocabulary_size + context_length) * embed_dim
    head = (embed_dim + head_bias) * vocabulary_size
    return tables + num_blocks * (attention + feed_forward) + head


def _rotary(vocabulary_size, embed_dim, feed_forward_dim, num_blocks, **_):
    block = 4 * embed_dim * embed_dim + 2 * embed_dim * feed_forward_dim
    return 2 * vocabulary_size * embed_dim + num_blocks * block


def _average(vocabulary_size, embed_dim, hidden_dim, num_hidden_layers, **_):
    hidden = _dense(embed_dim, hidden_dim) + (num_hidden_layers - 1) * _dense(hidden_dim, hidden_dim)
    return vocabulary_size * embed_dim + hidden + _dense(hidden_dim, vocabulary_size)


def _mlp(vocabulary_size, window, code_bits, hidden_dim, num_hidden_layers, **_):
    widths = [window * code_bits, *(hidden_dim // 2**layer for layer in range(num_hidden_layers))]
    # Each output of a hidden layer has four values of batch normalization instead of a bias.
    hidden = sum((inputs + 4) * outputs for inputs, outputs in itertools.pairwise(widths))
    return hidden + _dense(widths[-1], vocabulary_size)


def _tables(vocabulary_size, num_contexts, num_counts, **_):
    return vocabulary_size + 2 * (num_contexts + num_counts) + 3


def _of_parts(what, network, counts, **_):
    return sum(getattr(MODELS[part["class_name"]], what)(**part["config"]) for part in (network, counts))


def _keys_and_values(context_length, embed_dim, num_blocks, **_):
    return 2 * num_blocks * context_length * embed_dim


_COMMON = ("context_length", "dropout", "dtype=precision")
_TRANSFORMER = (*_COMMON, "embed_dim", "num_heads", "feed_forward_dim", "num_blocks")
_HIDDEN = (*_COMMON, "hidden_dim", "num_hidden_layers")

_MODELS = (
    ModelSpec(
        "minilm",
        "tinylm_keras.models:MiniLM",
        (*_TRANSFORMER, "norm", "activation", "embeddings_stddev", "kernel_stddev"),
        own=("head_bias",),
        others=("mix_counts",),
        weights=_mini,
        cache=_keys_and_values,
        older={"embeddings_stddev": "embedding_deviation", "kernel_stddev": "weights_deviation"},
    ),
    ModelSpec(
        "average",
        "tinylm_keras.baselines:AverageLM",
        ("embed_dim", *_HIDDEN),
        weights=_average,
        cache=lambda context_length, embed_dim, **_: context_length * embed_dim,
    ),
    ModelSpec(
        "bigram",
        "tinylm_keras.baselines:BigramLM",
        ("context_length",),
        weights=lambda vocabulary_size, **_: vocabulary_size**2,
        cache=lambda **_: 0,
    ),
    ModelSpec(
        "mlp",
        "tinylm_keras.baselines:MLPLM",
        ("window", "code_bits", *_HIDDEN, "activation"),
        weights=_mlp,
        cache=lambda context_length, code_bits, **_: context_length * code_bits,
    ),
    ModelSpec(
        "rotary",
        "tinylm_keras.models:RotaryLM",
        (*_TRANSFORMER, "logit_soft_cap"),
        others=("mix_counts",),
        weights=_rotary,
        cache=_keys_and_values,
        older={"logit_soft_cap": "logit_cap"},
    ),
    ModelSpec(
        None,
        "tinylm_keras.baselines:NGramLM",
        own=("order", "num_contexts", "num_counts"),
        weights=_tables,
        cache=lambda context_length, order, **_: context_length * order,
    ),
    ModelSpec(
        None,
        "tinylm_keras.baselines:MixtureLM",
        own=("network", "counts"),
        weights=lambda **config: _of_parts("weights", **config),
        cache=lambda **config: _of_parts("cache", **config),
    ),
)

_LEARNED = (("max_tokens", "end_token"), ("vocabulary", "character_counts"))

_TOKENIZERS = (
    TokenizerSpec("whitespace", "tinylm_keras.tokenizers:WhitespaceTokenizer", *_LEARNED),
    TokenizerSpec("word-punct", "tinylm_keras.tokenizers:WordPunctTokenizer", *_LEARNED),
    TokenizerSpec("character", "tinylm_keras.tokenizers:CharacterTokenizer", *_LEARNED),
    TokenizerSpec(
        "byte-pair",
        "tinylm_keras.tokenizers:BytePairTokenizer",
        _LEARNED[0],
        ("vocabulary", "merges"),
        ("vocabulary_file", "merges_file"),
    ),
)

# By the name of the class.
MODELS = {spec.class_name: spec for spec in _MODELS}
TOKENIZERS = {spec.class_name: spec for spec in _TOKENIZERS}

# The possible models of each part of a mixture, by the entry of its config.
PARTS = {"network": {spec.class_name for spec in _MODELS if spec.name}, "counts": {"NGramLM"}}
