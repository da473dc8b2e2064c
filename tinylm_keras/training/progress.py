"""The display of a run: a live line on a terminal, plain lines elsewhere, or nothing."""

import math
import sys

from tinylm_keras import _checks, _streams, _terminal
from tinylm_keras.training.folding import fold, wrapped

# Cells of the bar in the live line; it is shown if the longest line fits beside it.
BAR, LONGEST_LINE = 20, 70


class Silent:
    """Shows nothing; the base of the other two. `train` also accepts your own object with these methods."""

    def start(self, lines, steps):
        """Called once before training, with the lines of the header and the number of updates."""

    def step(self, step, steps, loss, validation_perplexity, tokens_per_second, seconds_left):
        """Called about once a second; the last three arguments are None until they are known."""

    def evaluation(self, row, sample, best):
        """Called after each evaluation with its row of the history, a sample text or None, and whether it is best."""

    def finish(self, lines):
        """Called once at the end, even if the run failed, with the last lines (perhaps none)."""


class Plain(Silent):
    """Prints one line for each evaluation, then the sample, indented.

    If the stream is closed (its terminal is gone, or its reader has ended), the run continues without output.
    """

    def __init__(self, stream=None):
        self.stream = stream

    def say(self, text=""):
        stream = self.stream or sys.stdout
        encoding = getattr(stream, "encoding", None) or "utf-8"
        shown = _terminal.harmless(text).encode(encoding, "backslashreplace").decode(encoding)
        _streams.tell(shown + "\n", stream)

    def start(self, lines, steps):
        for line in lines:  # each stays one line, whatever names it contains
            self.say(_terminal.printable(line))

    def evaluation(self, row, sample, best):
        self.say(_evaluation_line(row, best))
        if sample is not None:
            self.say("\n".join(f"    {line}" for line in sample.split("\n")))

    def finish(self, lines):
        for line in lines:
            self.say(_terminal.printable(line))


class Live(Plain):
    """Updates a line at the bottom of the terminal; all other output scrolls above it."""

    def __init__(self, console=None):
        super().__init__()
        from rich.console import Console

        self.console = console or Console(file=_streams.Lasting(sys.stdout))
        self.progress = self.task = None
        self.room = 0  # cells of the line beside the number of steps

    def say(self, text=""):
        from rich.text import Text

        for line in wrapped(_terminal.harmless(text), self.console.width):
            self.console.print(Text(line), soft_wrap=True)

    def start(self, lines, steps):
        from rich.progress import BarColumn, Progress, TextColumn

        super().start(lines, steps)
        self.room = self.console.width - len(f"step {steps:,}/{steps:,}") - 2
        bar = [BarColumn(bar_width=BAR)] if self.room > BAR + LONGEST_LINE else []
        self.room -= (BAR + 1) * len(bar)
        columns = (
            TextColumn("step {task.completed:,}/{task.total:,}", markup=False),
            *bar,
            TextColumn("{task.description}", markup=False),
        )
        self.progress = Progress(*columns, console=self.console, refresh_per_second=4, transient=True)
        self.task = self.progress.add_task("compiling", total=steps)
        self.progress.start()

    def step(self, step, steps, loss, validation_perplexity, tokens_per_second, seconds_left):
        parts = {"loss": f"loss {loss:.3f}"}
        if validation_perplexity is not None:
            parts["perplexity"] = f"val. perplexity {_short(validation_perplexity)}"
        if tokens_per_second is not None:
            parts["speed"] = f"{tokens_per_second:,.0f} tok/s"
        if seconds_left is not None:
            parts["left"] = f"{duration(seconds_left)} left"
        for least in ("speed", "perplexity", "left"):  # a narrow terminal shows what matters most
            if len("  ".join(parts.values())) > self.room:
                parts.pop(least, None)
        self.progress.update(self.task, completed=step, total=steps, description="  ".join(parts.values()))

    def evaluation(self, row, sample, best):
        from rich.text import Text

        self.say(_evaluation_line(row, best))
        shown = [] if sample is None else _terminal.harmless(sample)
        for line in fold(shown, max(2, self.console.width - 4), self.console.encoding) if shown else []:
            self.console.print(Text("    " + line, style="dim"), soft_wrap=True)

    def finish(self, lines):
        if self.progress is not None:
            self.progress.stop()
        super().finish(lines)


def choose(progress):
    """Return the reporter for `progress`.

    Args:
        progress: "auto" (live on a terminal, else plain), "plain", None for nothing, or an object with the methods of
            `Silent`.

    Returns:
        An object with those methods.

    Raises:
        ValueError: if it is another value.

    Example:

    >>> type(choose(None)).__name__, type(choose("plain")).__name__
    ('Silent', 'Plain')
    """
    if progress is None:
        return Silent()
    if isinstance(progress, str):
        _checks.one_of("progress", progress, ("auto", "plain"), "None shows nothing.")
        if progress == "plain" or not sys.stdout.isatty():
            return Plain()
        return Live()
    if not all(callable(getattr(progress, name, None)) for name in ("start", "step", "evaluation", "finish")):
        rule = "must be 'auto', 'plain', None or an object with start, step, evaluation and finish"
        raise _checks.refuse("progress", rule, progress)
    return progress


def duration(seconds):
    """Return a number of seconds in a readable form.

    Example:

    >>> duration(7), duration(75), duration(7260)
    ('7 s', '1 min 15 s', '2 h 1 min')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def _short(number):
    """Return a perplexity with at least three digits."""
    if not math.isfinite(number) or number >= 1e6:
        return f"{number:.3g}"
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def _evaluation_line(row, best):
    parts = [f"step {row['step']:,}", f"loss {row['loss']:.3f}"]
    if row.get("train_loss") is not None:
        parts.append(f"training loss {row['train_loss']:.3f}")
    if row.get("val_loss") is not None:
        parts += [f"validation loss {row['val_loss']:.3f}", f"perplexity {_short(row['val_perplexity'])}"]
        bits, mixed = row.get("val_bits_per_character"), row.get("val_mixture_bits_per_character")
        if bits is not None:
            parts.append(f"{bits:.3f} bits/character")
        if mixed is not None:
            unit = "" if bits is not None else " bits/character"
            parts.append(f"{mixed:.3f}{unit} mixed with counts")
    else:
        parts.append(f"perplexity {_short(row['perplexity'])}")
    return "  ".join(parts) + ("  best" if best else "")
