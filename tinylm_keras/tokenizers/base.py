"""What every tokenizer does: text to ids, ids to text, and to know its own special ids."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, overload

import keras

from tinylm_keras import _keywords, _renamed
from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.id_rules.base import IdRules

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import AnyIds, KerasArguments, SeveralIds, Tensor

# Settings that change no id of any text.
NOT_IN_FINGERPRINT = ("name", "trainable", "dtype", "max_tokens", "sequence_length", "character_counts")


class Tokenizer(IdRules, keras_nlp.tokenizers.Tokenizer):
    """Base class: keras-nlp's method names, plus what training and generation ask of a tokenizer.

    What needs no Keras is in its other base class, `tinylm_keras.id_rules.base.IdRules`.

    A subclass gives `_encode`, `token_strings`, `continuation` and `get_vocabulary`, those of the three special ids
    that it has, and what it needs in `get_config`; and `call`, to be used inside `tf.data`. docs/own_tokenizer.md
    shows one.

    Two ways to call it differ on purpose: `tokenize` returns unpadded numpy ids, while calling the tokenizer returns
    a padded tensor `[batch, sequence_length]`, also inside `tf.data.Dataset.map`.

    Every tokenizer promises where a text may be cut: ASCII white space that follows a non-space begins a new token, so
    the ids of a text are those of the part before such a place and then those of the part from there on
    (`id_rules.strings.parts` cuts so).

    Args:
        max_tokens: int or None. Largest vocabulary, the special tokens included.
        sequence_length: int or None. Length that a call pads and cuts to; None: as long as the longest text.
        end_token: str or None. A token that closes each text. It is a control token: the same characters in a text
            never become its id, and it is never printed.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _renamed.refuse_methods(cls, _renamed.OF_TOKENIZERS)

    def __init__(
        self,
        max_tokens: int | None = None,
        sequence_length: int | None = None,
        end_token: str | None = None,
        **kwargs: Unpack[KerasArguments],
    ) -> None:
        _keywords.refuse_unknown(self, kwargs, ("config_file",))  # keras-nlp's own, in every config
        super().__init__(**kwargs)
        self._take_settings(max_tokens, sequence_length, end_token)
        # Held outside Keras's tracking: a tracked dict would be copied into wrappers, entry by entry.
        self.__dict__["character_counts"] = {}

    def call(self, inputs: Any) -> Tensor:
        """Padded ids; see the class of the tokenizer."""
        raise NotImplementedError

    @overload
    def detokenize(self, inputs: AnyIds) -> str: ...

    @overload
    def detokenize(self, inputs: SeveralIds) -> list[str]: ...

    def detokenize(self, inputs: Any) -> str | list[str]:
        """Text of ids; padding and the end token are not printed.

        Args:
            inputs: ids `[n]`, or `[batch, n]`, or a list of arrays of ids.

        Returns:
            str, or a list of str.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        return super().detokenize(keras.ops.convert_to_numpy(inputs) if hasattr(inputs, "shape") else inputs)

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the class and of all that decides the ids of a text: equal prints mean equal ids.

        Lengths and limits (`sequence_length`, `max_tokens`), names and counts are left out.
        """
        config = {name: value for name, value in self.get_config().items() if name not in NOT_IN_FINGERPRINT}
        canonical = json.dumps([type(self).__name__, config], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens,
            "sequence_length": self.sequence_length,
            "end_token": self.end_token,
        }
