"""A multi-layer perceptron over the last few tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks
from tinylm_keras.baselines.layers import NormalizedDense, PermutationCoding, TrailingWindow
from tinylm_keras.layers.dense import Dense
from tinylm_keras.models.language_model import LanguageModel

if TYPE_CHECKING:
    from typing import Literal, Unpack

    from tinylm_keras._types import LanguageModelArguments, Tensor
    from tinylm_keras.tokenizers import Tokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class MLPLM(LanguageModel):
    """The last `window` tokens in permutation coding, narrowing dense layers, and a layer to the vocabulary.

    There are no learned embeddings: the code of a token is a fixed pattern of bits. Positions before the first token
    are all zeros, which is not the code of any token. The batch normalization of the hidden layers ignores padding; in
    training its statistics include all other positions of the batch, also later ones. Otherwise the model is causal.

    Args:
        vocabulary_size: int or None. Number of ids; None: the tokenizer's.
        context_length: int. Longest text that is trained on at once, in tokens.
        window: int from 1 to `context_length`. Number of tokens that the model sees.
        code_bits: int or None. See `PermutationCoding`. None: the smallest sufficient number.
        hidden_dim: int. Width of the first hidden layer; each next one is half as wide.
        num_hidden_layers: int.
        activation: "sigmoid", "relu" or "silu".
        dropout: float in [0, 1).
        pad_id: int or None. Id that is no token; None: the tokenizer's.
        tokenizer: `Tokenizer` or None. Needed for text in and out, and kept in the file.

    Raises:
        ValueError: if a size is outside its range, or neither `vocabulary_size` nor `tokenizer` is given.

    Example:

    >>> import numpy as np
    >>> model = MLPLM(vocabulary_size=65, context_length=16)
    >>> model(np.array([[1, 2, 3]])).shape
    TensorShape([1, 3, 65])
    >>> model.code_bits
    8

    References:
        Bengio et al., "A Neural Probabilistic Language Model", JMLR 3, 2003; Ioffe and Szegedy, arXiv:1502.03167.
    """

    sliding_window_cache = True  # the window moves with the text, without recomputation

    def __init__(
        self,
        vocabulary_size: int | None = None,
        context_length: int = 20,
        window: int = 8,
        code_bits: int | None = None,
        hidden_dim: int = 256,
        num_hidden_layers: int = 3,
        activation: Literal["sigmoid", "relu", "silu"] = "relu",
        dropout: float = 0.1,
        pad_id: int | None = None,
        tokenizer: Tokenizer | None = None,
        **kwargs: Unpack[LanguageModelArguments],
    ) -> None:
        super().__init__(vocabulary_size, context_length, pad_id, tokenizer, **kwargs)
        self.window = _checks.whole_number(
            "window", window, 1, context_length, "It cannot be longer than `context_length`."
        )
        self.num_hidden_layers = _checks.whole_number("num_hidden_layers", num_hidden_layers, 1, 30)
        narrowest = 2 ** (self.num_hidden_layers - 1)
        self.hidden_dim = _checks.whole_number(
            "hidden_dim", hidden_dim, narrowest, advice="Each hidden layer is half as wide as the one before."
        )
        self.activation, self.dropout = activation, dropout
        dtype = self.dtype_policy
        self.coding = PermutationCoding(self.vocabulary_size, code_bits, name="coding", dtype=dtype)
        self.code_bits = self.coding.code_bits
        self.trailing_window = TrailingWindow(window, name="trailing_window", dtype=dtype)
        self.hidden_layers = [
            NormalizedDense(self.hidden_dim // 2**i, activation, dropout, name=f"hidden_{i}", dtype=dtype)
            for i in range(num_hidden_layers)
        ]
        # Logits stay in float32: the loss takes their exponentials.
        self.head = Dense(self.vocabulary_size, name="head", dtype="float32")
        self.build((None, None))

    @property
    def receptive_field(self) -> int:
        return self.window

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.coding.build(input_shape)
        self.trailing_window.build((*input_shape, self.code_bits))
        width = self.window * self.code_bits
        for layer in self.hidden_layers:
            layer.build((*input_shape, width))
            width = layer.units
        self.head.build((*input_shape, width))

    def hidden_states(self, token_ids: Tensor, cache: Any = None, start: Any = 0, training: bool | None = None) -> Any:
        """Input of the head, as wide as the last hidden layer; with a cache, a pair of it and the new cache."""
        x = self.coding(token_ids)  # (B, T, code_bits)
        x = self.trailing_window(x, cache=cache, start=start)  # (B, T, window * code_bits)
        if cache is not None:
            x, cache = x
        real = None if self.pad_id is None else ops.not_equal(token_ids, self.pad_id)
        for layer in self.hidden_layers:
            x = layer(x, real=real, training=training)
        return x if cache is None else (x, cache)

    def decode_step(self, token_ids: Tensor, cache: Any, start: Any) -> tuple[Tensor, Any]:
        return self.hidden_states(token_ids, cache=cache, start=start, training=False)

    def empty_cache(self, batch_size: int) -> Any:
        return self.trailing_window.empty_cache(batch_size, self.context_length, self.code_bits)

    def get_config(self) -> dict[str, Any]:
        names = ("window", "code_bits", "hidden_dim", "num_hidden_layers", "activation", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
