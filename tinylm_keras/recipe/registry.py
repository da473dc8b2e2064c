"""The tokenizers, models, optimizers and schedules that a recipe may name. No Keras until one is built."""

import dataclasses
import importlib

from tinylm_keras import specs


@dataclasses.dataclass(frozen=True)
class Kind:
    """A class that a recipe can name, and how the recipe's settings become its arguments.

    Attributes:
        where: str. `"module:Class"`, imported when the class is first used.
        settings: tuple of str. The recipe's settings that the class takes; `"argument=setting"` where names differ.
        fixed: dict. Arguments that are always the same.
        others: tuple of str. Further settings that only this class uses.
    """

    where: str
    settings: tuple = ()
    fixed: dict = dataclasses.field(default_factory=dict)
    others: tuple = ()

    @property
    def takes(self) -> tuple[str, ...]:
        """Names of all settings that this class uses."""
        return (*(setting.rpartition("=")[2] for setting in self.settings), *self.others)

    def load(self) -> type:
        """Import the class and return it."""
        module, name = self.where.split(":")
        return getattr(importlib.import_module(module), name)

    def build(self, recipe: object, **arguments: object) -> object:
        """Create an object of the class from a recipe's settings.

        Args:
            recipe: The `Recipe` to read.
            **arguments: Further arguments; they take precedence over the recipe's.

        Returns:
            The new object.

        Example:

        >>> TOKENIZERS["whitespace"].settings
        ('max_tokens', 'end_token')
        """
        values = dict(self.fixed)
        for setting in self.settings:
            argument, _, name = setting.rpartition("=")
            values[argument or name] = getattr(recipe, name)
        return self.load()(**(values | arguments))


def _kinds(specs):
    return {spec.name: Kind(spec.where, spec.settings, others=spec.others) for spec in specs.values() if spec.name}


TOKENIZERS, MODELS = _kinds(specs.TOKENIZERS), _kinds(specs.MODELS)

_OPTIMIZER = ("weight_decay", "global_clipnorm")

OPTIMIZERS = {
    "sgd": Kind("keras.optimizers:SGD", _OPTIMIZER),
    "adam": Kind("keras.optimizers:Adam", (*_OPTIMIZER, "beta_2")),
    "adamw": Kind("keras.optimizers:AdamW", (*_OPTIMIZER, "beta_2")),
    # Muon is only for hidden matrices; for `models.roles` this pattern means the model's head, whatever its name.
    "muon": Kind(
        "keras.optimizers:Muon",
        (*_OPTIMIZER, "adam_weight_decay=weight_decay", "adam_lr_ratio=adam_ratio", "adam_beta_2=beta_2", "momentum"),
        {"exclude_layers": [r"(^|/)head/"]},
    ),
}

# See `optimizers.schedule`, which builds them.
SCHEDULES = {
    "cosine": Kind("tinylm_keras.schedules:Decay", others=("min_learning_rate_ratio", "warmup_steps")),
    "linear": Kind("tinylm_keras.schedules:Decay", others=("min_learning_rate_ratio", "warmup_steps")),
    "exponential": Kind(
        "keras.optimizers.schedules:ExponentialDecay", ("decay_rate",), {"staircase": True}, ("decay_every",)
    ),
}

# The settings that choose a class, and the classes by name.
PARTS = {"tokenizer": TOKENIZERS, "model": MODELS, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}
