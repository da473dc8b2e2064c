"""A network and n-gram counts as one language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.baselines.layers.mixing import Mixing
from tinylm_keras.baselines.ngram_lm import NGramLM
from tinylm_keras.baselines.share_fit import Mixed, ShareFit
from tinylm_keras.models import chunked_loss
from tinylm_keras.models.language_model import LanguageModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self, Unpack

    from tinylm_keras._types import LanguageModelArguments, Tensor
    from tinylm_keras.data.strided_windows import StridedWindows
    from tinylm_keras.tokenizers import Tokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class MixtureLM(LanguageModel):
    """A weighted mean of the distributions of a network and of n-gram counts.

    Counts are good at exact repetitions, a network at similar contexts. The share of the network depends on the length
    of the longest context that the counts know; `mix` fits the shares. `fit` trains only the network, with its own
    loss; counts and shares do not change. Context length, cache and generation past the context are those of the
    network.

    The file contains the counts, and so pieces of the text.

    Args:
        network: A trained `LanguageModel`, which becomes part of this model.
        counts: `NGramLM` over the same ids.
        tokenizer: `Tokenizer` or None. None: the network's.
        **kwargs: As for every model.

    Raises:
        ValueError: if the two differ in vocabulary size, padding or context length.

    Example:

    >>> from tinylm_keras.models import MiniLM
    >>> from tinylm_keras.tokenizers import CharacterTokenizer
    >>> texts = ["the cat sat on the mat", "the cat ran"]
    >>> tokenizer = CharacterTokenizer().adapt(texts)
    >>> counts = NGramLM.count(texts, tokenizer, order=3, context_length=8)
    >>> model = MixtureLM(MiniLM(tokenizer=tokenizer, context_length=8, embed_dim=8), counts)
    >>> model.score("the cat").shape
    (6,)

    References:
        Jelinek and Mercer, "Interpolated estimation of Markov source parameters from sparse data" (1980); Mikolov et
        al., "Empirical evaluation and combination of advanced language modeling techniques" (2011).
    """

    def __init__(
        self,
        network: LanguageModel,
        counts: NGramLM,
        tokenizer: Tokenizer | None = None,
        **kwargs: Unpack[LanguageModelArguments],
    ) -> None:
        for name in ("vocabulary_size", "context_length", "pad_id"):
            ours, theirs = getattr(network, name), getattr(counts, name)
            if kwargs.pop(name, ours) != ours or ours != theirs:
                raise _checks.refuse("counts", f"must have the {name} of the network, {ours}", theirs)
        if isinstance(network, (MixtureLM, NGramLM)):
            raise _checks.refuse("network", "must be a model that can be trained", type(network).__name__)
        tokenizer = network.tokenizer if tokenizer is None else tokenizer
        kwargs.setdefault("first_tokens", network.first_tokens)
        kwargs.setdefault("generation_defaults", dict(network.generation_defaults))
        super().__init__(network.vocabulary_size, network.context_length, network.pad_id, tokenizer, **kwargs)
        network.optimizer, network.compiled = None, False  # this model trains, and a file has one optimizer
        self.network, self.counts = network, counts
        self.mixing = Mixing(counts.receptive_field, name="mixing")
        self.built = True

    @property
    def sliding_window_cache(self) -> bool:
        return self.network.sliding_window_cache

    @property
    def receptive_field(self) -> int:
        return max(self.network.receptive_field, self.counts.receptive_field)

    @property
    def shares(self) -> np.ndarray:
        """The share of the network for a known context of 0, 1, 2, … tokens: float32 `[order]`."""
        return np.array(ops.convert_to_numpy(self.mixing.shares))

    def call(self, token_ids: Tensor, training: bool | None = None) -> Tensor:
        """Logits `[B, T, V]`; with `training=True` those of the network, the only part that trains."""
        _checks.within_context(tuple(token_ids.shape), self.context_length)
        if not training:
            return self.hidden_states(token_ids)
        hidden = self.network.hidden_states(token_ids, training=True)
        logits = self.network.head(hidden)
        chunked_loss.keep(self, self.network.head, hidden, logits)
        return logits

    def head(self, hidden: Tensor) -> Tensor:
        """The identity, because `hidden_states` already applies the heads of both parts."""
        return hidden

    def hidden_states(self, token_ids: Tensor, training: bool | None = None) -> Tensor:
        """Logarithms of the mixed probabilities, `[B, T, V]`."""
        logits = self.network.head(self.network.hidden_states(token_ids, training=False))
        return self._mixed(logits, self.counts.hidden_states(token_ids))

    def last_hidden_states(self, token_ids: Tensor) -> Tensor:
        logits = self.network.head(self.network.last_hidden_states(token_ids))
        return self._mixed(logits, self.counts.last_hidden_states(token_ids))

    def decode_step(self, token_ids: Tensor, cache: Any, start: Any) -> tuple[Tensor, Any]:
        hidden, of_network = self.network.decode_step(token_ids, cache[0], start)
        contexts, of_counts = self.counts.decode_step(token_ids, cache[1], start)
        return self._mixed(self.network.head(hidden), contexts), (of_network, of_counts)

    def empty_cache(self, batch_size: int) -> Any:
        return self.network.empty_cache(batch_size), self.counts.empty_cache(batch_size)

    def _mixed(self, logits, contexts):
        tables = self.counts.head
        return self.mixing(logits, tables(contexts), tables.known(contexts))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        own = ("vocabulary_size", "context_length", "pad_id")
        parts = {"network": self.network, "counts": self.counts}
        return {name: value for name, value in config.items() if name not in own} | {
            **{name: config[name] for name in own},
            **{name: _part(model) for name, model in parts.items()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("network", "counts")}
        return super().from_config({**config, **parts})


def _part(model):
    """Return the config of a part of a mixture, without tokenizer and defaults, which the mixture has."""
    serialized = keras.saving.serialize_keras_object(model)
    serialized["config"] |= {"tokenizer": None, "generation_defaults": {}, "first_tokens": []}
    return {name: serialized[name] for name in ("module", "class_name", "config", "registered_name")}


def mix(network: LanguageModel, counts: NGramLM, validation: StridedWindows) -> tuple[MixtureLM, Mixed]:
    """Mix a network with counts, with shares fitted on one half of a validation text.

    Args:
        network: `LanguageModel`, trained on other text.
        counts: `NGramLM` of other text.
        validation: `StridedWindows` of text that neither of them has seen.

    Returns:
        A pair of the `MixtureLM` and a `Mixed` with its losses on the other half.
    """
    found = ShareFit(network, counts, validation).fit()
    model = MixtureLM(network, counts)
    model.mixing.shares.assign(found.shares)
    return model, found
