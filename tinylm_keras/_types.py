"""Types that many signatures share, for editors and type checkers only."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    import numpy as np

Path: TypeAlias = str | os.PathLike[str]
Source: TypeAlias = Path | Iterable[str]
Texts: TypeAlias = Iterable[Any]  # of str, or a `tf.data.Dataset` of strings
Ids: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int32]]"  # `[n]`
IdTable: TypeAlias = "np.ndarray[tuple[int, int], np.dtype[np.int32]]"  # `[B, n]`
AnyIds: TypeAlias = "Sequence[int] | np.ndarray[tuple[int], np.dtype[np.integer[Any]]]"  # `[n]`
SeveralIds: TypeAlias = "Sequence[AnyIds] | np.ndarray[tuple[int, int], np.dtype[np.integer[Any]]]"  # rows of ids
Tensor: TypeAlias = Any  # of the backend that runs


class KerasArguments(TypedDict, total=False):
    """Arguments of every Keras layer."""

    name: str | None
    dtype: Any
    trainable: bool


class LanguageModelArguments(KerasArguments, total=False):
    """Arguments of every model besides its sizes."""

    generation_defaults: Mapping[str, Any] | None
    first_tokens: Iterable[Sequence[int]] | None


class TokenizerArguments(KerasArguments, total=False):
    """Arguments of every tokenizer, for class methods that pass them on."""

    max_tokens: int | None
    sequence_length: int | None
    end_token: str | None


class GenerationSettings(TypedDict, total=False):
    """Arguments of `generate` and `stream` after `max_new_tokens`."""

    temperature: float | None
    top_k: int | None
    top_p: float | None
    min_p: float | None
    repetition_penalty: float | None
    stop: str | Sequence[str] | None
    seed: int | None
    sampler: Any
    allow_unknown: bool
    quantize: str | None
