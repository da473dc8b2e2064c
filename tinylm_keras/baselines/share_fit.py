"""Fits the shares of a mixture on held-out text, and measures the mixture on text that they were not fitted on."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from tinylm_keras.baselines.layers.mixing import fit_shares
from tinylm_keras.generation.compile import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinylm_keras.baselines.ngram_lm import NGramLM
    from tinylm_keras.data.strided_windows import StridedWindows
    from tinylm_keras.models.language_model import LanguageModel

# Tokens of the first half that `ShareFit.first_half_loss` looks at. They are the same each time, so the losses of two
# states of a network differ by the states alone, and more tokens would cost time at every evaluation of a run.
MOST_COMPARED = 4096


@dataclasses.dataclass(frozen=True)
class Mixed:
    """Shares that were fitted on the first half of a text, and losses on the second, in nats per token.

    Attributes:
        shares: float64 array `[order]`. The share of the network for a known context of 0, 1, 2, … tokens.
        loss, network_loss, counts_loss: float. Of the mixture, and of each part alone; nan without a second half.
    """

    shares: np.ndarray
    loss: float
    network_loss: float
    counts_loss: float


class ShareFit:
    """Fits the shares of a network and counts on a held-out text, as often as the network changes.

    The windows of the text alternate between two halves. Whatever is chosen is chosen on the first: the shares, and
    during a run its best step. So a loss on the second is that of text on which nothing was chosen. The probabilities
    of the counts are computed once.

    Args:
        network: `LanguageModel`.
        counts: `NGramLM` over the same ids.
        windows: `StridedWindows` of text that neither of them has seen.
    """

    def __init__(self, network: LanguageModel, counts: NGramLM, windows: StridedWindows) -> None:
        self._windows, self._longest = windows, counts.receptive_field
        self._program = compiled(lambda x, y: _log_probabilities(network, x, y), network.variables)
        # The windows predict each token of their rows once and in order, so the counts can use the rows.
        self._of_counts, self._known = counts.counts.probabilities(windows.rows())
        window = windows.window_of_targets()
        self._is_first = window % 2 == 0
        if self._is_first.all():  # a single window
            self._is_first = np.arange(len(window)) < max(1, len(window) // 2)
        compared = _spread(np.unique(window[self._is_first]), MOST_COMPARED * (window[-1] + 1) // len(window))
        self._compared = windows.only(compared)
        self._looked_at = np.isin(window, compared)

    def first_half_loss(self, between: Callable[[], object] | None = None) -> float:
        """Return the loss of the mixture on the text that its shares are fitted on, in nats per token.

        Args:
            between: Function that is called after each batch, or None.
        """
        of_network = self._of_network(self._compared, between)[self._is_first[self._looked_at]]
        used = self._looked_at & self._is_first
        of_counts, known = self._of_counts[used], self._known[used]
        shares = fit_shares(of_network, of_counts, known, self._longest)
        return _loss(_mixed(shares[known], of_network, of_counts))

    def fit(self) -> Mixed:
        """Fit the shares on the first half, and measure the mixture on the second."""
        first, second = self._is_first, ~self._is_first
        of_network, of_counts, known = self._of_network(self._windows), self._of_counts, self._known
        shares = fit_shares(of_network[first], of_counts[first], known[first], self._longest)
        mixed = _mixed(shares[known], of_network, of_counts)
        return Mixed(shares, *(_loss(which[second]) for which in (mixed, of_network, of_counts)))

    def _of_network(self, windows, between=None):
        """Return the network's probability of each target of some windows: float64 `[n]`."""
        found = []
        for x, y in windows:
            log_p = ops.convert_to_numpy(self._program(x, y))
            found.append(np.exp(log_p[y != windows.pad_id].astype("float64")))
            if between is not None:
                between()
        return np.concatenate(found)


def _log_probabilities(network, x, y):
    logits = ops.cast(network.head(network.hidden_states(x, training=False)), "float32")
    log_p = ops.log_softmax(logits, axis=-1)
    return ops.take_along_axis(log_p, ops.expand_dims(y, -1), axis=-1)[..., 0]


def _mixed(share, of_network, of_counts):
    return share * of_network + (1 - share) * of_counts


def _loss(probabilities):
    return float(-np.log(np.maximum(probabilities, 1e-30)).mean()) if len(probabilities) else math.nan


def _spread(numbers, most):
    """Return at most so many of some numbers, evenly spread, and at least one."""
    most = max(1, int(most))
    if len(numbers) <= most:
        return numbers
    return numbers[np.linspace(0, len(numbers) - 1, most).round().astype("int64")]
