"""A dense layer whose outputs stay within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.layers.dense import Dense

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor


@keras.saving.register_keras_serializable(package="tinylm_keras")
class CappedDense(Dense):
    """A dense layer without bias whose outputs `y` become `cap * tanh(y / cap)`: the same near 0, never beyond the cap.

    Args:
        units: int. Width of the output.
        cap: float above 0, or None for no cap.
        use_bias: bool.
        **kwargs: As `keras.layers.Dense`.

    Raises:
        ValueError: if `cap` is not above 0.

    Example:

    >>> import numpy as np
    >>> layer = CappedDense(1, cap=2.0, kernel_initializer="ones")
    >>> float(layer(np.array([[1e6]], "float32"))[0, 0])
    2.0

    References:
        Gemma Team, "Gemma 2", arXiv:2408.00118.
    """

    def __init__(self, units: int, cap: float | None = None, use_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(units, use_bias=use_bias, **kwargs)
        self.cap = None if cap is None else _checks.real_number("cap", cap, 0, include_low=False)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        y = super().call(inputs, training=training)
        return y if self.cap is None else self.cap * ops.tanh(y / self.cap)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cap": self.cap}
