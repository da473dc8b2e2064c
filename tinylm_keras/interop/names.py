"""The arrays of a transformer under the names of another program."""

from __future__ import annotations

import dataclasses

import numpy as np

# The layers of a block, in the order of `Names.layers`; the last two only with rotary positions.
LAYERS = ("attention_norm", "query_key_value", "projection", "feed_forward_norm", "expand", "contract")
LAYERS += ("query_norm", "key_norm")


@dataclasses.dataclass(frozen=True)
class Names:
    """What a program calls the layers of an architecture, and how it stores their kernels.

    Attributes:
        outside: tuple of str or None. The tables of tokens and of positions, the final norm, and the head; None if the
            architecture has no such layer.
        block: str. What the names of a block's layers begin with; "{}" stands for the number of the block.
        layers: tuple. The name of each of `LAYERS`. Three names: one third of the outputs each. Two: the same kernel
            twice.
        outputs_first: bool. Whether kernels are `[outputs, inputs]`.
    """

    outside: tuple
    block: str
    layers: tuple
    outputs_first: bool = True

    def tensors(self, arrays):
        """Return the arrays of a `folding.Arrays` as a dict by name."""
        tokens, positions, final_norm, head = self.outside
        found = {f"{tokens}.weight": arrays.tokens}
        if positions is not None:
            found[f"{positions}.weight"] = arrays.positions
        for number, block in enumerate(arrays.blocks):
            for layer, names in zip(LAYERS, self.layers, strict=False):
                found |= self._layer(self.block.format(number), names, block[layer])
        if final_norm is not None:
            found |= self._layer("", final_norm, arrays.final_norm)
        return found | {f"{head}.weight": arrays.head.T}

    def _layer(self, place, names, arrays):
        names = (names,) if isinstance(names, str) else names
        parts = [np.split(array, 3, axis=-1) if len(names) == 3 else [array] * len(names) for array in arrays]
        return {
            f"{place}{name}.{kind}": one.T if self.outputs_first else one
            for kind, several in zip(("weight", "bias"), parts, strict=False)
            for name, one in zip(names, several, strict=True)
        }
