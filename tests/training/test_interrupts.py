"""Laws of signals in a run: nothing is lost, neither the files nor the signal."""

import json
import signal

import pytest

from tests.training.test_train import TEXTS, TINY, Listener
from tinylm_keras import _endings, plots, stories
from tinylm_keras.baselines import comparison
from tinylm_keras.training.interrupts import Interrupts
from tinylm_keras.training.train import train

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the signals are those of Linux and macOS")

ENDS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_a_signal_that_nobody_checks_is_acted_on_when_the_context_is_left(number, code):
    steps = []

    def command():
        with Interrupts():
            signal.raise_signal(number)
            steps.append("the work is done to its end")
        steps.append("never")

    assert _endings.guarded(command) == code
    assert steps == ["the work is done to its end"]


def test_an_error_is_not_replaced_by_a_signal_that_came_too():
    with pytest.raises(KeyError), Interrupts():
        signal.raise_signal(signal.SIGINT)
        raise KeyError
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_a_terminal_that_closes_sends_its_signal_twice_and_the_files_are_written_all_the_same(tmp_path):
    hang_up = lambda row: [signal.raise_signal(signal.SIGHUP) for _ in range(2)]  # noqa: E731
    settings = {**TINY, "progress": Listener(hang_up)}
    assert _endings.guarded(lambda: train(TEXTS, out=tmp_path / "run", **settings)) == 129
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["result"]["steps"] == 2


def test_an_ignored_signal_stays_ignored_in_a_run():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGHUP)
            interrupts.check()
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.fixture
def a_signal_at_the_last_file(monkeypatch):
    """Ctrl-C comes when a run draws its picture, after all else is written."""
    draw = plots.loss_plot

    def interrupted(*arguments):
        signal.raise_signal(signal.SIGINT)
        return draw(*arguments)

    monkeypatch.setattr(plots, "loss_plot", interrupted)


def test_a_signal_while_the_last_files_are_written_ends_after_them(tmp_path, a_signal_at_the_last_file):
    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, out=tmp_path / "run", **{**TINY, "steps": 2})
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["result"]["steps"] == 2
    files = ["history.csv", "last.keras", "loss.png", "model.keras", "recipe.json", "samples.txt"]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == files


def test_a_signal_while_a_model_of_a_comparison_is_written_ends_the_comparison(tmp_path, a_signal_at_the_last_file):
    settings = {"steps": 1, "context_length": 8, "jit_compile": False, "progress": None}
    with pytest.raises(KeyboardInterrupt):
        comparison.compare(stories.write(20), tmp_path / "out", **settings)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["average", "compare.json"]
    assert (tmp_path / "out" / "average" / "loss.png").exists()
