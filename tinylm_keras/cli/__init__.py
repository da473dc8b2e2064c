"""The command `tinylm`. It answers `--help` and `presets` without importing Keras; see `_main.py`."""

from tinylm_keras.cli._main import main as main

__all__ = ["main"]
