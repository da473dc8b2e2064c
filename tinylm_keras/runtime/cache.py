"""The key-value cache of attention: with it, a step computes only the new positions."""

import numpy as np


class KeyValues:
    """The keys and values of one attention layer, for several texts of the same length.

    Args:
        rows: int. Number of texts.
        num_heads: int.
        head_dim: int.
        length: int. Number of positions that each position attends to, including itself.
        sliding: bool. Whether a text may be longer than `length`. The cache then has room for twice as many positions,
            and whenever it is full, the last ones move to its beginning.
    """

    def __init__(self, rows, num_heads, head_dim, length, sliding=False):
        shape = (rows, num_heads, 2 * length if sliding else length, head_dim)
        self._keys, self._values = np.empty(shape, "float32"), np.empty(shape, "float32")
        self._length, self._full = length, 0

    def extend(self, keys, values):
        """Add the next T positions, at most `length`.

        Args:
            keys, values: float32 arrays `[rows, num_heads, T, head_dim]`.

        Returns:
            The keys and values that at least one of the T positions attends to, `[rows, num_heads, n, head_dim]` each,
            and a bool mask `[T, n]` of those that each of them attends to; None instead of a mask if T is 1.
        """
        begin, end = self._full, self._full + keys.shape[2]
        if end > self._keys.shape[2]:
            kept = min(self._length - 1, begin)
            for columns in (self._keys, self._values):
                columns[:, :, :kept] = columns[:, :, begin - kept : begin].copy()
            begin, end = kept, kept + keys.shape[2]
        self._keys[:, :, begin:end], self._values[:, :, begin:end] = keys, values
        self._full = end
        first = max(0, begin + 1 - self._length)
        visible = None
        if end - begin > 1:
            own, columns = np.arange(begin, end)[:, np.newaxis], np.arange(first, end)
            visible = (columns <= own) & (columns > own - self._length)
        return self._keys[:, :, first:end], self._values[:, :, first:end], visible
