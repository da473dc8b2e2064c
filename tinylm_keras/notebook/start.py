"""Starts Keras in a notebook without what libraries log meanwhile."""

import importlib
import logging
import warnings

from tinylm_keras.cli import _console


def start(seed: int = 0) -> None:
    """Import Keras quietly and set its random seed.

    Args:
        seed: int. For the initial weights and dropout: the same numbers in each run.
    """
    warnings.filterwarnings("ignore", message="IProgress not found")  # a progress bar that no notebook needs
    _console.start_keras()
    importlib.import_module("keras").utils.set_random_seed(seed)
    # TensorFlow takes several models in one process for a mistake; in a lesson they are the point.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
