"""Evaluates models: loss, perplexity and bits per character on text; shares of consistent and new stories."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from tinylm_keras import _checks, counting, stories
from tinylm_keras.baselines import MixtureLM, NGramLM
from tinylm_keras.baselines.count_models import bigram_count_nats as bigram_count_nats
from tinylm_keras.baselines.count_models import bigram_nats as bigram_nats
from tinylm_keras.baselines.count_models import perplexity_of_counts
from tinylm_keras.baselines.count_models import unigram_perplexity as unigram_perplexity
from tinylm_keras.data.strided_windows import strided_windows
from tinylm_keras.data.token_stream import TokenStream, concatenate
from tinylm_keras.generation.compile import always_compiles
from tinylm_keras.recipe import renames
from tinylm_keras.training import corpus, mixing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from tinylm_keras.data.batches import Batches
    from tinylm_keras.data.strided_windows import StridedWindows
    from tinylm_keras.models import LanguageModel
    from tinylm_keras.tokenizers import Tokenizer

LEAST_COUNTED = 20  # tokens of a training text for n-gram counts
LOOKED_AT = 10_000  # characters of a text that are tested for losses by the tokenizer


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The result of `evaluate`.

    Attributes:
        loss: float. Mean nats per real token (without padding).
        perplexity: float. `exp(loss)`: the number of equally likely tokens with the same uncertainty.
        bits_per_character: float. Bits to encode the text, including separators, divided by its characters. Comparable
            between tokenizers; an unknown word costs the bits to spell it.
        unigram_perplexity: float. Perplexity of the same tokens from token frequencies alone.
        counts_bits_per_character: float or None. Bits per character from n-gram counts of the training text alone;
            None if the training text is unknown.
        unigram_of: str. Source of the token frequencies: "training text" or "this text itself".
        layout: "padded" or "packed".
        lossy: bool. Whether the tokenizer loses part of this text, such as line breaks, which then costs no bits.
        texts, tokens, unknown: int. Number of texts, of predicted tokens, and of unknown words among them.
    """

    loss: float
    perplexity: float
    bits_per_character: float
    unigram_perplexity: float
    unigram_of: str
    counts_bits_per_character: float | None
    layout: str
    lossy: bool
    texts: int
    tokens: int
    unknown: int


def evaluate(
    model: LanguageModel,
    texts: Iterable[str] | TokenStream,
    *,
    layout: Literal["auto", "padded", "packed"] = "auto",
    batch_size: int = 32,
    training: Iterable[str] | TokenStream | None = None,
    separator: str | None = None,
) -> Evaluation:
    r"""Evaluate a model on held-out text.

    Every token counts once, and is predicted from at least half a context if the text before it is long enough.

    Args:
        model: A `LanguageModel` with a tokenizer.
        texts: list of str, or one part of opened token files, whose layout is always "packed".
        layout: "padded" (each text starts a new window), "packed" (all texts are one sequence) or "auto": padded if at
            least 90 % of the texts fit the context.
        batch_size: int. Windows evaluated at a time; it changes only the speed.
        training: list of str, part of token files, or None. The training text, for the token frequencies of the unigram
            baseline. Without it the frequencies are those of `texts`, which no unigram model can beat.
        separator: str or None. The string between the texts, such as "\n". If the tokenizer has an end token, its
            characters count with each text.

    Returns:
        An `Evaluation`.

    Raises:
        ValueError: if `texts` has no token to predict, the model has no tokenizer, or `layout` is invalid.

    Example:

    >>> import tinylm_keras as tlm
    >>> tokenizer = tlm.WhitespaceTokenizer(end_token="<end>").adapt("a b c")
    >>> model = tlm.MiniLM(tokenizer=tokenizer, context_length=8, embed_dim=8, num_heads=2, feed_forward_dim=8)
    >>> evaluate(model, ["a b", "b c"]).tokens
    6
    """
    tokenizer = _tokenizer_of(model)
    if isinstance(texts, TokenStream):
        renames.layout("layout", layout, ("packed", "auto"), "Token files are one sequence.")
        layout, count = "packed", getattr(texts, "documents", 1)
    else:
        texts = list(texts)
        if not texts:
            raise _checks.refuse("texts", "must hold at least one text", texts)
        layout, count = choose_layout(model, texts) if layout == "auto" else layout, len(texts)
    shape = (tokenizer, layout, model.context_length, batch_size)
    examples = batches(texts, *shape, separator)
    if not model.compiled:
        model.compile(jit_compile=always_compiles())
    logs = model.evaluate(examples, return_dict=True, verbose=0)
    loss = math.log(logs["perplexity"])  # the model may be compiled with another loss
    evaluated = token_counts(examples, model.pad_id)
    known = evaluated if training is None else token_counts(batches(training, *shape), model.pad_id)
    return Evaluation(
        loss=loss,
        perplexity=float(logs["perplexity"]),
        bits_per_character=float(examples.bits_per_character(loss)),
        unigram_perplexity=perplexity_of_counts(known, evaluated),
        unigram_of="this text itself" if training is None else "training text",
        counts_bits_per_character=_bits_of_counts(model, examples, training),
        layout=layout,
        lossy=not isinstance(texts, TokenStream) and loses_text(tokenizer, texts),
        texts=count,
        tokens=int(examples.tokens),
        unknown=int(examples.unknown),
    )


