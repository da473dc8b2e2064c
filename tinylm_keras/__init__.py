"""tinylm_keras: train a small language model on your own text, keep it as one `.keras` file, generate text fast.

Names are imported when first used, so `import tinylm_keras` is fast and imports no Keras.
"""

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinylm_keras import archive as archive
    from tinylm_keras import baselines as baselines
    from tinylm_keras import cli as cli
    from tinylm_keras import copying as copying
    from tinylm_keras import counting as counting
    from tinylm_keras import data as data
    from tinylm_keras import description as description
    from tinylm_keras import evaluation as evaluation
    from tinylm_keras import experiments as experiments
    from tinylm_keras import explain as explain
    from tinylm_keras import generation as generation
    from tinylm_keras import hub as hub
    from tinylm_keras import id_rules as id_rules
    from tinylm_keras import inspection as inspection
    from tinylm_keras import interop as interop
    from tinylm_keras import layers as layers
    from tinylm_keras import metrics as metrics
    from tinylm_keras import models as models
    from tinylm_keras import notebook as notebook
    from tinylm_keras import plots as plots
    from tinylm_keras import recipe as recipe
    from tinylm_keras import runtime as runtime
    from tinylm_keras import samplers as samplers
    from tinylm_keras import saving as saving
    from tinylm_keras import schedules as schedules
    from tinylm_keras import specs as specs
    from tinylm_keras import stories as stories
    from tinylm_keras import text as text
    from tinylm_keras import tokenizers as tokenizers
    from tinylm_keras import training as training
    from tinylm_keras import writing as writing
    from tinylm_keras.baselines import MLPLM as MLPLM
    from tinylm_keras.baselines import AverageLM as AverageLM
    from tinylm_keras.baselines import BigramLM as BigramLM
    from tinylm_keras.baselines import MixtureLM as MixtureLM
    from tinylm_keras.baselines import NGramLM as NGramLM
    from tinylm_keras.baselines.comparison import compare as compare
    from tinylm_keras.experiments.sweeping import sweep as sweep
    from tinylm_keras.models import LanguageModel as LanguageModel
    from tinylm_keras.models import MiniLM as MiniLM
    from tinylm_keras.models import RotaryLM as RotaryLM
    from tinylm_keras.recipe import presets as presets
    from tinylm_keras.samplers import Sampler as Sampler
    from tinylm_keras.saving import load_model as load_model
    from tinylm_keras.text.survey import survey as survey
    from tinylm_keras.tokenizers import BytePairTokenizer as BytePairTokenizer
    from tinylm_keras.tokenizers import CharacterTokenizer as CharacterTokenizer
    from tinylm_keras.tokenizers import WhitespaceTokenizer as WhitespaceTokenizer
    from tinylm_keras.tokenizers import WordPunctTokenizer as WordPunctTokenizer
    from tinylm_keras.training import callbacks as callbacks
    from tinylm_keras.training.train import train as train

__version__ = "0.2.0"

# Public name -> (module, attribute; None for the module itself).
_EXPORTS = {
    "AverageLM": ("tinylm_keras.baselines", "AverageLM"),
    "BigramLM": ("tinylm_keras.baselines", "BigramLM"),
    "BytePairTokenizer": ("tinylm_keras.tokenizers", "BytePairTokenizer"),
    "CharacterTokenizer": ("tinylm_keras.tokenizers", "CharacterTokenizer"),
    "LanguageModel": ("tinylm_keras.models", "LanguageModel"),
    "MLPLM": ("tinylm_keras.baselines", "MLPLM"),
    "MiniLM": ("tinylm_keras.models", "MiniLM"),
    "MixtureLM": ("tinylm_keras.baselines", "MixtureLM"),
    "NGramLM": ("tinylm_keras.baselines", "NGramLM"),
    "RotaryLM": ("tinylm_keras.models", "RotaryLM"),
    "Sampler": ("tinylm_keras.samplers", "Sampler"),
    "WhitespaceTokenizer": ("tinylm_keras.tokenizers", "WhitespaceTokenizer"),
    "WordPunctTokenizer": ("tinylm_keras.tokenizers", "WordPunctTokenizer"),
    "baselines": ("tinylm_keras.baselines", None),
    "callbacks": ("tinylm_keras.training.callbacks", None),
    "compare": ("tinylm_keras.baselines.comparison", "compare"),
    "data": ("tinylm_keras.data", None),
    "layers": ("tinylm_keras.layers", None),
    "load_model": ("tinylm_keras.saving", "load_model"),
    "metrics": ("tinylm_keras.metrics", None),
    "presets": ("tinylm_keras.recipe.presets", None),
    "stories": ("tinylm_keras.stories", None),
    "sweep": ("tinylm_keras.experiments.sweeping", "sweep"),
    "survey": ("tinylm_keras.text.survey", "survey"),
    "train": ("tinylm_keras.training.train", "train"),
}

__all__ = [
    "MLPLM",
    "AverageLM",
    "BigramLM",
    "BytePairTokenizer",
    "CharacterTokenizer",
    "LanguageModel",
    "MiniLM",
    "MixtureLM",
    "NGramLM",
    "RotaryLM",
    "Sampler",
    "WhitespaceTokenizer",
    "WordPunctTokenizer",
    "baselines",
    "callbacks",
    "compare",
    "data",
    "layers",
    "load_model",
    "metrics",
    "presets",
    "stories",
    "survey",
    "sweep",
    "train",
]

# Submodules with further names.
_SUBMODULES = (
    *("archive", "cli", "copying", "counting", "description", "evaluation", "experiments", "explain", "generation"),
    *("hub", "id_rules", "inspection", "interop", "models", "notebook", "plots", "recipe", "runtime"),
    *("samplers", "saving", "schedules", "specs", "text", "tokenizers", "training", "writing"),
)


def _register_classes():
    """Import every class that a saved file may name, so that `keras.saving.load_model` finds it."""
    for module in ("models", "baselines", "tokenizers", "layers", "metrics", "samplers", "schedules"):
        importlib.import_module(f"tinylm_keras.{module}")


def _load(name):
    if name in _SUBMODULES:  # imported without registering classes, because the package uses these itself
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in ("data", "presets", "stories", "survey"):  # these need no Keras
        _register_classes()
    module, attribute = _EXPORTS[name]
    value = importlib.import_module(module)
    return value if attribute is None else getattr(value, attribute)


if not TYPE_CHECKING:  # or an editor would accept every name
    __getattr__ = _load


def __dir__():
    return sorted({*__all__, *_SUBMODULES, *(name for name in globals() if name.startswith("__"))})


if sys.modules.get("keras") is not None:
    _register_classes()
