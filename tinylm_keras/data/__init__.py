"""From sources to batches: `read` and `split` texts, lay them out as `lines` or `windows`, or write `stories`.

Names are loaded when first used: reading text and writing stories need no Keras.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinylm_keras.data import stories as stories
    from tinylm_keras.data.line_layout import lines as lines
    from tinylm_keras.data.sources import read as read
    from tinylm_keras.data.sources import split as split
    from tinylm_keras.data.texts import concatenate as concatenate
    from tinylm_keras.data.window_layout import windows as windows

_EXPORTS = {
    "concatenate": "texts",
    "lines": "line_layout",
    "read": "sources",
    "split": "sources",
    "windows": "window_layout",
}

__all__ = ["concatenate", "lines", "read", "split", "stories", "windows"]


def __getattr__(name):
    if name == "stories":
        return importlib.import_module("tinylm_keras.data.stories")
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"tinylm_keras.data.{_EXPORTS[name]}"), name)
