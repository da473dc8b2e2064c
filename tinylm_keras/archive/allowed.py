"""The list of names that a model file may contain.

Models and tokenizers are in `specs.py`; new metrics, schedules and layers of the package are added here. A test
compares these names with the classes registered with Keras.
"""

from tinylm_keras.specs import MODELS, PARTS, TOKENIZERS

PACKAGE = "tinylm_keras"

# In each model's config. It increases when earlier versions can no longer read the files. 2: seed states of dropout in
# the weights, and the training state in checkpoints. 3: new names of some entries (see `older` in `specs.MODELS`,
# and `schedules.Decay`). 4: `head_bias`; before, every head had a bias.
FORMAT_VERSION = 4

METRICS = {"Perplexity", "BitsPerCharacter"}
SCHEDULES = {"Decay"}

# Also registered, but not in any file: a model creates its layers from its settings.
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


# Classes of Keras whose arguments are numbers, not functions or paths.
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

# The classes that an entry of a config may have, as (module, class). Classes of this package have PACKAGE as module.
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

# Entries in which Keras also looks up plain strings, and the allowed strings.
TRAINING = ("optimizer", "inner_optimizer", "learning_rate", "loss", "metrics", "weighted_metrics")
TRAINING_NAMES = {"accuracy", "acc", "sparse_categorical_accuracy", "sparse_categorical_crossentropy"}
PRECISIONS = {"float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16"}

# An unlisted class of these modules does not refuse the file; it is loaded without being compiled: see `archive.check`.
TRAINING_MODULES = {"keras.optimizers", "keras.optimizers.schedules", "keras.losses", "keras.metrics"}
