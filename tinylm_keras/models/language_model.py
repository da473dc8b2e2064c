"""The base class of all language models: sizes, forward pass and saving; mixins add training and generation."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from tinylm_keras import _checks, _files, _keywords, _renamed, archive
from tinylm_keras.metrics import Perplexity
from tinylm_keras.models import after_run, chunked_loss, frozen
from tinylm_keras.models.generation_mixin import GenerationMixin
from tinylm_keras.models.training_mixin import TrainingMixin
from tinylm_keras.recipe import renames

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn, Self, Unpack

    from tinylm_keras._types import LanguageModelArguments, Path, Tensor
    from tinylm_keras.tokenizers import Tokenizer


class LanguageModel(TrainingMixin, GenerationMixin, keras.Model):
    """A causal model: `call(token_ids [B, T]) -> logits [B, T, V]`; changing id j never changes the logits before j.

    A subclass creates its layers in `__init__`, calls `self.build((None, None))` at the end, and defines

    - `hidden_states(token_ids, training=None)`: the input of the head, `[B, T, D]`,
    - `head`: the last layer, which turns hidden states into logits,
    - `build(input_shape)`, which builds every layer (an unbuilt model would be saved without weights),
    - optionally, for faster generation, `decode_step` and `empty_cache`, and `last_hidden_states` past the context.

    Generation past `context_length` works in one of two ways. By default the model reads the last `context_length`
    tokens, at positions from 0. With `sliding_window_cache = True`, `decode_step` uses the same cache at any position,
    for one or several tokens (at most `context_length`). Its result must equal `head(hidden_states(token_ids))` of the
    whole text, which may then have any length; `receptive_field` is the number of tokens that a prediction depends on.

    If the logits of a batch would take more than `LOGITS_AT_ONCE` bytes (a class attribute, which a model may
    override), `fit` and `evaluate` compute the loss in chunks of tokens, and the compiled step never holds all logits.
    The result is the same. This needs the default loss, no further metrics, and a head that is a plain dense layer in
    float32; otherwise all logits are computed at once.

    Args:
        vocabulary_size: int or None. Number of ids; None: the tokenizer's.
        context_length: int. Largest T.
        pad_id: int or None. Id that is no token; None: the tokenizer's.
        tokenizer: `Tokenizer` or None. Kept in the model's file, outside Keras's tracking: a `TextVectorization`
            among the layers would silently turn XLA off.

    Attributes:
        training_state: str or None. JSON that `get_config` adds to the file; set while a checkpoint is written.
    """

    sliding_window_cache: bool = False
    training_state: str | None = None
    tokenizer: Tokenizer | None
    first_tokens: list[tuple[int, int]]
    LOGITS_AT_ONCE = 128 * 2**20  # bytes; for fewer, chunks save too little

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _renamed.refuse_methods(cls, _renamed.OF_MODELS)

    def __init__(
        self,
        vocabulary_size: int | None = None,
        context_length: int = 20,
        pad_id: int | None = None,
        tokenizer: Tokenizer | None = None,
        **kwargs: Unpack[LanguageModelArguments],
    ) -> None:
        renames.refuse(kwargs)
        _keywords.refuse_unknown(self, kwargs, ("generation_defaults", "first_tokens"))
        kept = {name: kwargs.pop(name, None) for name in ("generation_defaults", "first_tokens")}
        super().__init__(**kwargs)
        if tokenizer is not None:
            _checks.tokenizer("tokenizer", tokenizer)
        if vocabulary_size is None:
            if tokenizer is None:
                raise _checks.refuse("vocabulary_size", "is needed without a tokenizer", None, "Pass one of the two.")
            vocabulary_size = tokenizer.vocabulary_size()
        self.vocabulary_size = _checks.whole_number("vocabulary_size", vocabulary_size, 1)
        if tokenizer is not None and tokenizer.vocabulary_size() > vocabulary_size:
            raise ValueError(
                f"`vocabulary_size` must cover the tokenizer. Received: vocabulary_size={vocabulary_size}, a tokenizer "
                f"with {tokenizer.vocabulary_size()} ids. Leave vocabulary_size out to take the tokenizer's."
            )
        self.context_length = _checks.whole_number("context_length", context_length, 1)
        self.pad_id = tokenizer.pad_id if pad_id is None and tokenizer is not None else pad_id
        self.__dict__["tokenizer"] = tokenizer
        self.generation_defaults = kept["generation_defaults"] or {}
        self.__dict__["first_tokens"] = _check_first_tokens(kept["first_tokens"] or (), self.vocabulary_size)
        self.perplexity = Perplexity(pad_id=self.pad_id)

    # The forward pass

    def call(self, token_ids: Tensor, training: bool | None = None) -> Tensor:
        """Logits `[B, T, vocabulary_size]` in float32 for `token_ids` `[B, T]`, T at most `context_length`."""
        _checks.within_context(tuple(token_ids.shape), self.context_length)
        hidden = self.hidden_states(token_ids, training=training)
        logits = self.head(hidden)
        chunked_loss.keep(self, self.head, hidden, logits)
        return logits

    def hidden_states(self, token_ids: Tensor, training: bool | None = None) -> Tensor:
        """Hidden states `[B, T, D]`, which the head turns into logits."""
        raise NotImplementedError

    def last_hidden_states(self, token_ids: Tensor) -> Tensor:
        """Hidden states of the last position, `[B, 1, D]`: `hidden_states(token_ids)[:, -1:]`, or a faster way."""
        return self.hidden_states(token_ids, training=False)[:, -1:]

    def decode_step(self, token_ids: Tensor, cache: Any, start: Any) -> tuple[Tensor, Any]:
        """Hidden states of the positions `start`, `start + 1`, … and the new cache.

        This default works for every model but saves no time: its cache is the ids, which the model reads again.
        """
        cache = ops.slice_update(cache, (0, start), token_ids)
        hidden = self.hidden_states(cache, training=False)
        return ops.take(hidden, ops.arange(token_ids.shape[1]) + start, axis=1), cache

    def empty_cache(self, batch_size: int) -> Any:
        """The cache of `batch_size` texts before their first token."""
        return ops.zeros((batch_size, self.context_length), "int32")

    @property
    def receptive_field(self) -> int:
        """Number of tokens that a prediction depends on; earlier tokens have no effect."""
        return self.context_length

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape, self.vocabulary_size)

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> Tensor | None:
        """Mask `[B, T]`, True for real tokens and False for padding, for layers behind this model in a larger one.

        As `Embedding` with `mask_zero`, but with `pad_id` instead of 0.
        """
        if self.pad_id is None:
            return previous_mask
        real = ops.not_equal(inputs, self.pad_id)
        return real if previous_mask is None else ops.logical_and(real, previous_mask)

    def quantize(self, mode: Any = None, config: Any = None, **kwargs: Any) -> NoReturn:
        """Not supported: Keras would only warn and quantize no layer. `generate` takes `quantize` instead.

        Raises:
            ValueError: always.
        """
        rule = "is not supported: the layers of this model cannot be quantized in place"
        advice = 'Use model.generate(prompt, quantize="int8"), or quantize="bfloat16", for weight-only quantization.'
        raise _checks.refuse("mode", rule, getattr(config, "mode", mode), advice)

    # Saving

    def save(self, filepath: Path, overwrite: bool = True, **kwargs: Any) -> None:
        """Write the model to one `.keras` file: weights, optimizer, tokenizer and generation defaults.

        The write is atomic: a crash never leaves a broken file.

        Args:
            filepath: str or path that ends in ".keras".
            overwrite: bool. False: refuse when the file exists.
            **kwargs: As `keras.Model.save`.

        Raises:
            ValueError: if the name does not end in ".keras".
            FileExistsError: if the file exists and `overwrite` is False.
            OSError: if the file cannot be written; an old file is unchanged.
        """
        path = _files.check_keras_path(filepath)
        if path.exists() and not overwrite:
            advice = [" exists. Choose another name, or save with ", _checks.Argument("overwrite", True), "."]
            raise _checks.refusal(str(path), *advice, error=FileExistsError)
        with _files.atomic_path(path) as temporary:
            super().save(temporary, **kwargs)

    def export(
        self,
        filepath: Path,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """As `keras.Model.export`, for inference without Keras: int32 ids `[B, T]` in, logits out.

        Args:
            filepath: str or path.
            format: See Keras.
            verbose: See Keras.
            input_signature: See Keras. None allows any number of rows, of any length up to `context_length`.
            **kwargs: As `keras.Model.export`.
        """
        if input_signature is None:
            input_signature = [keras.InputSpec(shape=(None, None), dtype="int32", name="token_ids")]
        super().export(filepath, format=format, verbose=verbose, input_signature=input_signature, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the model again, as values that JSON can hold."""
        tokenizer = self.tokenizer
        return ({} if self.training_state is None else {"training": self.training_state}) | {
            "name": self.name,
            "format_version": archive.FORMAT_VERSION,
            "dtype": keras.saving.serialize_keras_object(self.dtype_policy),
            "vocabulary_size": self.vocabulary_size,
            "context_length": self.context_length,
            "pad_id": self.pad_id,
            "tokenizer": None if tokenizer is None else keras.saving.serialize_keras_object(tokenizer),
            "generation_defaults": dict(self.generation_defaults),
            "first_tokens": [list(pair) for pair in self.first_tokens],
            **frozen.entries(self),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The inverse of `get_config`; it also reads the config of formats 1 and 2."""
        config = renames.current(config)
        # Only a resumed run needs the training state, and reads it from the file itself.
        by = after_run.FILE if config.pop("training", None) is None else after_run.RUN
        flags = {name: config.pop(name) for name in ("frozen", "frozen_when_compiled") if name in config}
        try:
            archive.check_version(config.pop("format_version", 1))
        except archive.Refused as refused:
            raise ValueError(f"The model {refused}") from None
        for name in ("tokenizer", "dtype"):
            if isinstance(config.get(name), dict):
                config[name] = keras.saving.deserialize_keras_object(config[name])
        model = cls(**config)
        frozen.restore(model, **flags)
        model.__dict__["_loaded_from"] = by
        return model


def _check_first_tokens(pairs, vocabulary_size):
    """Return pairs of an id and its count as tuples of int, or raise."""
    rule = f"must be pairs of an id in [0, {vocabulary_size}) and its count, a whole number of at least 1"
    pairs = [tuple(pair) if isinstance(pair, (tuple, list)) else (pair,) for pair in pairs]
    for pair in pairs:
        whole = all(isinstance(number, numbers.Integral) and not isinstance(number, bool) for number in pair)
        if (
            len(pair) != 2
            or not whole
            or not 0 <= pair[0] < vocabulary_size
            or not 0 < pair[1] <= archive.LARGEST_COUNT
        ):
            raise _checks.refuse("first_tokens", rule, pair)
    return [(int(token), int(count)) for token, count in pairs]