def _bits_of_counts(model, examples, training):
    """Return the bits per character from n-gram counts alone: those of a mixture, or of the training text."""
    if not examples.knows_characters:
        return None
    if isinstance(model, MixtureLM):
        counts = model.counts.counts
    elif training is not None and (rows := _rows(model.tokenizer, training)):
        sizes = {"vocabulary_size": model.vocabulary_size, "pad_id": model.pad_id}
        counts = counting.count_in_best_order(rows, **sizes)
    else:
        return None
    return float(examples.bits_per_character(counts.bits(examples.rows()).mean() * math.log(2)))


def _rows(tokenizer, training):
    """Return the rows of a training text to count; an empty list if it has too few tokens."""
    stream = training if isinstance(training, TokenStream) else concatenate(training, tokenizer)
    return mixing.counted_rows(stream, tokenizer) if len(stream.ids) >= LEAST_COUNTED else []


def with_counts_of(model: LanguageModel, training: Iterable[str]) -> LanguageModel:
    """Return a model; for a mixture, a copy whose counts are of a training text alone.

    The counts of a finished mixture include the validation text, so they cannot be evaluated on it.

    Args:
        model: `LanguageModel`.
        training: list of str.
    """
    if not isinstance(model, MixtureLM):
        return model
    settings = {"order": model.counts.order, "context_length": model.context_length}
    again = MixtureLM(model.network, NGramLM.count(list(training), model.tokenizer, **settings), model.tokenizer)
    again.mixing.shares.assign(model.mixing.shares)
    return again


def _tokenizer_of(model):
    if model.tokenizer is None:
        raise _checks.refuse("model", "must have a tokenizer", model.tokenizer, "Set it: model.tokenizer = …")
    return model.tokenizer


def choose_layout(model: LanguageModel, texts: Iterable[str]) -> Literal["padded", "packed"]:
    """Return "padded" if at least 90 % of the texts fit the model's context, otherwise "packed"."""
    share = corpus.fitting_share(list(texts), model.tokenizer, model.context_length)
    return "padded" if share >= corpus.FITTING_SHARE else "packed"


def batches(
    texts: Iterable[str] | TokenStream,
    tokenizer: Tokenizer,
    layout: Literal["padded", "packed"],
    context_length: int,
    batch_size: int,
    separator: str | None = None,
) -> StridedWindows:
    """Return the windows of some texts for evaluation; the arguments are those of `evaluate`."""
    layout = renames.layout("layout", layout, ("padded", "packed"), "Or auto, which chooses by the length of texts.")
    texts = texts if isinstance(texts, TokenStream) else list(texts)
    shape = {"context_length": context_length, "batch_size": batch_size}
    found = strided_windows(texts, tokenizer, layout=layout, **shape)
    return found if isinstance(texts, TokenStream) else found.count_separators(separator, texts, tokenizer)


