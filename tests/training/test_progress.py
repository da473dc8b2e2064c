"""Laws of what a run shows."""

import errno
import io
import os
import re

import pytest
from rich.console import Console

from tinylm_keras._streams import Lasting
from tinylm_keras.training.progress import Live, Plain, Silent, choose, duration

ROW = {"step": 1200, "loss": 2.5, "perplexity": 12.2, "val_loss": 2.0, "val_perplexity": 7.389}


def follow(reporter):
    reporter.start(["CPU [bold], 2 threads", "second"], 2000)
    reporter.step(600, 2000, 2.51, None, None, None)
    reporter.step(1200, 2000, 2.5, 7.389, 5300.0, 75.0)
    reporter.evaluation({**ROW, "val_bits_per_character": 1.25}, "Once [red]\nend", True)
    reporter.evaluation({"step": 2000, "loss": 2.4, "perplexity": 1234.5}, None, False)
    reporter.finish(["done"])


def test_plain_lines_are_one_for_each_evaluation():
    stream = io.StringIO()
    follow(Plain(stream))
    assert stream.getvalue() == (
        "CPU [bold], 2 threads\nsecond\n"
        "step 1,200  loss 2.500  validation loss 2.000  perplexity 7.39  1.250 bits/character  best\n"
        "    Once [red]\n    end\n"
        "step 2,000  loss 2.400  perplexity 1,234\n"
        "done\n"
    )


def test_the_line_of_a_mixture_shows_both_losses_and_which_step_is_best():
    stream = io.StringIO()
    for bits in ({"val_bits_per_character": 1.25}, {}):
        Plain(stream).evaluation({**ROW, **bits, "val_mixture_bits_per_character": 1.125}, None, True)
    assert stream.getvalue() == (
        "step 1,200  loss 2.500  validation loss 2.000  perplexity 7.39  1.250 bits/character"
        "  1.125 mixed with counts  best\n"
        "step 1,200  loss 2.500  validation loss 2.000  perplexity 7.39  1.125 bits/character mixed with counts  best\n"
    )


def test_a_stream_that_knows_only_ascii_does_not_end_a_run():
    raw = io.BytesIO()
    reporter = Plain(io.TextIOWrapper(raw, encoding="ascii"))
    reporter.evaluation(ROW, "café ☃", False)
    assert b"caf\\xe9 \\u2603" in raw.getvalue()


def test_the_live_line_shows_where_the_run_is_and_closes():
    stream = io.StringIO()
    follow(Live(Console(file=stream, force_terminal=True, width=120, color_system=None)))
    shown = stream.getvalue()
    assert "step 1,200/2,000" in shown
    assert "loss 2.500  val. perplexity 7.39  5,300 tok/s  1 min 15 s left" in shown
    assert "Once [red]" in shown and "CPU [bold], 2 threads" in shown
    assert shown.rstrip().endswith("done")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_breaks_inside_a_word(width):
    stream = io.StringIO()
    reporter = Live(Console(file=stream, force_terminal=True, width=width, color_system=None))
    header = "stories: 1,800 training texts, 9 validation texts, vocabulary 99, layout padded (97 % of the texts fit)"
    sample = "Once upon a time there was a line that is longer than any terminal could show, said Mia\nand a verse"
    row = {**ROW, "train_loss": 2.4, "val_bits_per_character": 1.25}
    reporter.start([header], 20_000)
    reporter.step(12_000, 20_000, 2.5, 7.389, 1_555_300.0, 3_675.0)
    reporter.progress.refresh()
    reporter.evaluation(row, sample, True)
    reporter.finish(["Continue:  tinylm train --resume runs/" + 13 * "name-"])
    lines = re.split(r"\r|\n", re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", stream.getvalue()))
    assert all(len(line) <= max(width, len("  runs/") + 13 * len("name-")) for line in lines)
    assert "…" not in stream.getvalue()
    words = {word for line in lines for word in line.split()}
    said = [*header.split(), *sample.split(), "runs/" + 13 * "name-", "bits/character", "validation", "12,000/20,000"]
    assert words.issuperset(said)
    assert "left" in words or width == 40


class Gone(io.StringIO):
    """A stream whose writes fail."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error

    flush = write


@pytest.mark.parametrize("kind", [Plain, lambda stream: Live(Console(file=Lasting(stream), force_terminal=True))])
@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ENOSPC, None])
def test_a_stream_that_takes_no_more_does_not_end_a_run(kind, number):
    follow(kind(Gone(ValueError("I/O operation on closed file") if number is None else OSError(number, "gone"))))


@pytest.mark.skipif(os.name == "nt", reason="the terminals are those of Linux and macOS")
def test_a_terminal_that_is_closed_does_not_end_a_run_and_leads_nowhere_then():
    keyboard, screen = os.openpty()
    stream = os.fdopen(screen, "w")
    reporter = Live(Console(file=Lasting(stream)))
    reporter.start(["header"], 2000)
    os.close(keyboard)
    for _ in range(2):
        reporter.step(600, 2000, 2.51, None, None, None)
        reporter.evaluation(ROW, "Once", True)
    reporter.finish(["done"])
    stream.close()  # and flushes, which would fail


@pytest.mark.skipif(os.name == "nt", reason="the pipes are those of Linux and macOS")
def test_a_reader_that_has_left_does_not_end_a_run_and_the_stream_leads_nowhere_then():
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    os.close(reading)
    follow(Plain(stream))
    assert os.path.samestat(os.fstat(stream.fileno()), os.stat(os.devnull))
    stream.close()


def test_a_live_line_that_never_started_can_be_finished():
    Live(Console(file=io.StringIO())).finish([])


def test_the_reporter_is_chosen_by_where_the_output_goes():
    assert type(choose(None)) is Silent
    assert type(choose("plain")) is type(choose("auto")) is Plain  # the tests' output is no terminal
    own = Silent()
    assert choose(own) is own
    message = "`progress` must be one of 'auto', 'plain'. Received: progress='loud'. None shows nothing."
    with pytest.raises(ValueError, match=re.escape(message)):
        choose("loud")
    message = (
        "`progress` must be 'auto', 'plain', None or an object with start, step, evaluation and finish. Received: "
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        choose(1)


def test_durations_read_well():
    assert [duration(seconds) for seconds in (0.4, 59.4, 60, 3599, 3600)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "59 min 59 s",
        "1 h 0 min",
    ]


def test_a_line_of_the_header_or_the_end_is_one_line_whatever_the_names_in_it(capsys):
    shown = Plain()
    shown.start(["a\nb.txt: texts 3"], 5)
    shown.finish(["Written: a\nb"])
    assert capsys.readouterr().out == "a\\nb.txt: texts 3\nWritten: a\\nb\n"
