"""Generates text from a model's file with numpy alone: a second implementation of every model, without Keras.

`file` checks and reads a file. `mini`, `rotary`, `baselines` and `counts` contain the networks, `parts` and `cache`
their building blocks. `network_session` runs the generation loop; `model` contains `load` and the class that it
returns. `tinylm_keras.id_rules` turns text into ids, and `tinylm_keras.writing` turns prompts into texts.
"""

from tinylm_keras.runtime.model import Model as Model
from tinylm_keras.runtime.model import load as load
from tinylm_keras.runtime.model import load_tokenizer as load_tokenizer

__all__ = ["Model", "load", "load_tokenizer"]
