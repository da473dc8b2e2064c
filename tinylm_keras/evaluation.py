"""How good is a model? On text: loss, perplexity, bits per character. On its own writing: sound and new stories."""

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
from tinylm_keras.recipe import renames
from tinylm_keras.training import corpus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from tinylm_keras.data.batches import Batches
    from tinylm_keras.data.strided_windows import StridedWindows
    from tinylm_keras.models import LanguageModel
    from tinylm_keras.tokenizers import Tokenizer

LEAST_COUNTED, MOST_COUNTED = 20, 5_000_000  # tokens of a training text, for the figure of counting alone
LOOKED_AT = 10_000  # characters of a text that tell whether a tokenizer loses part of it


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes:
        loss: float. Mean nats per real token (padding is none).
        perplexity: float. `exp(loss)`: the model is as unsure as among that many equally likely tokens.
        bits_per_character: float. Bits of all that is needed to restore the text, the separators that end its texts
            included, over its characters. Comparable between tokenizers; an unknown word costs the bits of spelling it.
        unigram_perplexity: float. The same tokens under a model that knows only how frequent each one is.
        counts_bits_per_character: float or None. The same characters under n-gram counts of the training text alone;
            None where it is not known.
        unigram_of: str. Where those frequencies are from: "training text" or "this text itself".
        layout: "padded" or "packed".
        lossy: bool. Whether the tokenizer loses part of this text, such as line breaks, which then costs no bits.
        texts, tokens, unknown: int. How many texts, tokens predicted, and unknown words among them.
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
    r"""Evaluate a model on text that it should not have been trained on.

    Every token counts once, and is predicted from at least half a context where its text has so much before it.

    Args:
        model: A `LanguageModel` with a tokenizer.
        texts: list of str, or one part of opened token files, whose layout is always "packed".
        layout: "padded" (each text begins anew), "packed" (all texts in one row) or "auto": padded when at least 90 %
            of the texts fit the context.
        batch_size: int. Windows evaluated at a time; it changes the speed alone.
        training: list of str, part of token files, or None. The training text, for the frequencies of the unigram
            model. Without it they are those of `texts` itself, which no unigram model can beat.
        separator: str or None. What stood between the texts, such as "\n": where the tokenizer has an end token, the
            characters of a separator count with each text.

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
    examples = batches(texts, *shape, separator)
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
        counts_bits_per_character=_bits_of_counts(model, examples, training),
        layout=layout,
        lossy=not isinstance(texts, TokenStream) and loses_text(tokenizer, texts),
        texts=count,
        tokens=int(examples.tokens),
        unknown=int(examples.unknown),
    )


def _bits_of_counts(model, examples, training):
    """Bits per character of some windows under counts alone: those of a model that has them, or of a training text."""
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
    """The rows of a training text that are counted; none where there are too many tokens, or too few."""
    stream = training if isinstance(training, TokenStream) else concatenate(training, tokenizer)
    if not LEAST_COUNTED <= len(stream.ids) <= MOST_COUNTED:
        return []
    return counting.rows_of(np.asarray(stream.ids), tokenizer.end_id, tokenizer.pad_id)


def with_counts_of(model: LanguageModel, training: Iterable[str]) -> LanguageModel:
    """Return a model as it is, but a mixture with counts of a training text alone: a finished one counts all its text.

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
    separator: str | None = None,
) -> StridedWindows:
    """Return the texts as the windows on which a model is evaluated; the arguments are those of `evaluate`."""
    layout = renames.layout("layout", layout, ("padded", "packed"), "Or auto, to choose by the length of the texts.")
    texts = texts if isinstance(texts, TokenStream) else list(texts)
    shape = {"context_length": context_length, "batch_size": batch_size}
    found = strided_windows(texts, tokenizer, layout=layout, **shape)
    if separator is not None and tokenizer.end_id is not None and not isinstance(texts, TokenStream):
        found.add_characters(len(separator) * len(texts))
    return found


def loses_text(tokenizer: Tokenizer, texts: Iterable[str]) -> bool:
    """Return whether a tokenizer loses part of some texts, as far as 100 of them tell; unknown words are not lost.

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
    # The unknown words are missing: what is left of a text that keeps its white space has as many line breaks.
    return any(tokenizer.detokenize(ids).count(sign) != text.count(sign) for sign in "\n\t")


def targets(examples: Batches, pad_id: int | None) -> np.ndarray:
    """Return the tokens that a model is to predict, in order: `[n]` ids, padding left out."""
    rows = [examples.batch(step)[1].reshape(-1) for step in range(examples.steps_per_epoch)]
    ids = np.concatenate(rows)
    return ids if pad_id is None else ids[ids != pad_id]


def token_counts(examples: Batches, pad_id: int | None) -> np.ndarray:
    """Return how often each token is a target that a model is to predict: `[n]` counts, by id."""
    size, total = examples.largest_id() + 1, 0
    for step in range(examples.steps_per_epoch):
        ids = examples.batch(step)[1].reshape(-1)
        total = total + np.bincount(ids if pad_id is None else ids[ids != pad_id], minlength=size)
    return total


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
