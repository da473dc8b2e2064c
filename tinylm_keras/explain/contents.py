"""What of a model goes into its page: the whole, or the network of a mixture without its counts."""

import copy

import numpy as np

from tinylm_keras.explain import networks
from tinylm_keras.explain.arrays import encoded, rounded, stored

LARGEST_COUNTS = 2_000_000  # bytes of tables that a page carries


class Contents:
    """The part of a model that its page shows.

    Args:
        model: `runtime.Model`.
        counts: bool. Whether tables of counts are wanted.

    Attributes:
        kind: str. The class of what is shown.
        network: The `Network` of `runtime` that computes it.
        part: "model", or "network" where the counts of a mixture are left out.
        counts: dict or None. Whether the page holds counts, why not, and their bytes; None for a model without any.

    Raises:
        ValueError: if nothing would be left.
    """

    def __init__(self, model, counts=True):
        self.kind, self.network, self.part, self.counts = model.file.kind, model.network, "model", None
        self._config = model.file.config
        if self.kind not in ("NGramLM", "MixtureLM"):
            return
        size = sum(table.nbytes for table in self._tables().values())
        left_out = "option" if not counts else "size" if size > LARGEST_COUNTS else None
        if left_out and self.kind == "NGramLM":
            too_large = f"they take {size:,} bytes of {LARGEST_COUNTS:,}"
            reason = "they were to be left out" if left_out == "option" else too_large
            raise ValueError(f"An NGramLM consists of its counts alone, and {reason}: its page would be empty.")
        self.counts = {"inside": left_out is None, "left_out": left_out, "bytes": size}
        if left_out:
            self.kind, self.network, self.part = self._config["network"]["class_name"], self.network.network, "network"
            self._config = self._config["network"]["config"]

    @property
    def has_attention(self):
        """Whether the network is a transformer."""
        return hasattr(self.network.network if self.kind == "MixtureLM" else self.network, "blocks")

    def description(self):
        """The sizes of the model, and the kinds and sizes of its parts, as plain values."""
        if self.kind != "MixtureLM":
            return self._sizes(self.kind, self._config)
        own = {name: self._config[name] for name in ("vocabulary_size", "context_length")}
        parts = {part: self._config[part] for part in ("network", "counts")}
        return own | {
            name: {"kind": part["class_name"], "config": self._sizes(part["class_name"], part["config"])}
            for name, part in parts.items()
        }

    def arrays(self, precision):
        """All weights and tables as JSON takes them, by name, and how many numbers the weights are."""
        found, total = {}, 0
        for name, array in self._weights(self.network):
            total += array.size
            found |= stored(name, array, precision)
        if self.kind in ("NGramLM", "MixtureLM"):
            found |= {name: encoded(table) for name, table in self._tables().items()}
        if self.kind == "MixtureLM":
            found["mixing.shares"] = encoded(networks.shares(self.network))
        return found, total

    def rounded(self, precision):
        """The network with the weights that the page will have."""
        network = copy.deepcopy(self.network)
        for _, array in self._weights(network):
            array[...] = rounded(array, precision)
        return network

    def _weights(self, network):
        """Name and array of each weight that is stored in the precision that was asked for."""
        if self.kind == "MixtureLM":
            return networks.weights(self._config["network"]["class_name"], network.network)
        return () if self.kind == "NGramLM" else networks.weights(self.kind, network)

    def _tables(self):
        return networks.tables(self.network if self.kind == "NGramLM" else self.network.counts)

    def _sizes(self, kind, config):
        needed = networks.sizes(kind, config)
        if kind == "NGramLM":
            needed["num_counts"] = int(self._tables()["counts.token"].size)
        return needed


def logits(network, ids):
    """Logits float32 `[T, V]` of ids `[T]`."""
    with np.errstate(over="ignore"):
        return network.logits(np.asarray(ids, "int32")[np.newaxis])[0]
