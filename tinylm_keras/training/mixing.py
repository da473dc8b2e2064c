"""What counting alone knows of the text of a run: the yardstick for its network, and the other half of its mixture."""

import dataclasses
import math
import time

from tinylm_keras import counting
from tinylm_keras.baselines.mixture_lm import MixtureLM, mix
from tinylm_keras.baselines.ngram_lm import NGramLM
from tinylm_keras.models import after_run
from tinylm_keras.training import checkpoint

# A text of more tokens is not counted unasked: it takes about a second for each million.
MOST_TOKENS = 5_000_000

# Seconds to compile what the end of such a run evaluates and writes, and for its file.
ENDING = 10.0


@dataclasses.dataclass(frozen=True)
class Counted:
    """Counts of the training text, in the order that suits the validation text best.

    Attributes:
        counts: `counting.Counts`.
        windows: `StridedWindows` of the validation text.
        bits_per_character: float. Of the validation text under the counts alone.
        seconds: float. How long counting took.
    """

    counts: counting.Counts
    windows: object
    bits_per_character: float
    seconds: float

    @property
    def line(self):
        """What is said before training."""
        figure = f"{self.bits_per_character:.3f} bits per character of the validation text"
        return f"Counting alone (n-grams up to {self.counts.order} tokens): {figure}"


def count(corpus, recipe):
    """Count the training text of a run; None where it is too long, or nothing is there to choose the order by."""
    windows = corpus.validation_windows(recipe)
    if (
        windows is None
        or not windows.knows_characters
        or (corpus.train_stream.tokens > MOST_TOKENS and not recipe.mix_counts)
    ):
        return None
    began, tokenizer = time.monotonic(), corpus.tokenizer
    sizes = {"vocabulary_size": tokenizer.vocabulary_size(), "pad_id": tokenizer.pad_id}
    try:
        counts = counting.count_in_best_order(_rows(corpus.train_stream, tokenizer), validation=windows.rows(), **sizes)
    except ValueError:  # hardly a token
        return None
    loss = float(counts.bits(windows.rows()).mean()) * math.log(2)
    return Counted(counts, windows, windows.bits_per_character(loss), time.monotonic() - began)


def seconds_at_the_end(counted, evaluation):
    """About how long the end of a run takes that mixes: counting again, evaluating overlapping windows, writing."""
    return counted.seconds + 2.5 * evaluation + ENDING


def finish(model, counted, corpus, file, best):
    """Mix a trained network with the counts of its text, and write the mixture as the result of the run.

    The shares are fitted with the counts of the training text, then all of the text is counted.

    Args:
        model: `LanguageModel` with its best weights, compiled.
        counted: `Counted`.
        corpus: `Corpus`.
        file: `pathlib.Path` or None. Where the result is written.
        best: str. What the file of the best model says about itself; see `checkpoint.best_text`.

    Returns:
        The `MixtureLM`, compiled, or the model itself where the counts add nothing; a line to say; and bits per
        character for the record, as a dict, empty where there is no mixture.
    """
    settings = {"tokenizer": corpus.tokenizer, "context_length": model.context_length}
    optimizer, jit_compile = model.optimizer, model.jit_compile
    trial, found = mix(model, NGramLM.of(counted.counts, **settings), counted.windows)
    bits = [counted.windows.bits_per_character(loss) for loss in (found.loss, found.network_loss, found.counts_loss)]
    if found.loss > found.network_loss:
        compile_with(model, optimizer, jit_compile)
        figures = "{:.3f} bits per character of half of the validation text with them, {:.3f} without".format(*bits)
        return model, f"Counts would add nothing: {figures}.", {}
    shares = trial.shares
    tokenizer, order = corpus.tokenizer, counted.counts.order
    rows = [*_rows(corpus.train_stream, tokenizer), *_rows(corpus.validation_stream, tokenizer)]
    sizes = {"vocabulary_size": tokenizer.vocabulary_size(), "pad_id": tokenizer.pad_id}
    counts = NGramLM.of(counting.count(rows, order=order, **sizes), **settings)
    mixture = MixtureLM(model, counts, name=trial.name)
    mixture.mixing.shares.assign(shares[: len(mixture.shares)])
    compile_with(mixture, optimizer, jit_compile)
    if file is not None:
        checkpoint.write(mixture, best, file)
    line = (
        "Mixed with counts: {:.3f} bits per character of half of the validation text; "
        "the network alone {:.3f}, counting alone {:.3f}.".format(*bits)
    )
    return mixture, line, dict(zip(("mixture", "network", "counts"), bits, strict=True))


def compile_with(model, optimizer, jit_compile):
    """Compile a model as it was in the run, or a mixture as its network was, with what the optimizer has gathered."""
    model.compile(type(optimizer).from_config(optimizer.get_config()), jit_compile=jit_compile)
    for variable, value in zip(model.optimizer.variables, optimizer.variables, strict=True):
        variable.assign(value)
    after_run.mark(model, after_run.RUN)


def _rows(stream, tokenizer):
    return counting.rows_of(stream.ids, tokenizer.end_id, tokenizer.pad_id)
