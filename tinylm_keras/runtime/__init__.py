"""A model's file to text with numpy alone: a second implementation of every model, which needs no Keras.

`file` checks and reads a file; `mini`, `rotary`, `baselines` and `counts` hold the networks, `parts` and `cache` what
they are made of; `network_session` lets one write, and `model` is what `load` returns. Prompts become texts in
`tinylm_keras.writing`, and text becomes ids by `tinylm_keras.id_rules`.
"""

from tinylm_keras.runtime.model import Model as Model
from tinylm_keras.runtime.model import load as load
from tinylm_keras.runtime.model import load_tokenizer as load_tokenizer

__all__ = ["Model", "load", "load_tokenizer"]
