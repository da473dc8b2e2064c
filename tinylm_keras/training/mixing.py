"""N-gram counts of the training text: a baseline for the network of a run, and the other half of its mixture."""

import dataclasses
import math
import time

import numpy as np

from tinylm_keras import counting
from tinylm_keras.baselines.mixture_lm import MixtureLM
from tinylm_keras.baselines.ngram_lm import NGramLM
from tinylm_keras.baselines.share_fit import ShareFit
from tinylm_keras.models import after_run
from tinylm_keras.plots import columns
from tinylm_keras.training import checkpoint

# If the text has more tokens, only so many are counted, in stretches spread evenly over it: counting takes about a
# second for each million tokens.
MOST_TOKENS, STRETCHES = 5_000_000, 100

# Seconds at the end of such a run for compiling and for writing the file.
ENDING = 10.0


@dataclasses.dataclass(frozen=True)
class Counted:
    """Counts of the training text, of the order that predicts the validation text best.

    Attributes:
        counts: `counting.Counts`.
        windows: `StridedWindows` of the validation text.
        bits_per_character: float. Of the validation text, predicted by the counts alone.
        seconds: float. Duration of counting.
        part: str. The part of a long text that was counted, in words; empty for all of it.
    """

    counts: counting.Counts
    windows: object
    bits_per_character: float
    seconds: float
    part: str = ""

    @property
    def line(self):
        """A line to show before training."""
        figure = f"{self.bits_per_character:.3f} bits per character of the validation text"
        return f"Counting alone (n-grams up to {self.counts.order} tokens{self.part}): {figure}"


def count(corpus, recipe):
    """Count the training text of a run, or a part of a long text; None without validation text to choose the order."""
    windows = corpus.validation_windows(recipe)
    if windows is None or not windows.knows_characters:
        return None
    began, tokenizer = time.monotonic(), corpus.tokenizer
    sizes = {"vocabulary_size": tokenizer.vocabulary_size(), "pad_id": tokenizer.pad_id}
    try:
        counts = counting.count_in_best_order(
            counted_rows(corpus.train_stream, tokenizer), validation=windows.rows(), **sizes
        )
    except ValueError:  # too few tokens
        return None
    loss = float(counts.bits(windows.rows()).mean()) * math.log(2)
    all_of_it = len(corpus.train_stream.ids)
    part = f", of {MOST_TOKENS:,} of {all_of_it:,}" if all_of_it > MOST_TOKENS else ""
    return Counted(counts, windows, windows.bits_per_character(loss), time.monotonic() - began, part)


def seconds_at_the_end(counted, evaluation):
    """Estimate the seconds at the end of a run with a mixture: counting again, evaluating, writing."""
    return counted.seconds + 2.5 * evaluation + ENDING


class RunMixture:
    """The mixture that a run ends with, evaluated while its network trains.

    Args:
        model: `LanguageModel` in training.
        counted: `Counted` of its text.
    """

    def __init__(self, model, counted):
        self.counted = counted
        settings = {"tokenizer": model.tokenizer, "context_length": model.context_length}
        self.fit = ShareFit(model, NGramLM.of(counted.counts, **settings), counted.windows)

    def row(self, between=None):
        """Return the columns of the history about the mixture: its loss on the half where its shares are fitted.

        Args:
            between: Function that is called after each batch, or None.
        """
        loss = self.fit.first_half_loss(between)
        bits = float(self.counted.windows.bits_per_character(loss))
        return {columns.MIXTURE: loss, "val_mixture_bits_per_character": bits}


def finish(model, mixture, corpus, file, best):
    """Mix a trained network with counts of its text, and write the mixture as the result of the run.

    The shares are fitted with the counts of the training text; then the validation text is counted too.

    Args:
        model: `LanguageModel` with its best weights, compiled.
        mixture: `RunMixture` of the same model.
        corpus: `Corpus`.
        file: `pathlib.Path` or None. Path for the result.
        best: str. The text for the file of the best model; see `checkpoint.best_text`.

    Returns:
        The compiled `MixtureLM`, or the model itself if counts do not help; a line to show; and bits per character for
        the record, as a dict that is empty if there is no mixture.
    """
    counted, found = mixture.counted, mixture.fit.fit()
    bits = [counted.windows.bits_per_character(loss) for loss in (found.loss, found.network_loss, found.counts_loss)]
    if found.loss > found.network_loss:
        figures = "{:.3f} bits per character on half of the validation text with them, {:.3f} without".format(*bits)
        return model, f"Counts do not help: {figures}.", {}
    optimizer, jit_compile = model.optimizer, model.jit_compile
    settings = {"tokenizer": corpus.tokenizer, "context_length": model.context_length}
    tokenizer, order = corpus.tokenizer, counted.counts.order
    rows = [*counted_rows(corpus.train_stream, tokenizer), *counted_rows(corpus.validation_stream, tokenizer)]
    sizes = {"vocabulary_size": tokenizer.vocabulary_size(), "pad_id": tokenizer.pad_id}
    counts = NGramLM.of(counting.count(rows, order=order, **sizes), **settings)
    result = MixtureLM(model, counts)
    result.mixing.shares.assign(found.shares[: len(result.shares)])
    compile_with(result, optimizer, jit_compile)
    if file is not None:
        checkpoint.write(result, best, file)
    line = (
        "Mixed with counts: {:.3f} bits per character on half of the validation text; "
        "the network alone {:.3f}, counting alone {:.3f}.".format(*bits)
    )
    return result, line, dict(zip(("mixture", "network", "counts"), bits, strict=True))


def compile_with(model, optimizer, jit_compile):
    """Compile a mixture with a copy of the optimizer of the run, including its state."""
    model.compile(type(optimizer).from_config(optimizer.get_config()), jit_compile=jit_compile)
    for variable, value in zip(model.optimizer.variables, optimizer.variables, strict=True):
        variable.assign(value)
    after_run.mark(model, after_run.RUN)


def counted_rows(stream, tokenizer):
    """Return the rows of ids of a text that are counted, or of a part of a long text."""
    parts = counted_parts(stream.ids)
    return [row for part in parts for row in counting.rows_of(part, tokenizer.end_id, tokenizer.pad_id)]


def counted_parts(ids, most=None, stretches=STRETCHES):
    """Return the parts of some ids that are counted: all ids, or evenly spread stretches with `most` ids in total.

    Example:

    >>> [part.tolist() for part in counted_parts(np.arange(20), most=6, stretches=2)]
    [[0, 1, 2], [10, 11, 12]]
    """
    most = MOST_TOKENS if most is None else most
    if len(ids) <= most:
        return [ids]
    size, step = most // stretches, len(ids) // stretches
    return [np.asarray(ids[place : place + size]) for place in range(0, step * stretches, step)]
