"""Writes models in the formats of other programs, and reads models from them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinylm_keras.hub import push as push
    from tinylm_keras.interop.exporting import Exported as Exported
    from tinylm_keras.interop.exporting import export as export
    from tinylm_keras.interop.huggingface_in import load_huggingface as load_huggingface

# Public name -> its module, imported when it is first used.
_EXPORTS = {
    "Exported": "tinylm_keras.interop.exporting",
    "export": "tinylm_keras.interop.exporting",
    "load_huggingface": "tinylm_keras.interop.huggingface_in",
    "push": "tinylm_keras.hub",
}

__all__ = ["Exported", "export", "load_huggingface", "push"]


def _load(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_EXPORTS[name]), name)


if not TYPE_CHECKING:
    __getattr__ = _load


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
