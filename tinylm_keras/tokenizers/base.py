"""The base class of all tokenizers: text to ids, ids to text, and the special ids."""

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

# Settings without an effect on the ids of a text.
NOT_IN_FINGERPRINT = ("name", "trainable", "dtype", "max_tokens", "sequence_length", "character_counts")


class Tokenizer(IdRules, keras_nlp.tokenizers.Tokenizer):
    """Base class with the method names of keras-nlp, and the methods that training and generation use.

    The methods that need no Keras are in its other base class, `tinylm_keras.id_rules.base.IdRules`.

    A subclass defines `_encode`, `token_strings`, `continuation`, `get_vocabulary`, its special ids (up to three) and
    `get_config`; for use inside `tf.data` also `call`. docs/own_tokenizer.md shows an example.

    `tokenize` returns unpadded numpy ids. A call of the tokenizer returns a padded tensor `[batch, sequence_length]`,
    also inside `tf.data.Dataset.map`.

    Every tokenizer must allow a text to be split before ASCII white space that follows another character: there a new
    token begins, so the ids of the two parts together are the ids of the text (see `id_rules.strings.parts`).

    Args:
        max_tokens: int or None. Maximum size of the vocabulary, including special tokens.
        sequence_length: int or None. A call pads or truncates to this length; None: to the longest text.
        end_token: str or None. Control token at the end of each text. The same characters inside a text never
            become its id, and it is never printed.
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
        # Not tracked by Keras, which would copy a dict into wrappers, entry by entry.
        self.__dict__["character_counts"] = {}

    def call(self, inputs: Any) -> Tensor:
        """Return padded ids; see the class of the tokenizer."""
        raise NotImplementedError

    @overload
    def detokenize(self, inputs: AnyIds) -> str: ...

    @overload
    def detokenize(self, inputs: SeveralIds) -> list[str]: ...

    def detokenize(self, inputs: Any) -> str | list[str]:
        """Return the text of ids, without padding and the end token.

        Args:
            inputs: ids `[n]`, or `[batch, n]`, or a list of arrays of ids.

        Returns:
            str, or a list of str.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        return super().detokenize(keras.ops.convert_to_numpy(inputs) if hasattr(inputs, "shape") else inputs)

    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of the class and the settings. Equal fingerprints mean equal ids for every text.

        Settings without an effect on ids (`sequence_length`, `max_tokens`, names, counts) are not included.
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
