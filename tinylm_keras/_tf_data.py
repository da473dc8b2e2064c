"""What all datasets of TensorFlow here have in common."""

from __future__ import annotations

from typing import Any


def untuned(dataset: Any) -> Any:
    """Return a `tf.data.Dataset` that TensorFlow does not tune while it runs.

    The thread that tunes sleeps for up to a minute between two looks, and its iterator can be deleted only once it is
    awake: a process then idles at its end, for 10 to 58 s in one run of four. Nothing here is left to be tuned: the
    numbers of parallel calls and of prefetched batches are fixed.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
