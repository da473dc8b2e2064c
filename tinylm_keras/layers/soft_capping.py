"""A dense layer with logit soft-capping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.layers.dense import Dense

if TYPE_CHECKING:
    from tinylm_keras._types import Tensor


@keras.saving.register_keras_serializable(package="tinylm_keras")
class SoftCappedDense(Dense):
    """A dense layer without bias whose outputs `y` become `soft_cap * tanh(y / soft_cap)` (logit soft-capping).

    Args:
        units: int. Width of the output.
        soft_cap: float above 0, or None. The outputs stay between -soft_cap and soft_cap; None: no soft-capping.
        use_bias: bool. Whether there is a bias.
        **kwargs: As `keras.layers.Dense`.

    Raises:
        ValueError: if `soft_cap` is not above 0.

    Example:

    >>> import numpy as np
    >>> layer = SoftCappedDense(1, soft_cap=2.0, kernel_initializer="ones")
    >>> float(layer(np.array([[1e6]], "float32"))[0, 0])
    2.0

    References:
        Gemma Team, "Gemma 2", arXiv:2408.00118.
    """

    def __init__(self, units: int, soft_cap: float | None = None, use_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(units, use_bias=use_bias, **kwargs)
        self.soft_cap = None if soft_cap is None else _checks.real_number("soft_cap", soft_cap, 0, include_low=False)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        y = super().call(inputs, training=training)
        return y if self.soft_cap is None else self.soft_cap * ops.tanh(y / self.soft_cap)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "soft_cap": self.soft_cap}