def loses_text(tokenizer: Tokenizer, texts: Iterable[str]) -> bool:
    """Return whether a tokenizer loses part of some texts, tested on about 100 of them. Unknown words do not count.

    Example:

    >>> import tinylm_keras as tlm
    >>> tokenizer = tlm.WhitespaceTokenizer().adapt("a b c")
    >>> loses_text(tokenizer, ["a b"]), loses_text(tokenizer, ["a\\nb"])
    (False, True)
    """
    texts = list(texts)
    some = [text[:LOOKED_AT] for text in texts[:: max(1, len(texts) // 100)]]
    return any(_loses(tokenizer, text) for text in some)


def _loses(tokenizer, text):
    ids = tokenizer.tokenize(text)
    if tokenizer.unk_id is None or not np.any(ids == tokenizer.unk_id):
        return tokenizer.detokenize(ids) != text
    # Without the unknown words, a tokenizer that keeps white space still has the same number of line breaks.
    return any(tokenizer.detokenize(ids).count(sign) != text.count(sign) for sign in "\n\t")


def targets(examples: Batches, pad_id: int | None) -> np.ndarray:
    """Return the targets of all batches in order, without padding: ids `[n]`."""
    rows = [examples.batch(step)[1].reshape(-1) for step in range(examples.steps_per_epoch)]
    ids = np.concatenate(rows)
    return ids if pad_id is None else ids[ids != pad_id]


def token_counts(examples: Batches, pad_id: int | None) -> np.ndarray:
    """Return how often each id is a target: counts `[n]`."""
    size, total = examples.largest_id() + 1, 0
    for step in range(examples.steps_per_epoch):
        ids = examples.batch(step)[1].reshape(-1)
        total = total + np.bincount(ids if pad_id is None else ids[ids != pad_id], minlength=size)
    return total


def write_stories(model: LanguageModel, count: int = 200, seeds: int = 20, temperature: float = 0.8) -> list[str]:
    """Generate stories from an empty prompt, without dropping or truncating any.

    Args:
        model: A `LanguageModel` whose tokenizer has an end token.
        count: int. Number of stories.
        seeds: int. Number of seeds (0, 1, …), each for the same number of stories.
        temperature: float. As in `generate`.

    Returns:
        list of str. A story without an end within the context length is included.

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
        # Every training story that fits in the context has its end there.
        settings = {"temperature": temperature, "max_new_tokens": model.context_length, "seed": seed}
        written += model.generate([""] * rows, **settings)
    return written


def judge_stories(
    model: LanguageModel, count: int = 200, seeds: int = 20, temperature: float = 0.8, training: Iterable[str] = ()
) -> stories.Report:
    """Check stories that a model generates from an empty prompt, without dropping or truncating any.

    Args:
        model: A `LanguageModel` trained on the built-in stories.
        count: int. Number of stories.
        seeds: int. Number of seeds (0, 1, …), each for the same number of stories.
        temperature: float. As in `generate`.
        training: list of str. The training stories; a story among them is not new.

    Returns:
        A `stories.Report` with the shares of consistent and new stories, and the faults of the others.

    Raises:
        ValueError: if the tokenizer has no end token, or a number is out of its range.
    """
    return stories.report(write_stories(model, count, seeds, temperature), training=training)


def bigram_stories(texts: Iterable[str], count: int, seed: int = 0) -> list[str]:
    """Generate texts from word bigrams of `texts`: each word depends only on the one before it.

    The judge of stories must find such texts inconsistent.

    Args:
        texts: list of str. The texts to count; words are split at white space.
        count: int. Number of texts to generate.
        seed: int. Random seed.

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
