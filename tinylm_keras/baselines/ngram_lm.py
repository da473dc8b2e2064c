"""A language model of n-gram counts."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any, Literal

import keras
from keras import ops

from tinylm_keras import _checks, counting
from tinylm_keras.baselines.layers import CountTables
from tinylm_keras.data.token_stream import KEPT_FIRST_TOKENS, TokenStream
from tinylm_keras.models.language_model import LanguageModel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn, Self, Unpack

    from tinylm_keras._types import AnyIds, LanguageModelArguments, Tensor
    from tinylm_keras.tokenizers import Tokenizer


@keras.saving.register_keras_serializable(package="tinylm_keras")
class NGramLM(LanguageModel):
    """N-gram counts with Kneser-Ney smoothing: nothing is trained, and counting takes a second per megabyte of text.

    Create one with `NGramLM.count(texts, tokenizer)`. The model sees the last `order - 1` tokens, or fewer if these
    never occurred together in the text. So it is good at repetitions but does not generalize to similar contexts, as a
    network does. The tables are weights of the file, eight bytes for each n-gram and for each context. They contain
    pieces of the text, which anybody with the file can read.

    The constructor creates empty tables, in which all tokens are equally likely.

    Args:
        vocabulary_size: int or None. Number of ids; None: the tokenizer's.
        context_length: int. Longest text that is evaluated at once, in tokens; the model sees the last `order - 1`.
        order: int from 1 to 24. Length of the longest n-grams.
        num_contexts: int or None. Number of contexts in the tables; None: one for each token.
        num_counts: int. Number of n-grams of two or more tokens.
        pad_id: int or None. Id that is no token; None: the tokenizer's.
        tokenizer: `Tokenizer` or None. Needed for text in and out, and kept in the file.

    Raises:
        ValueError: if a size is outside its range, or neither `vocabulary_size` nor `tokenizer` is given.

    Example:

    >>> from tinylm_keras.tokenizers import CharacterTokenizer
    >>> texts = ["the cat sat on the mat", "the cat ran"]
    >>> model = NGramLM.count(texts, CharacterTokenizer().adapt(texts), order=4)
    >>> model.generate("the c", max_new_tokens=2, temperature=0)
    'the cat'

    References:
        Chen and Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling", 1998.
    """

    sliding_window_cache = True  # the contexts move with the text

    def __init__(
        self,
        vocabulary_size: int | None = None,
        context_length: int = 128,
        order: int = 1,
        num_contexts: int | None = None,
        num_counts: int = 1,
        pad_id: int | None = None,
        tokenizer: Tokenizer | None = None,
        **kwargs: Unpack[LanguageModelArguments],
    ) -> None:
        super().__init__(vocabulary_size, context_length, pad_id, tokenizer, **kwargs)
        num_contexts = self.vocabulary_size if num_contexts is None else num_contexts
        self.head = CountTables(self.vocabulary_size, order, num_contexts, num_counts, name="head")
        self.build((None, None))

    @classmethod
    def count(
        cls,
        texts: Iterable[str] | TokenStream | Iterable[AnyIds],
        tokenizer: Tokenizer | None = None,
        *,
        order: int | Literal["auto"] = "auto",
        validation: Iterable[str] | TokenStream | Iterable[AnyIds] | None = None,
        max_counts: int = counting.MAX_COUNTS,
        vocabulary_size: int | None = None,
        pad_id: int | None = None,
        **arguments: Any,
    ) -> Self:
        """Count texts.

        Each text is counted separately, with the end token around it if the tokenizer has one: no n-gram crosses two
        texts.

        Args:
            texts: list of str; a `TokenStream`, which is split at the end token (without one it is one long text); or
                a list of int arrays `[n_i]`, each a text.
            tokenizer: `Tokenizer`, or None for ids.
            order: int from 1 to 24, or "auto": the best for `validation`.
            validation: As `texts`, held-out text; None: "auto" chooses the order on the last tenth of `texts`, and then
                counts it too.
            max_counts: int. Largest number of n-grams; see `counting.count`.
            vocabulary_size: int or None. Number of ids; None: the tokenizer's.
            pad_id: int or None. Id that is no token; None: the tokenizer's.
            **arguments: Other arguments of the constructor, such as `context_length`.

        Returns:
            An `NGramLM`.

        Raises:
            ValueError: if there is nothing to count, or an argument is outside its range.
        """
        if vocabulary_size is None:
            if tokenizer is None:
                raise _checks.refuse("vocabulary_size", "is needed without a tokenizer", None, "Pass one of the two.")
            vocabulary_size = _checks.tokenizer("tokenizer", tokenizer).vocabulary_size()
        own_pad_id = tokenizer.pad_id if pad_id is None and tokenizer is not None else pad_id
        rows, first_tokens = read_rows("texts", texts, tokenizer, own_pad_id)
        sizes = {"vocabulary_size": vocabulary_size, "pad_id": own_pad_id, "max_counts": max_counts}
        if order != "auto" and isinstance(order, str):
            raise _checks.refuse("order", f'must be "auto" or a whole number from 1 to {counting.MAX_ORDER}', order)
        if order == "auto":
            if validation is not None:
                validation = read_rows("validation", validation, tokenizer, own_pad_id)[0]
            counts = counting.count_in_best_order(rows, validation=validation, **sizes)
        else:
            counts = counting.count(rows, order=order, **sizes)
        arguments.setdefault("first_tokens", first_tokens)
        return cls.of(counts, tokenizer=tokenizer, pad_id=pad_id, **arguments)

    @classmethod
    def of(cls, counts: counting.Counts, **arguments: Any) -> Self:
        """Return the model of existing `counting.Counts`; `arguments` are those of the constructor."""
        sizes = {"num_contexts": len(counts.backoff) - 1, "num_counts": max(1, len(counts.token))}
        model = cls(counts.vocabulary_size, order=counts.order, **sizes, **arguments)
        model.head.set_counts(counts)
        return model

    @property
    def counts(self) -> counting.Counts:
        """The tables as `counting.Counts`: the same probabilities in numpy."""
        return self.head.get_counts()

    @property
    def order(self) -> int:
        """Length of the longest n-grams."""
        return self.head.order

    @property
    def receptive_field(self) -> int:
        return self.head.longest

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.head.build((*input_shape, self.head.longest))

    def hidden_states(self, token_ids: Tensor, training: bool | None = None) -> Tensor:
        """The numbers of the contexts that end at each token: int32 `[B, T, order - 1]`."""
        return self.head.advance(token_ids)

    def last_hidden_states(self, token_ids: Tensor) -> Tensor:
        """As in `LanguageModel`; the contexts of the last position depend on the last `order - 1` tokens alone."""
        return self.hidden_states(token_ids[:, -self.head.longest :])[:, -1:]

    def decode_step(self, token_ids: Tensor, cache: Any, start: Any) -> tuple[Tensor, Any]:
        """As in `LanguageModel`. The cache holds the contexts of the last L positions, position p in column `p % L`."""
        size = cache.shape[1]
        before = ops.take(cache, ops.mod(start - 1, size), axis=1)
        before = ops.where(start > 0, before, self.head.nowhere(1))
        contexts = self.head.advance(token_ids, before)
        return contexts, _put(cache, contexts, start)

    def empty_cache(self, batch_size: int) -> Any:
        return ops.zeros((batch_size, self.context_length, self.head.longest), "int32")

    def fit(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Not supported: there is nothing to train.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            "An NGramLM is counted and cannot be trained. "
            "Count the text with NGramLM.count(texts, tokenizer), or train another model."
        )

    fit_in_run = train_on_batch = fit

    def get_config(self) -> dict[str, Any]:
        names = ("order", "num_contexts", "num_counts")
        return {**super().get_config(), **{name: getattr(self.head, name) for name in names}}


def _put(cache, contexts, start):
    """Return the cache with new contexts from position `start` on, at most as many as it has columns."""
    size, length = cache.shape[1], contexts.shape[1]
    if length == 1:
        return ops.slice_update(cache, (0, ops.mod(start, size), 0), contexts)
    both, columns, last = ops.concatenate([cache, contexts], axis=1), ops.arange(size), start + length - 1
    newest = last - ops.mod(last - columns, size)  # the position that each column then holds
    return ops.take(both, ops.where(newest >= start, newest - start + size, columns), axis=1)


def read_rows(argument, texts, tokenizer, pad_id):
    """Return rows of ids for `counting.count`, and the first tokens of the texts as a list of (id, count)."""
    end_id = None if tokenizer is None else tokenizer.end_id
    if isinstance(texts, TokenStream):
        return counting.rows_of(texts.ids, end_id, pad_id), texts.first_tokens
    if isinstance(texts, (str, bytes)):
        raise _checks.refuse(argument, "must be a list of strings", texts, "Try data.read or [text].")
    texts = list(texts)
    if not _checks.holds_text(texts):
        return texts, []
    if tokenizer is None:
        raise _checks.refuse("tokenizer", "is needed to count text", None)
    rows = tokenizer.tokenize(texts)
    first = collections.Counter(int(row[0]) for row in rows if len(row) and row[0] != tokenizer.unk_id)
    if end_id is not None:
        rows = [[end_id, *row, end_id] for row in rows if len(row)]
    return rows, first.most_common(KEPT_FIRST_TOKENS)
