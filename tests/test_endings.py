"""Laws of how signals end a command."""

import contextlib
import signal
import subprocess
import sys
import threading

import pytest

from tinylm_keras import _endings

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the signals are those of Linux and macOS")

ENDS = [
    (signal.SIGINT, 130, "tinylm: stopped.\n"),
    (signal.SIGTERM, 143, "tinylm: terminated.\n"),
    (signal.SIGHUP, 129, "tinylm: terminated.\n"),
]


@pytest.fixture(autouse=True)
def nothing_is_changed():
    """A test leaves every signal as it was."""
    before = [signal.getsignal(number) for number, _, _ in ENDS]
    yield
    assert [signal.getsignal(number) for number, _, _ in ENDS] == before


@contextlib.contextmanager
def handled(number, handler):
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize(("number", "code", "line"), ENDS)
@pytest.mark.parametrize("afterwards", ["nothing", "an import error", "dropped", "another way to end"])
def test_every_signal_has_its_code_and_none_is_lost(capsys, number, code, line, afterwards):
    def command():
        try:
            signal.raise_signal(number)
        except BaseException:
            if afterwards == "an import error":
                raise ImportError("half of a module") from None
            if afterwards == "another way to end":
                raise SystemExit(1) from None
            if afterwards == "nothing":
                raise
        return 0

    assert _endings.guarded(command) == code
    assert capsys.readouterr().err == line


def test_a_command_that_no_signal_ends_has_its_own_code_and_its_own_errors():
    assert _endings.guarded(lambda: 2) == 2
    with pytest.raises(KeyError):
        _endings.guarded(lambda: {}["x"])


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_an_ignored_signal_stays_ignored(number):
    with handled(number, signal.SIG_IGN):
        assert _endings.guarded(lambda: signal.raise_signal(number) or 7) == 7
        assert signal.getsignal(number) == signal.SIG_IGN


def test_a_handler_of_the_caller_is_called_too():
    seen = []
    with handled(signal.SIGTERM, lambda number, frame: seen.append(number)):
        assert _endings.guarded(lambda: signal.raise_signal(signal.SIGTERM)) == 143
    assert seen == [signal.SIGTERM]
    with handled(signal.SIGINT, lambda number, frame: seen.append(number)):
        assert _endings.guarded(lambda: signal.raise_signal(signal.SIGINT) or 0) == 0
    assert seen == [signal.SIGTERM, signal.SIGINT]


def test_in_another_thread_no_signal_is_changed():
    codes = []
    thread = threading.Thread(target=lambda: codes.append(_endings.guarded(lambda: 3)))
    thread.start()
    thread.join()
    assert codes == [3]


# The signal comes in the middle of the imports, before anything of the command line is there.
IMPORTS = """
import signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            signal.raise_signal(int(sys.argv[1]))

sys.meta_path.insert(0, Finder())
from tinylm_keras.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize(("number", "code", "line"), ENDS[:2])
def test_a_signal_during_the_imports_ends_as_everywhere(number, code, line):
    command = [sys.executable, "-c", IMPORTS, str(int(number))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", line)
