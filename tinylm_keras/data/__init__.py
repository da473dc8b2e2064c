"""From sources to batches: `read` and `split` texts, `prepare` shards, lay out `lines` or `windows`, write `stories`.

Names are loaded when first used: reading text and writing stories need no Keras.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinylm_keras.data import stories as stories
    from tinylm_keras.data.line_layout import lines as lines
    from tinylm_keras.data.shard_writer import prepare as prepare
    from tinylm_keras.data.shards import open_shards as open_shards
    from tinylm_keras.data.sources import read as read
    from tinylm_keras.data.sources import split as split
    from tinylm_keras.data.texts import concatenate as concatenate
    from tinylm_keras.data.window_layout import windows as windows

_EXPORTS = {
    "concatenate": "texts",
    "lines": "line_layout",
    "open_shards": "shards",
    "prepare": "shard_writer",
    "read": "sources",
    "split": "sources",
    "windows": "window_layout",
}

__all__ = ["concatenate", "lines", "open_shards", "prepare", "read", "split", "stories", "windows"]


def __getattr__(name):
    if name == "stories":
        return importlib.import_module("tinylm_keras.data.stories")
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"tinylm_keras.data.{_EXPORTS[name]}"), name)
