"""The ready-made recipes, readable as JSON. Imports no Keras, so that the command line answers at once."""

from tinylm_keras import _checks
from tinylm_keras.training.recipe import Recipe, override, parse, settings

__all__ = ["Recipe", "describe", "get", "names", "override", "parse", "settings"]

# Each preset: one line that says what it is for, and the recipe.
_PRESETS = {
    "stories": (
        "a small pre-norm GPT over words; the built-in stories, or your own text, in about a minute",
        Recipe(preset="stories"),
    ),
    "tinylm": (
        "the original's: a tiny post-norm transformer that learns a handful of sentences by heart",
        Recipe(
            preset="tinylm",
            end_token=None,
            layout="lines",
            validation=0.0,
            context_length=20,
            embed_dim=64,
            num_heads=2,
            feed_forward_dim=128,
            num_blocks=2,
            dropout=0.1,
            norm="post",
            activation="relu",
            embedding_deviation=None,
            optimizer="adam",
            learning_rate=0.001,
            minimum_rate=1.0,
            warm_up=0,
            weight_decay=0.0,
            batch_size=16,
            steps=None,
            epochs=70,
            temperature=1.0,
            max_new_tokens=20,
        ),
    ),
}


def names():
    """Return the names of the presets.

    Example:

    >>> names()
    ['stories', 'tinylm']
    """
    return list(_PRESETS)


def get(name):
    """Return the preset `name`.

    Args:
        name: str. One of `names()`.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: if there is no such preset; the message lists those there are.

    Example:

    >>> get("tinylm").context_length
    20
    """
    return _PRESETS[_checks.one_of("preset", name, names())][1]


def describe(name):
    """Return the line that says what the preset `name` is for."""
    return _PRESETS[_checks.one_of("preset", name, names())][0]
