"""What a recipe may name: one line for each tokenizer, model and optimizer. Imports no Keras until one is built."""

import dataclasses
import importlib


@dataclasses.dataclass(frozen=True)
class Kind:
    """A class that a recipe can name, and how the recipe's settings become its arguments.

    Attributes:
        where: str. `"module:Class"`, imported when it is first built.
        settings: tuple of str. The recipe's settings that the class takes; `"argument=setting"` where names differ.
        fixed: dict. Arguments that are always the same.
    """

    where: str
    settings: tuple = ()
    fixed: dict = dataclasses.field(default_factory=dict)

    def load(self):
        """Import the class and return it."""
        module, name = self.where.split(":")
        return getattr(importlib.import_module(module), name)

    def build(self, recipe, **arguments):
        """Build the class from a recipe's settings.

        Args:
            recipe: The `Recipe` to read.
            **arguments: Further arguments; they win over the recipe's.

        Returns:
            The new object.

        Example:

        >>> from tinylm_keras.training.presets import get
        >>> TOKENIZERS["whitespace"].settings
        ('max_tokens', 'end_token')
        """
        values = dict(self.fixed)
        for setting in self.settings:
            argument, _, name = setting.rpartition("=")
            values[argument or name] = getattr(recipe, name)
        return self.load()(**(values | arguments))


TOKENIZERS = {
    "whitespace": Kind("tinylm_keras.tokenizers:WhitespaceTokenizer", ("max_tokens", "end_token")),
}

_TRANSFORMER = ("context_length", "embed_dim", "num_heads", "feed_forward_dim", "num_blocks", "dropout")

MODELS = {
    "minilm": Kind("tinylm_keras.models:MiniLM", (*_TRANSFORMER, "norm", "activation", "embedding_deviation")),
    "rotary": Kind("tinylm_keras.models:RotaryLM", _TRANSFORMER),
}

_OPTIMIZER = ("weight_decay", "global_clipnorm=clip_norm")

OPTIMIZERS = {
    "adam": Kind("keras.optimizers:Adam", _OPTIMIZER),
    "adamw": Kind("keras.optimizers:AdamW", _OPTIMIZER, {"beta_2": 0.99}),
    # Muon is for the hidden matrices alone; the anchored pattern does not catch a layer such as "multi_head".
    "muon": Kind(
        "keras.optimizers:Muon",
        (*_OPTIMIZER, "adam_weight_decay=weight_decay", "adam_lr_ratio=adam_ratio"),
        {"exclude_layers": [r"(^|/)head/"], "adam_beta_2": 0.99},
    ),
}
