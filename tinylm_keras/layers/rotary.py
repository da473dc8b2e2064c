"""Rotary position embeddings: a position becomes an angle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from tinylm_keras import _checks

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import KerasArguments, Tensor

# A turn in fixed point: an angle is a whole number of 2^-32 turns, so unsigned 32-bit integers wrap as angles do.
TURN = 2**32


@keras.saving.register_keras_serializable(package="tinylm_keras")
class RotaryEmbedding(keras.layers.Layer):
    """Rotates each pair of features by an angle that grows with the position.

    The product of a rotated query and a rotated key then depends only on the distance between their positions, so a
    text may have any length. Feature i forms a pair with feature i + D / 2; pair i rotates by `max_wavelength ** (-2 i
    / D)` radians per position.

    `position * angle` in float32 would have an error of 0.06 radians near position 1,000,000. So angles are counted in
    units of 2^-32 turns: products of whole numbers are exact, and so are distances at every position that int32 can
    hold. In return the slowest pairs deviate from the formula by up to 7e-10 radians per position.

    Args:
        max_wavelength: float above 1. Base of the angles.

    Call arguments:
        x: float tensor `[..., T, D]`, D even.
        start: int or scalar int tensor. Position of the first of the T vectors.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: if D is odd.

    Example:

    >>> import numpy as np
    >>> RotaryEmbedding()(np.ones((1, 5, 8), "float32"), start=1_000_000).shape
    TensorShape([1, 5, 8])

    References:
        Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv:2104.09864.
    """

    def __init__(self, max_wavelength: float = 10_000.0, **kwargs: Unpack[KerasArguments]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.max_wavelength = _checks.real_number("max_wavelength", max_wavelength, 1, include_low=False)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        width = input_shape[-1]
        if width % 2:
            raise _checks.refuse("x", "must have an even last dimension, because features rotate in pairs", input_shape)
        radians = float(self.max_wavelength) ** (-np.arange(0, width, 2) / width)
        self.pace = np.round(radians / (2 * np.pi) * TURN).astype("uint32")  # of each pair, per position

    def call(self, x: Tensor, start: Any = 0) -> Tensor:
        length = x.shape[-2] or ops.shape(x)[-2]
        positions = ops.cast(ops.arange(length, dtype="int32") + start, "uint32")
        turned = ops.expand_dims(positions, 1) * self.pace  # (T, D / 2), modulo one turn
        angles = ops.cast(turned, "float32") * (2 * np.pi / TURN)
        cosine, sine = ops.cos(angles), ops.sin(angles)
        first, second = ops.split(ops.cast(x, "float32"), 2, axis=-1)  # (..., T, D / 2)
        turned = ops.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)
        return ops.cast(turned, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape
