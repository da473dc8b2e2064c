"""The text methods of a language model: `generate`, `stream` and `score`."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from tinylm_keras import generation
from tinylm_keras.recipe import renames

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Unpack

    from tinylm_keras._types import AnyIds, GenerationSettings, Ids, SeveralIds


class GenerationMixin:
    """The text half of `LanguageModel`, implemented in `tinylm_keras.generation`. It reads `tokenizer`."""

    @property
    def generation_defaults(self) -> dict[str, Any]:
        """dict of the values that `generate` and `stream` use for arguments that are None; saved in the model's file.

        Set it as a whole, because it is checked when it is set: `model.generation_defaults |= {"top_k": 5}`.
        """
        return generation.ReadOnly(copy.deepcopy(self.__dict__.get("_generation_defaults", {})))

    @generation_defaults.setter
    def generation_defaults(self, settings: Mapping[str, Any]) -> None:
        self.__dict__["_generation_defaults"] = generation.check_defaults(settings)

    @property
    def end_id(self) -> int | None:
        """Id of the tokenizer's end token, or None."""
        return None if self.tokenizer is None else self.tokenizer.end_id

    def prompt_ids(self, text: str) -> Ids:
        """Ids of a text, with the end token in front if the tokenizer has one, as in training."""
        return self.after_end(self.tokenizer.tokenize(text))

    def can_begin(self, prompt: str) -> bool:
        """Whether `generate` can continue a prompt: an empty one needs an end token or a known first token."""
        return generation.can_begin(self, prompt)

    def after_end(self, ids: Ids) -> Ids:
        """These ids, with the end token in front if the tokenizer has one: every training text begins with it."""
        return ids if self.end_id is None else np.concatenate([np.array([self.end_id], "int32"), ids])

    @overload
    def generate(
        self, prompts: str, max_new_tokens: int | None = None, **settings: Unpack[GenerationSettings]
    ) -> str: ...

    @overload
    def generate(
        self,
        prompts: list[str] | tuple[str, ...],
        max_new_tokens: int | None = None,
        **settings: Unpack[GenerationSettings],
    ) -> list[str]: ...

    @overload
    def generate(
        self, prompts: AnyIds, max_new_tokens: int | None = None, **settings: Unpack[GenerationSettings]
    ) -> Ids: ...

    @overload
    def generate(
        self, prompts: SeveralIds, max_new_tokens: int | None = None, **settings: Unpack[GenerationSettings]
    ) -> list[Ids]: ...

    @renames.refused
    def generate(
        self,
        prompts: str | Sequence[str] | AnyIds | SeveralIds,
        max_new_tokens: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        sampler: Any = None,
        allow_unknown: bool = False,
        quantize: str | None = None,
    ) -> str | list[str] | Ids | list[Ids]:
        """Continue one prompt or several.

        The first call compiles the loop (a few seconds); later calls with other prompts, seeds or settings do not.
        Past `context_length` the model reads the last `context_length` tokens. A model with a sliding-window cache
        (`RotaryLM`, `MLPLM`, `BigramLM`, `NGramLM`) keeps its cache, and each position sees the last `context_length`
        positions in every layer.

        Args:
            prompts: str; list of str; ids `[n]`; ids `[B, n]` or a list of arrays of ids. An empty prompt starts from
                the end token, or without one from a first token of the training texts. Only the last
                `receptive_field` tokens of a prompt affect the result. A space at the end of a prompt belongs to the
                next word: the first new token begins with it.
            max_new_tokens: int from 0 to 1,000,000. None: `generation_defaults`, else 64.
            temperature, top_k, top_p, min_p, repetition_penalty: see `Sampler`. None: `generation_defaults`, else off.
            stop: str or list of str. A text ends before the first of these strings; for text prompts only. A string
                that the tokenizer can never write causes a warning.
            seed: int of at least 0. Row i draws from (seed, i). None: fresh numbers each time.
            sampler: `Sampler`, or one of `keras_nlp.samplers` that chooses a token at a time (greedy, random, top-k,
                top-p or a subclass with `get_next_token`; it brings its own seed).
            allow_unknown: bool. Whether "[UNK]" may be written.
            quantize: "bfloat16", "int8" (with a scale for each output), or None. Weight-only quantization: the type
                that the weight matrices are rounded to. On a CPU and for one prompt, a model that does not fit in the
                processor's cache writes faster within its context, and a smaller model slower. Several prompts, or a
                text past the context of a model without a sliding-window cache, gain no speed.
                `tinylm evaluate --quantize` measures the loss of quality.

        Returns:
            str for str, list for list, int32 ids for ids (a list of arrays for several prompts). Each result begins
            with its prompt and does not contain the end token or the stop string.

        Raises:
            ValueError: if an argument is outside its range, or the logits are not finite.

        Example:

        >>> from tinylm_keras.models import MiniLM
        >>> from tinylm_keras.tokenizers import WhitespaceTokenizer
        >>> model = MiniLM(tokenizer=WhitespaceTokenizer(vocabulary=["a", "b"]), context_length=8)
        >>> model.generate("a b", max_new_tokens=0)
        'a b'
        """
        rules = temperature, top_k, top_p, min_p, repetition_penalty
        arguments = generation.Arguments(max_new_tokens, *rules, stop, seed, sampler, allow_unknown, quantize)
        return generation.generate(self, prompts, arguments)

    @renames.refused
    def stream(
        self, prompt: str, max_new_tokens: int | None = None, **settings: Unpack[GenerationSettings]
    ) -> Iterator[str]:
        """Iterate over the text of `generate(prompt, **settings)` while it is written; joined, the pieces are it.

        Args:
            prompt: str.
            max_new_tokens: As in `generate`.
            **settings: The other arguments of `generate`.

        Returns:
            An iterator of str. The first piece is the prompt, unless it is empty.
        """
        return generation.stream(self, prompt, generation.Arguments(max_new_tokens, **settings))

    def score(self, text: str | AnyIds) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """log p(token i | tokens before) in nats, for every token but the first: float32 `[n - 1]`.

        Args:
            text: str, or ids `[n]`. In a text longer than the context, each token is scored given the `context_length`
                tokens before it, or, with a sliding-window cache, given the cache that `generate` would have.

        Returns:
            float32 numpy array; empty for fewer than two tokens.
        """
        return generation.score(self, text)
