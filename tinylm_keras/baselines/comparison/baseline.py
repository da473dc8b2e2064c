"""The baselines of a comparison, and their recipes. No Keras."""

import dataclasses

from tinylm_keras import _checks
from tinylm_keras.recipe import presets
from tinylm_keras.recipe.recipe import settings
from tinylm_keras.recipe.settings_types import ComparisonSettings

# Settings that all baselines share.
SHARED = frozenset(ComparisonSettings.__annotations__)


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A model of the comparison.

    Attributes:
        name: str. Its name, and the folder of its run.
        line: str. Its idea and its limits.
        preset: str or None. The preset of its recipe; None: it is counted.
        changes: dict. Settings that differ from the preset.
    """

    name: str
    line: str
    preset: str | None = None
    changes: dict = dataclasses.field(default_factory=dict)


BASELINES = (
    Baseline("unigram", "Character frequencies; earlier characters have no influence."),
    Baseline(
        "average",
        "The mean of all earlier characters: it knows which ones came, but not in which order. So it is worse than a "
        "bigram model, which knows only the last one.",
        "mlp",
        {"model": "average", "embed_dim": 128, "hidden_dim": 256, "num_hidden_layers": 2},
    ),
    Baseline("bigram counts", "Counts of pairs of characters: the best that a bigram model can reach."),
    Baseline(
        "bigram", "The same pairs as a table of weights: training reaches nearly what counting reaches.", "bigram"
    ),
    Baseline(
        "mlp", "The last eight characters in order, through dense layers: it knows nothing before the window.", "mlp"
    ),
    Baseline(
        "n-gram counts",
        "Counts of what followed the last few characters, smoothed with shorter contexts: good at repetitions, but it "
        "does not generalize to similar contexts.",
    ),
    Baseline(
        "minilm",
        "Attention: each character weighs all earlier ones by their content and position, in several layers.",
        "shakespeare-char-small",
    ),
)


def make_recipes(steps=None, overrides=None):
    """Return the recipe of each trained baseline by its name.

    Args:
        steps: int or None. Updates of each; None: as in the presets.
        overrides: dict or None. Changes of all recipes.

    Returns:
        dict of `Recipe`.

    Raises:
        ValueError: if a setting is unknown, out of its range, or not one that all baselines share.

    Example:

    >>> {name: recipe.model for name, recipe in make_recipes(steps=100).items()}
    {'average': 'average', 'bigram': 'bigram', 'mlp': 'mlp', 'minilm': 'minilm'}
    """
    for name, value in (overrides or {}).items():
        if name in settings() and name not in SHARED:
            raise _checks.refuse(name, "must be left out: each model of the comparison has its own", value)
    overrides = {"batch_size": 12} | (overrides or {})  # the same amount of text for all
    if steps is not None:
        overrides["steps"] = steps
    recipes = {}
    for baseline in BASELINES:
        if baseline.preset is None:
            continue
        recipe = dataclasses.replace(presets.get(baseline.preset), **baseline.changes)
        recipe = dataclasses.replace(recipe, prompt=None, evaluation_batches=20)
        recipe = presets.override(recipe, **overrides)
        recipe = dataclasses.replace(recipe, window=min(recipe.window, recipe.context_length))
        recipes[baseline.name] = dataclasses.replace(recipe, evaluate_every=overrides.get("evaluate_every"))
    return recipes
