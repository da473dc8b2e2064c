"""A transformer with rotary positions, which learns faster per step and generates texts of any length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from tinylm_keras import _checks
from tinylm_keras.layers import RotaryBlock, SoftCappedDense
from tinylm_keras.layers.token_embedding import Embedding
from tinylm_keras.models.transformer import Transformer

if TYPE_CHECKING:
    from typing import Unpack

    from tinylm_keras._types import LanguageModelArguments
    from tinylm_keras.tokenizers import Tokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class RotaryLM(Transformer):
    """Token embedding, pre-norm blocks with rotary positions, and a layer to the vocabulary with logit soft-capping.

    Compared with `MiniLM` it has parts that learn faster: rotary positions, normalized queries and keys, RMSNorm,
    squared ReLU, output kernels that start at zero, logit soft-capping, no biases. All inner kernels are matrices, so
    `keras.optimizers.Muon` trains them.

    Positions are relative, so the cache is a sliding window: past `context_length` each position attends to the last
    `context_length` positions of every layer, and nothing is recomputed. Over all layers, a token affects positions up
    to `num_blocks * (context_length - 1)` later.

    Args:
        vocabulary_size: int or None. Number of ids; None: that of the tokenizer.
        context_length: int. Positions that each position attends to, including itself; maximum length of `call`.
        embed_dim: int. Width of the model.
        num_heads: int. Attention heads of each block; must divide `embed_dim` into heads of an even width.
        feed_forward_dim: int. Hidden width of each block's feed-forward network.
        num_blocks: int. Number of blocks.
        dropout: float in [0, 1).
        logit_soft_cap: float above 0, or None. Logits stay between plus and minus this value; None: no soft-capping.
        pad_id: int or None. Id of padding; None: that of the tokenizer.
        tokenizer: `Tokenizer` or None. Required for text as input and output; saved with the model.

    Raises:
        ValueError: if a size is outside its range, or neither `vocabulary_size` nor `tokenizer` is given.

    Example:

    >>> import numpy as np
    >>> model = RotaryLM(vocabulary_size=65, context_length=16, embed_dim=32, num_heads=4)
    >>> model(np.array([[1, 2, 3]])).shape
    TensorShape([1, 3, 65])

    References:
        Su et al. (rotary positions), arXiv:2104.09864; Henry et al. (normalized queries and keys), arXiv:2010.04245;
        Zhang and Sennrich (RMSNorm), arXiv:1910.07467; So et al. (squared ReLU), arXiv:2109.08668; Gemma Team (logit
        soft-capping), arXiv:2408.00118; Jiang et al. (a sliding-window cache), arXiv:2310.06825.
    """

    sliding_window_cache = True

    def __init__(
        self,
        vocabulary_size: int | None = None,
        context_length: int = 20,
        embed_dim: int = 64,
        num_heads: int = 2,
        feed_forward_dim: int = 256,
        num_blocks: int = 2,
        dropout: float = 0.0,
        logit_soft_cap: float | None = 15.0,
        pad_id: int | None = None,
        tokenizer: Tokenizer | None = None,
        **kwargs: Unpack[LanguageModelArguments],
    ) -> None:
        super().__init__(vocabulary_size, context_length, pad_id, tokenizer, **kwargs)
        self.num_blocks = _checks.whole_number("num_blocks", num_blocks, 1)
        self.logit_soft_cap = logit_soft_cap
        if logit_soft_cap is not None:
            self.logit_soft_cap = _checks.real_number("logit_soft_cap", logit_soft_cap, 0, include_low=False)
        self.block_config = {
            "embed_dim": _checks.whole_number("embed_dim", embed_dim, 1),
            "num_heads": num_heads,
            "feed_forward_dim": feed_forward_dim,
            "dropout": dropout,
        }
        dtype = self.dtype_policy
        start = keras.initializers.RandomNormal(stddev=1.0)
        self.embedding = Embedding(
            self.vocabulary_size, self.block_config["embed_dim"], start, name="embedding", dtype=dtype
        )
        self.blocks = [
            RotaryBlock(**self.block_config, context_length=context_length, name=f"block_{i}", dtype=dtype)
            for i in range(num_blocks)
        ]
        self.final_norm = keras.layers.RMSNormalization(name="final_norm", dtype=dtype)
        # Logits stay in float32: the loss takes their exponentials.
        self.head = SoftCappedDense(
            self.vocabulary_size, self.logit_soft_cap, kernel_initializer="zeros", name="head", dtype="float32"
        )
        self.build((None, None))

    @property
    def receptive_field(self) -> int:
        return self.num_blocks * (self.context_length - 1) + 1

    def get_config(self) -> dict[str, Any]:
        own = {"num_blocks": self.num_blocks, "logit_soft_cap": self.logit_soft_cap}
        return {**super().get_config(), **self.block_config, **own}
