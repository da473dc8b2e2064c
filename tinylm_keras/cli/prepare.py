"""`tinylm prepare`: convert text of any size to token files."""

import contextlib
import shlex
import sys
import time
from typing import Annotated

import typer

from tinylm_keras import _checks, _streams
from tinylm_keras.cli import _console, _tables
from tinylm_keras.cli._recipe_options import typed_settings, with_recipe_options
from tinylm_keras.recipe import presets

TOKENS = tuple(name for name, field in presets.settings().items() if field.metadata["group"] == "tokens")

# Seconds after which a stage gets a line.
MOMENT = 0.5


@with_recipe_options((*TOKENS, "separator", "encoding", "column", "bad_rows", "validation", "seed"))
def prepare(
    source: Annotated[
        list[str],
        typer.Argument(
            help="Text files, folders, globs, CSV, TSV, JSONL or JSON files, or tfds:NAME; several are joined.",
            show_default=False,
        ),
    ],
    out: Annotated[str, typer.Option(help="New folder for the token files.", metavar="DIR", show_default=False)],
    preset: Annotated[str, typer.Option(help="Preset for all other settings; see: tinylm presets.")] = "stories",
    model: Annotated[
        str | None, typer.Option(help="Use the tokenizer of this .keras file or run's folder.", metavar="MODEL")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace token files in the folder.")] = False,
    runner: Annotated[
        str | None,
        typer.Option(
            help="Read and tokenize with the workers of this runner of Apache Beam, with the same result; further "
            "options go to Beam. Sources may be at addresses: gs://…, s3://…",
            metavar="DirectRunner|FlinkRunner|DataflowRunner|…",
            show_default=False,
        ),
    ] = None,
    runner_option: Annotated[list[str] | None, typer.Option(hidden=True)] = None,
    **typed,
):
    """Convert text to token files, a few megabytes at a time, for: tinylm train --data DIR

    A tokenizer without a vocabulary first learns one from the training part.
    """
    overrides = typed_settings(typed)
    recipe = presets.override(presets.get(preset), **overrides)
    for name in TOKENS:
        if model is not None and name in overrides:
            raise _checks.refuse(name, "must be left out with --model", overrides[name], error=_console.BadInput)
    if model is not None:
        model = _console.model_file(model)
    _console.start_keras()
    from tinylm_keras import data
    from tinylm_keras.training import corpus

    texts = _console.open_sources(source, recipe, remote=runner is not None)
    tokenizer = corpus.new_tokenizer(recipe) if model is None else _console.tokenizer_of(model)
    began = time.monotonic()
    with _continued(out, runner), watched() as progress:
        token_files = data.prepare(
            texts,
            tokenizer,
            out,
            validation=recipe.validation,
            seed=recipe.seed,
            overwrite=overwrite,
            progress=progress,
            runner=runner,
            runner_options=runner_option or (),
        )
    size = texts.done if runner is None else texts.size
    _tables.show_facts(facts(token_files, size, time.monotonic() - began))
    _console.say(f"Train on it:  tinylm train --data {shlex.quote(out)}")


def _continued(out, runner):
    """Return a context: if the workers of a runner are stopped, a line says how they continue."""
    return contextlib.nullcontext() if runner is None else _console.continued_by(out, holds=f"{out}.parts")


def facts(token_files, size, seconds):
    """Yield the rows of the table: pairs of a name and a text."""
    tokenizer, width = token_files.tokenizer, token_files.train.ids.dtype.itemsize
    yield "folder", f"{token_files.path}, {8 * width} bits a token"
    yield "tokenizer", f"{type(tokenizer).__name__}, {tokenizer.vocabulary_size():,} tokens{_sample(token_files)}"
    for name, part in (("train", token_files.train), ("validation", token_files.validation)):
        if part is not None:
            unknown = f", {part.unknown:,} unknown" if part.unknown else ""
            yield name, f"{part.documents:,} texts, {part.characters:,} characters, {len(part.ids):,} tokens{unknown}"
    yield "read", f"{megabytes(size)} in {seconds:,.1f} s, {megabytes(size / seconds)}/s"


def _sample(token_files):
    """Return what to say about the sample from which the vocabulary was learned, if that was not all of the text."""
    sample = token_files.learned_from
    if sample is None or sample["bytes"] == sample["of_bytes"]:
        return ""
    return f", learned from {megabytes(sample['bytes'])} of {megabytes(sample['of_bytes'])}"


def megabytes(count):
    """Return a number of bytes in a readable form.

    Example:

    >>> megabytes(12_345_678), megabytes(1_234_567), megabytes(12_345), megabytes(123)
    ('12 MB', '1.2 MB', '12 kB', '123 bytes')
    """
    if count < 1e5:
        return f"{count / 1e3:,.0f} kB" if count >= 1e3 else f"{count:,.0f} bytes"
    return f"{count / 1e6:,.1f} MB" if count < 1e7 else f"{count / 1e6:,.0f} MB"


@contextlib.contextmanager
def watched():
    """Yield a function that shows progress: a live line on a terminal, otherwise a line for each stage."""
    if not sys.stderr.isatty():
        stages = _Stages()
        yield stages
        stages.say()
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    pace = Pace()
    console = Console(file=_streams.Lasting(sys.stderr))
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield lambda *progress: live.update(Text(pace.line(*progress)))


class _Stages:
    """Prints a line for each stage that lasts a moment, so that an early refusal is a single line."""

    stage, pending, began = None, None, 0.0

    def __call__(self, stage, done, size, tokens):
        if stage != self.stage:
            self.say()
            self.stage, self.began = stage, time.monotonic()
            self.pending = f"{stage.capitalize()} …" if size is None else f"{stage.capitalize()}: {megabytes(size)} …"
        if time.monotonic() - self.began > MOMENT:
            self.say()

    def say(self):
        """Print the line of the stage, once."""
        if self.pending is not None:
            _console.say(self.pending)
            self.pending = None


class Pace:
    """Formats progress and speed."""

    def __init__(self):
        self.stage, self.began, self.before = None, 0.0, 0

    def line(self, stage, done, size, tokens):
        if stage != self.stage:
            self.stage, self.began, self.before = stage, time.monotonic(), done
        seconds = time.monotonic() - self.began
        parts = [stage, megabytes(done) if size is None else f"{megabytes(done)} of {megabytes(size)}"]
        if seconds > 0:
            parts.append(f"{megabytes((done - self.before) / seconds)}/s")
        if tokens:
            parts.append(f"{tokens:,} tokens")
        return "  ".join(parts)
