"""How good is a model? On text: loss, perplexity, bits per character. On its own writing: sound and new stories."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks, data, stories
from tinylm_keras.baselines.count_models import bigram_count_nats as bigram_count_nats
from tinylm_keras.baselines.count_models import bigram_nats as bigram_nats
from tinylm_keras.baselines.count_models import perplexity_of_counts
from tinylm_keras.baselines.count_models import unigram_perplexity as unigram_perplexity
from tinylm_keras.data.batches import BLOCK
from tinylm_keras.data.token_stream import TokenStream
from tinylm_keras.recipe import renames
from tinylm_keras.training import corpus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from tinylm_keras.data.batches import Batches
    from tinylm_keras.models import LanguageModel
    from tinylm_keras.tokenizers import Tokenizer


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes:
        loss: float. Mean nats per real token (padding is none).
        perplexity: float. `exp(loss)`: the model is as unsure as among that many equally likely tokens.
        bits_per_character: float. Comparable between tokenizers; an unknown word costs the bits of spelling it.
        unigram_perplexity: float. The same tokens under a model that knows only how frequent each one is.
        unigram_of: str. Where those frequencies are from: "training text" or "this text itself".
        layout: "padded" or "packed".
        texts, tokens, unknown, cut: int. How many texts, tokens evaluated, unknown words among them, and texts longer
            than the context whose rest was not evaluated.
    """

    loss: float
    perplexity: float
    bits_per_character: float
    unigram_perplexity: float
    unigram_of: str
    layout: str
    texts: int
    tokens: int
    unknown: int
    cut: int


def evaluate(
    model: LanguageModel,
    texts: Iterable[str] | TokenStream,
    *,
    layout: Literal["auto", "lines", "windows"] = "auto",
    batch_size: int = 32,
    training: Iterable[str] | TokenStream | None = None,
) -> Evaluation:
    """Evaluate a model on text that it should not have been trained on.

    Args:
        model: A `LanguageModel` with a tokenizer.
        texts: list of str, or one part of opened token files, whose layout is always "packed".
        layout: "padded" (each text one example), "packed" (all texts in one row, cut into contexts that do not
            overlap) or "auto": padded when at least 90 % of the texts fit the context.
        batch_size: int. Examples evaluated at a time; it changes the speed alone.
        training: list of str, part of token files, or None. The training text, for the frequencies of the unigram
            model. Without it they are those of `texts` itself, which no unigram model can beat.

    Returns:
        An `Evaluation`.

    Raises:
        ValueError: if `texts` holds nothing to evaluate, the model has no tokenizer, or `layout` is none of the three.

    Example:

    >>> import tinylm_keras as tlm
    >>> tokenizer = tlm.WhitespaceTokenizer(end_token="<end>").adapt("a b c")
    >>> model = tlm.MiniLM(tokenizer=tokenizer, context_length=8, embed_dim=8, num_heads=2, feed_forward_dim=8)
    >>> evaluate(model, ["a b", "b c"]).tokens
    6
    """
    tokenizer = _tokenizer_of(model)
    if isinstance(texts, TokenStream):
        renames.layout("layout", layout, ("packed", "auto"), "Token files are one long row.")
        layout, count = "packed", getattr(texts, "documents", 1)
    else:
        texts = list(texts)
        if not texts:
            raise _checks.refuse("texts", "must hold at least one text", texts)
        layout, count = choose_layout(model, texts) if layout == "auto" else layout, len(texts)
    shape = (tokenizer, layout, model.context_length, batch_size)
    examples = batches(texts, *shape)
    if not model.compiled:
        model.compile(jit_compile=False)
    logs = model.evaluate(examples, return_dict=True, verbose=0)
    loss = math.log(logs["perplexity"])  # the model may have been compiled with another loss
    evaluated = token_counts(examples, model.pad_id)
    known = evaluated if training is None else token_counts(batches(training, *shape), model.pad_id)
    return Evaluation(
        loss=loss,
        perplexity=float(logs["perplexity"]),
        bits_per_character=float(examples.bits_per_character(loss)),
        unigram_perplexity=perplexity_of_counts(known, evaluated),
        unigram_of="this text itself" if training is None else "training text",
        layout=layout,
        texts=count,
        tokens=int(examples.tokens),
        unknown=int(examples.unknown),
        cut=int(examples.cut),
    )


def _tokenizer_of(model):
    if model.tokenizer is None:
        raise _checks.refuse("model", "must have a tokenizer", model.tokenizer, "Give it one: model.tokenizer = …")
    return model.tokenizer


def choose_layout(model: LanguageModel, texts: Iterable[str]) -> Literal["padded", "packed"]:
    """Return "padded" when at least 90 % of the texts fit the model's context, else "packed"."""
    share = corpus.fitting_share(list(texts), model.tokenizer, model.context_length)
    return "padded" if share >= corpus.FITTING_SHARE else "packed"


