"""The ready-made recipes, readable as JSON. Imports no Keras, so that the command line answers at once."""

from tinylm_keras import _checks
from tinylm_keras.recipe.overrides import override, parse
from tinylm_keras.recipe.recipe import Recipe, settings

__all__ = ["Recipe", "describe", "get", "names", "override", "parse", "settings"]

# The preset from which settings come by default.
DEFAULT = "stories"

# Not a preset: it chooses a recipe by looking at the text; see `advice`.
AUTO = "auto"
AUTO_LINE = "looks at your text, chooses settings for it and gives the reasons; the default for your own text"

_CHARACTERS = {
    "tokenizer": "character",
    "layout": "packed",
    "separator": None,  # a file is one long text, and its last part is the validation text
    "max_new_tokens": 300,
}

# A character model of 10.65 million weights without embeddings, as nanoGPT trains it on Tiny Shakespeare.
_SHAKESPEARE = {
    **_CHARACTERS,
    "context_length": 256,
    "embed_dim": 384,
    "num_heads": 6,
    "feed_forward_dim": 1536,
    "num_blocks": 6,
    "dropout": 0.2,
    "norm": "pre",
    "activation": "gelu",
    "embeddings_stddev": 0.02,
    "optimizer": "adamw",
    "learning_rate": 1e-3,
    "min_learning_rate_ratio": 0.1,
    "warmup_steps": 100,
    "beta_2": 0.99,
    "weight_decay": 0.1,
    "global_clipnorm": 1.0,
    "batch_size": 64,
    "steps": 5000,
    "evaluation_batches": 75,  # ten evaluations take a tenth of the run
}

# The shape and the batches of nanoGPT's configuration for small computers.
_SMALL = {
    "context_length": 64,
    "embed_dim": 128,
    "num_heads": 4,
    "feed_forward_dim": 512,
    "num_blocks": 4,
    "batch_size": 12,
}

_LINEAR_MUON = {
    "optimizer": "muon",
    "adam_ratio": 1.0,
    "momentum": 0.9,
    "schedule": "linear",
    "weight_decay": 0.0,
}

