"""From sources to batches: `read` and `split` text, `prepare` token files, make `lines` or `windows`, write `stories`.

Names are imported when first used, so reading text and writing stories need no Keras.
"""

import importlib
from typing import TYPE_CHECKING

from tinylm_keras import _renamed

if TYPE_CHECKING:
    from tinylm_keras import stories as stories
    from tinylm_keras.data.packed_layout import windows as windows
    from tinylm_keras.data.padded_layout import lines as lines
    from tinylm_keras.data.token_files.reader import open_token_files as open_token_files
    from tinylm_keras.data.token_files.writer import prepare as prepare
    from tinylm_keras.data.token_stream import concatenate as concatenate
    from tinylm_keras.text.sources import read as read
    from tinylm_keras.text.sources import split as split

_EXPORTS = {
    "concatenate": "data.token_stream",
    "lines": "data.padded_layout",
    "open_token_files": "data.token_files.reader",
    "prepare": "data.token_files.writer",
    "read": "text.sources",
    "split": "text.sources",
    "windows": "data.packed_layout",
}

__all__ = ["concatenate", "lines", "open_token_files", "prepare", "read", "split", "stories", "windows"]


def _load(name):
    if name == "stories":
        return importlib.import_module("tinylm_keras.stories")
    if name not in _EXPORTS:
        raise _renamed.attribute(__name__, name)
    return getattr(importlib.import_module(f"tinylm_keras.{_EXPORTS[name]}"), name)


if not TYPE_CHECKING:  # or an editor would accept every name
    __getattr__ = _load


def __dir__():
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
