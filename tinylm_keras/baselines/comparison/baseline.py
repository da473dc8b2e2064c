"""The baselines of a comparison: what each one adds, and the recipe that it is trained with. No Keras."""

import dataclasses

from tinylm_keras import _checks
from tinylm_keras.recipe import presets
from tinylm_keras.recipe.recipe import settings
from tinylm_keras.recipe.settings_types import ComparisonSettings

# What may be the same in all of them.
SHARED = frozenset(ComparisonSettings.__annotations__)


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A model of the comparison, before it is trained.

    Attributes:
        name: str. Also the folder of its run.
        line: str. What the idea is and what it cannot know.
        preset: str or None. The recipe it is trained with; None: it is counted.
        changes: dict. What differs from the preset.
    """

    name: str
    line: str
    preset: str | None = None
    changes: dict = dataclasses.field(default_factory=dict)


BASELINES = (
    Baseline("unigram", "How often each character comes, counted; what stands before plays no part."),
    Baseline(
        "average",
        "The mean of all characters before: which ones there were, not which came last. So it loses to a pair, "
        "which knows nothing else.",
        "mlp",
        {"model": "average", "embed_dim": 128, "hidden_dim": 256, "num_hidden_layers": 2},
    ),
    Baseline("bigram counts", "How often each character follows each other one, counted: the best that pairs can do."),
    Baseline("bigram", "The same pairs as a table of weights: training finds what counting finds.", "bigram"),
    Baseline("mlp", "The last eight characters, each in its own place: order, as far as the window reaches.", "mlp"),
    Baseline(
        "n-gram counts",
        "What followed the last few characters, counted, with what followed fewer of them where that is little: it "
        "repeats what it has read, and knows nothing that is only similar.",
    ),
    Baseline(
        "minilm",
        "Attention: each character chooses what matters to it among all before, in order, layer upon layer.",
        "shakespeare-char-small",
    ),
)


def make_recipes(steps=None, overrides=None):
    """Return the recipe of each trained baseline by its name.

    Args:
        steps: int or None. Updates of each; None leaves the presets'.
        overrides: dict or None. Changes to all of them.

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
    overrides = {"batch_size": 12} | (overrides or {})  # the same text for all, as much as the last one can take
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
