"""A learning rate schedule that Keras lacks: warm-up, then a line or half a cosine; its length can change in place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor

SHAPES = ("cosine", "linear")


@keras.saving.register_keras_serializable(package="tinylm_keras")
class Decay(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises in a line for `warm_up` updates and then falls to a share of the highest.

    The first update has the share 1 / `warm_up` of the highest rate, for 0 would waste it. Keras's own schedules have
    no warm-up before a line, and their lengths are built into the compiled step; these are variables, so `resize`
    compiles nothing again (on the TensorFlow backend).

    Args:
        highest: float. The highest rate.
        steps: int. Updates in the run, the warm-up included.
        warm_up: int. Updates that raise the rate; less than `steps`.
        minimum: float in [0, 1]. The rate after the last update, as a share of the highest.
        shape: "linear" or "cosine".
        accumulate: int. Batches in one update. Keras counts batches, so all of an update have the same rate.

    Raises:
        ValueError: if a value is outside its range.

    Example:

    >>> schedule = Decay(0.1, steps=6, warm_up=2, shape="linear")
    >>> [round(float(schedule(update)), 3) for update in range(6)]
    [0.05, 0.075, 0.1, 0.075, 0.05, 0.025]
    """

    def __init__(self, highest, steps, warm_up=0, minimum=0.0, shape="linear", accumulate=1):
        super().__init__()
        self.highest = _checks.real_number("highest", highest, 0, include_low=False)
        self.minimum = _checks.real_number("minimum", minimum, 0, 1)
        self.shape = _checks.one_of("shape", shape, SHAPES)
        self.accumulate = _checks.whole_number("accumulate", accumulate, 1)
        self._sizes = keras.Variable([1.0, 0.0], trainable=False, dtype="float32", name="schedule_sizes")
        self.resize(steps, warm_up)

    def resize(self, steps, warm_up):
        """Change the length of the run and of its warm-up, both in updates."""
        self.steps = _checks.whole_number("steps", steps, 1)
        self.warm_up = _checks.whole_number("warm_up", warm_up, 0, steps - 1)
        self._sizes.assign([float(steps), float(warm_up)])

    def __call__(self, step: Any) -> Tensor:
        update = ops.cast(ops.floor_divide(ops.cast(step, "int32"), self.accumulate), "float32")
        steps, warm_up = self._sizes[0], self._sizes[1]
        first = 1.0 / ops.maximum(warm_up, 1.0)
        rising = first + (1.0 - first) * update * first
        done = ops.clip((update - warm_up) / (steps - warm_up), 0.0, 1.0)
        left = 1.0 - done if self.shape == "linear" else 0.5 * (1.0 + ops.cos(math.pi * done))
        falling = self.minimum + (1.0 - self.minimum) * left
        return self.highest * ops.where(update < warm_up, rising, falling)

    def get_config(self) -> dict[str, Any]:
        names = ("highest", "steps", "warm_up", "minimum", "shape", "accumulate")
        return {name: getattr(self, name) for name in names}
