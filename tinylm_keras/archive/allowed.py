"""What a model's file may name: the allow-list, in one place.

Models and tokenizers are in `specs.py`; a new metric, schedule or layer of the package is added here. A test compares
these names with those that are registered with Keras.
"""

from tinylm_keras.specs import MODELS, PARTS, TOKENIZERS

PACKAGE = "tinylm_keras"

# Written into each model's config. It grows when a file can no longer be read by the versions before. 2: the seed
# states of dropout among the weights, and in checkpoints the state of training. 3: other names of some entries (see
# `older` in `specs.MODELS`, and `schedules.Decay`). 4: `head_bias`, without which a head had a bias.
FORMAT_VERSION = 4

METRICS = {"Perplexity", "BitsPerCharacter"}
SCHEDULES = {"Decay"}

# Registered too, but no file names them: a model makes its layers from its settings.
NEVER_NAMED = {
    "CausalSelfAttention",
    "CountTables",
    "Dense",
    "Dropout",
    "Embedding",
    "Mixing",
    "NormalizedDense",
    "PermutationCoding",
    "PrefixMean",
    "RotaryAttention",
    "RotaryBlock",
    "RotaryEmbedding",
    "Sampler",
    "SoftCappedDense",
    "TokenAndPositionEmbedding",
    "TrailingWindow",
    "TransformerBlock",
}


def _of(module, names):
    return frozenset((module, name) for name in names)


# Keras's classes that take numbers alone: no function, no path.
_OPTIMIZERS = _of(
    "keras.optimizers",
    {
        *("Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "LossScaleOptimizer"),
        *("Muon", "Nadam", "RMSprop", "SGD"),
    },
)
_SCHEDULES = _of(
    "keras.optimizers.schedules",
    {
        *("CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "PiecewiseConstantDecay"),
        "PolynomialDecay",
    },
) | _of(PACKAGE, SCHEDULES)
_METRICS = _of(PACKAGE, METRICS) | _of(
    "keras.metrics",
    {"SparseCategoricalAccuracy", "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy"},
)

# Under which entry of a config a class may stand, as (module, class); our own have the package as their module.
PLACES = {
    "model": _of(PACKAGE, MODELS),
    **{entry: _of(PACKAGE, names) for entry, names in PARTS.items()},
    "tokenizer": _of(PACKAGE, TOKENIZERS),
    "dtype": _of("keras", ["DTypePolicy"]),
    "optimizer": _OPTIMIZERS,
    "inner_optimizer": _OPTIMIZERS,
    "learning_rate": _SCHEDULES,
    "loss": _of("keras.losses", ["SparseCategoricalCrossentropy"]),
    "metrics": _METRICS,
    "weighted_metrics": _METRICS,
}

# Where Keras looks up plain strings too, and those that it may.
TRAINING = ("optimizer", "inner_optimizer", "learning_rate", "loss", "metrics", "weighted_metrics")
TRAINING_NAMES = {"accuracy", "acc", "sparse_categorical_accuracy", "sparse_categorical_crossentropy"}
PRECISIONS = {"float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16"}

# Of these modules a class that is not on the list costs a file only what it says about training: see `archive.check`.
TRAINING_MODULES = {"keras.optimizers", "keras.optimizers.schedules", "keras.losses", "keras.metrics"}