def batches(
    texts: Iterable[str] | TokenStream,
    tokenizer: Tokenizer,
    layout: Literal["padded", "packed"],
    context_length: int,
    batch_size: int,
) -> Batches:
    """Return the texts as `data.lines` or `data.windows`, in order, each token once."""
    renames.layout("layout", layout, ("padded", "packed"), "Or auto, to choose by the length of the texts.")
    if layout == "padded":
        return data.lines(texts, tokenizer, context_length=context_length, batch_size=batch_size, shuffle=False)
    stream = texts if isinstance(texts, TokenStream) else data.concatenate(texts, tokenizer)
    return data.windows(stream, context_length=context_length, batch_size=batch_size)


def targets(examples: Batches, pad_id: int | None) -> np.ndarray:
    """Return the tokens that a model is evaluated on, in order: `[n]` ids, padding left out."""
    rows = [examples.batch(step)[1].reshape(-1) for step in range(examples.steps_per_epoch)]
    ids = np.concatenate(rows)
    return ids if pad_id is None else ids[ids != pad_id]


def token_counts(examples: Batches, pad_id: int | None) -> np.ndarray:
    """Return how often each token is a target that a model is evaluated on: `[n]` counts, by id."""
    if not examples.on_disk:
        return np.bincount(targets(examples, pad_id))
    blocks = (examples.ids[first : first + BLOCK] for first in range(1, len(examples.ids), BLOCK))
    size = examples.largest_id() + 1
    return sum(np.bincount(block, minlength=size) for block in blocks)


def write_stories(model: LanguageModel, count: int = 200, seeds: int = 20, temperature: float = 0.8) -> list[str]:
    """Let a model write stories from nothing but the end token, none dropped or cut.

    Args:
        model: A `LanguageModel` whose tokenizer has an end token.
        count: int. How many stories.
        seeds: int. How many seeds they are drawn from, evenly: 0, 1, …
        temperature: float. As in `generate`.

    Returns:
        list of str. A story that reaches the context length without an end is in it as it is.

    Raises:
        ValueError: if the tokenizer has no end token, or a number is out of its range.
    """
    _checks.whole_number("count", count, 1, 100_000)
    _checks.whole_number("seeds", seeds, 1, count)
    if _tokenizer_of(model).end_id is None:
        raise _checks.refuse(
            "model", "must have an end token to write whole stories", model.tokenizer.end_token, "Train with end_token."
        )
    written = []
    for seed in range(seeds):
        rows = (count * (seed + 1)) // seeds - len(written)
        # A story seen whole in training has an end within the context; one that has none by then will not be saved.
        settings = {"temperature": temperature, "max_new_tokens": model.context_length, "seed": seed}
        written += model.generate([""] * rows, **settings)
    return written


def judge_stories(
    model: LanguageModel, count: int = 200, seeds: int = 20, temperature: float = 0.8, training: Iterable[str] = ()
) -> stories.Report:
    """Judge stories that a model writes from nothing but the end token, none dropped or cut before judging.

    Args:
        model: A `LanguageModel` trained on the built-in stories.
        count: int. How many stories.
        seeds: int. How many seeds they are drawn from, evenly: 0, 1, …
        temperature: float. As in `generate`.
        training: list of str. The stories it was trained on; a story among them is not new.

    Returns:
        A `data.stories.Report` with the shares of stories that are sound and new, and the faults of the others.

    Raises:
        ValueError: if the tokenizer has no end token, or a number is out of its range.
    """
    return stories.report(write_stories(model, count, seeds, temperature), training=training)


def bigram_stories(texts: Iterable[str], count: int, seed: int = 0) -> list[str]:
    """Draw texts in which each word follows the last as often as in `texts`, with no memory beyond that word.

    A contrast for the judge: such text looks right for a moment and makes no sense.

    Args:
        texts: list of str. Where the counts are from; words are split at white space.
        count: int. How many texts to draw.
        seed: int. The same seed draws the same texts.

    Returns:
        list of str.

    Raises:
        ValueError: if `texts` holds no word.

    Example:

    >>> bigram_stories(["a b c"], 2)
    ['a b c', 'a b c']
    """
    followers = {}
    for text in texts:
        words = text.split()
        for first, second in zip([None, *words], [*words, None], strict=True):
            followers.setdefault(first, []).append(second)
    if set(followers) <= {None}:
        raise _checks.refuse("texts", "must hold at least one word", list(texts))
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(_checks.whole_number("count", count)):
        words, word = [], None
        while (word := followers[word][generator.integers(len(followers[word]))]) is not None:
            words.append(word)
        drawn.append(" ".join(words))
    return drawn