# Each preset: its description in one line, and the recipe.
_PRESETS = {
    "stories": (
        "for many short texts of few different words, as the built-in stories: a small GPT over words; a minute",
        Recipe(preset="stories"),
    ),
    "tinylm": (
        "for a handful of sentences, learned by heart: the original's tiny post-norm transformer; seconds",
        Recipe(
            preset="tinylm",
            end_token=None,
            layout="padded",
            validation=0.0,
            context_length=20,
            embed_dim=64,
            num_heads=2,
            feed_forward_dim=128,
            num_blocks=2,
            dropout=0.1,
            norm="post",
            activation="relu",
            embeddings_stddev=None,
            optimizer="adam",
            learning_rate=0.001,
            beta_2=0.999,
            min_learning_rate_ratio=1.0,
            warmup_steps=0,
            weight_decay=0.0,
            batch_size=16,
            steps=None,
            epochs=70,
            temperature=1.0,
            max_new_tokens=20,
        ),
    ),
    "bigram": (
        "for comparison, on any text: predicts each character from the one before it; seconds",
        Recipe(
            **_CHARACTERS,
            preset="bigram",
            model="bigram",
            context_length=64,
            optimizer="adamw",
            learning_rate=0.05,
            min_learning_rate_ratio=0.01,
            warmup_steps=0,
            weight_decay=0.0,
            batch_size=32,
            steps=2000,
        ),
    ),
    "attention-average": (
        "for comparison, on lines of words: the plain average of all earlier words, then two hidden layers",
        Recipe(
            preset="attention-average",
            tokenizer="word-punct",
            layout="padded",  # each text cut or filled up to the context
            model="average",
            context_length=128,
            embed_dim=64,
            hidden_dim=128,
            num_hidden_layers=2,
            dropout=0.1,
            optimizer="sgd",
            learning_rate=0.45,
            schedule="exponential",
            decay_every=100,
            decay_rate=0.9,
            weight_decay=0.0,
            batch_size=16,
            steps=10_000,
            evaluate_every=100,
        ),
    ),
    "mlp": (
        "for comparison, on any text: the last eight characters as permutation codes, then three hidden layers",
        Recipe(
            **_CHARACTERS,
            preset="mlp",
            model="mlp",
            context_length=64,
            window=8,
            hidden_dim=256,
            num_hidden_layers=3,
            dropout=0.1,
            activation="relu",
            optimizer="adamw",
            learning_rate=3e-3,
            min_learning_rate_ratio=0.01,
            warmup_steps=100,
            weight_decay=0.1,
            global_clipnorm=1.0,
            batch_size=32,
            steps=2000,
        ),
    ),
    "fast": (
        "for verse, prose or code whose line breaks matter: characters, rotary positions and Muon; ten seconds or more",
        Recipe(
            **_CHARACTERS,
            preset="fast",
            **{**_SMALL, "feed_forward_dim": 496},  # with the second embedding, no more weights than nanoGPT's
            **_LINEAR_MUON,
            model="rotary",
            learning_rate=0.015,
            warmup_steps=0,
            steps=250,
            jit_compile=True,
        ),
    ),
    "shakespeare-char-small": (
        "for the same texts, as nanoGPT learns them: its small character model, 0.8 million weights; a minute or two",
        Recipe(
            **{
                **_SHAKESPEARE,
                **_SMALL,
                "dropout": 0.0,
                "steps": 2000,
                "evaluation_batches": 20,
            },
            preset="shakespeare-char-small",
        ),
    ),
    "shakespeare-char": (
        "for a megabyte of text and a graphics card: nanoGPT's character model, 10.65 million weights",
        Recipe(**_SHAKESPEARE, preset="shakespeare-char"),
    ),
    "gpt": (
        "for the same texts: shakespeare-char as a plain GPT: ReLU, a standard deviation of 0.02 for all matrices",
        Recipe(
            **{**_SHAKESPEARE, "activation": "relu", "embeddings_stddev": None, "kernel_stddev": 0.02},
            preset="gpt",
        ),
    ),
    "slm": (
        "for much simple prose and a graphics card: a GPT-2-like model over byte pairs, 53 million weights",
        Recipe(
            preset="slm",
            tokenizer="byte-pair",
            max_tokens=4096,  # learned from the text itself; GPT-2's 50,257 come with --vocabulary-file
            end_token="<|endoftext|>",  # GPT-2's
            layout="packed",
            context_length=128,
            embed_dim=384,
            num_heads=8,
            feed_forward_dim=1536,
            num_blocks=8,
            dropout=0.1,
            norm="pre",
            activation="gelu",
            embeddings_stddev=0.02,
            optimizer="adamw",
            learning_rate=6e-4,
            min_learning_rate_ratio=0.1,
            warmup_steps=200,
            beta_2=0.95,
            weight_decay=0.1,
            global_clipnorm=1.0,
            batch_size=32,
            gradient_accumulation_steps=4,
            steps=5000,
            evaluation_batches=100,
            max_new_tokens=200,
        ),
    ),
}


def names() -> list[str]:
    """Return the names of the presets.

    Example:

    >>> names()[:2]
    ['stories', 'tinylm']
    """
    return list(_PRESETS)


def get(name: str) -> Recipe:
    """Return the preset `name`.

    Args:
        name: str. One of `names()`.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: if there is no such preset; the message lists all presets.

    Example:

    >>> get("tinylm").context_length
    20
    """
    if name == AUTO:
        rule = "chooses settings for the text of a new run, so it is not a fixed recipe"
        raise _checks.refuse("preset", rule, name, "Use it only with a new source, or choose another preset.")
    return _PRESETS[_checks.one_of("preset", name, [AUTO, *names()])][1]


def describe(name: str) -> str:
    """Return the line that says what the preset `name` is for."""
    return _PRESETS[_checks.one_of("preset", name, names())][0]
