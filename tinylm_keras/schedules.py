"""A learning rate schedule with linear warmup and linear or cosine decay, whose length can change in place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor

SHAPES = ("cosine", "linear")

# Names of the config entries of a `Decay` in formats 1 and 2.
_BEFORE_FORMAT_3 = {
    "highest": "peak_learning_rate",
    "warm_up": "warmup_steps",
    "minimum": "min_learning_rate_ratio",
    "accumulate": "gradient_accumulation_steps",
}


@keras.saving.register_keras_serializable(package="tinylm_keras")
class Decay(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warmup for `warmup_steps` updates, then linear or cosine decay to a share of the peak.

    The rate of the first update is 1 / `warmup_steps` of the peak, because a rate of 0 would waste the update. Keras's
    own schedules have no warmup before linear decay, and their lengths are constants of the compiled step. Here lengths
    are variables, so `resize` needs no compilation (on the TensorFlow backend).

    Args:
        peak_learning_rate: float. The highest rate.
        steps: int. Updates in the run, including the warmup.
        warmup_steps: int. Updates of the warmup; less than `steps`.
        min_learning_rate_ratio: float in [0, 1]. The rate after the last update, as a share of the peak.
        shape: "linear" or "cosine".
        gradient_accumulation_steps: int. Batches in one update. Keras counts batches; all batches of an update have the
            same rate.

    Raises:
        ValueError: if a value is outside its range.

    Example:

    >>> schedule = Decay(0.1, steps=6, warmup_steps=2, shape="linear")
    >>> [round(float(schedule(update)), 3) for update in range(6)]
    [0.05, 0.075, 0.1, 0.075, 0.05, 0.025]
    """

    def __init__(
        self,
        peak_learning_rate,
        steps,
        warmup_steps=0,
        min_learning_rate_ratio=0.0,
        shape="linear",
        gradient_accumulation_steps=1,
    ):
        super().__init__()
        self.peak_learning_rate = _checks.real_number("peak_learning_rate", peak_learning_rate, 0, include_low=False)
        self.min_learning_rate_ratio = _checks.real_number("min_learning_rate_ratio", min_learning_rate_ratio, 0, 1)
        self.shape = _checks.one_of("shape", shape, SHAPES)
        batches = gradient_accumulation_steps
        self.gradient_accumulation_steps = _checks.whole_number("gradient_accumulation_steps", batches, 1)
        self._sizes = keras.Variable([1.0, 0.0], trainable=False, dtype="float32", name="schedule_sizes")
        self.resize(steps, warmup_steps)

    def resize(self, steps, warmup_steps):
        """Change the length of the run and of its warmup, both in updates."""
        self.steps = _checks.whole_number("steps", steps, 1)
        self.warmup_steps = _checks.whole_number("warmup_steps", warmup_steps, 0, steps - 1)
        self._sizes.assign([float(steps), float(warmup_steps)])

    def __call__(self, step: Any) -> Tensor:
        update = ops.cast(ops.floor_divide(ops.cast(step, "int32"), self.gradient_accumulation_steps), "float32")
        steps, warmup_steps = self._sizes[0], self._sizes[1]
        first = 1.0 / ops.maximum(warmup_steps, 1.0)
        rising = first + (1.0 - first) * update * first
        done = ops.clip((update - warmup_steps) / (steps - warmup_steps), 0.0, 1.0)
        left = 1.0 - done if self.shape == "linear" else 0.5 * (1.0 + ops.cos(math.pi * done))
        falling = self.min_learning_rate_ratio + (1.0 - self.min_learning_rate_ratio) * left
        return self.peak_learning_rate * ops.where(update < warmup_steps, rising, falling)

    def get_config(self) -> dict[str, Any]:
        names = ("peak_learning_rate", "steps", "warmup_steps", "min_learning_rate_ratio", "shape")
        return {name: getattr(self, name) for name in (*names, "gradient_accumulation_steps")}

    @classmethod
    def from_config(cls, config):
        """The inverse of `get_config`; it also reads the config of formats 1 and 2."""
        return cls(**{_BEFORE_FORMAT_3.get(name, name): value for name, value in config.items()})
