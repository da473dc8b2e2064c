"""The command line as a whole: which commands there are, and what every way of ending looks like."""

import contextlib
import errno
import functools
import itertools
import os
import signal
import sys
import threading
import traceback
from typing import Annotated

import typer

import tinylm_keras
from tinylm_keras import _terminal
from tinylm_keras.cli import _console, compare, evaluate, generate, info, plot, prepare, presets, tokenize, train

app = typer.Typer(
    name="tinylm",
    help="Train a small language model on your own text, keep it as one file, and let it write.",
    epilog="Each command explains itself: tinylm train --help. Start with: tinylm train, without any text of your own.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted):
    if wanted:
        _console.answer(f"tinylm_keras {tinylm_keras.__version__}")
        raise typer.Exit


def _only_bound(command):
    """Wrap a command so that the parser hands it back, ready to be called, and does not run it.

    Typer has its own ways of ending for Ctrl-C and for closed pipes; run outside it, a command ends in ours.
    """

    @functools.wraps(command)
    def bind(**arguments):
        return functools.partial(command, **arguments)

    return bind


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
):
    pass


COMMANDS = (
    *(prepare.prepare, train.train, generate.generate, evaluate.evaluate, compare.compare),
    *(plot.plot, tokenize.tokenize, info.info, presets.presets),
)
for one in COMMANDS:
    app.command()(_only_bound(one))

# Failures of the machine, not of what was typed: the run failed, so the exit code is 1 and not 2.
MACHINE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.ENOMEM, errno.EMFILE}


def main(argv=None):
    """Run the command line and return its exit code; nothing is raised for a user's mistake.

    Args:
        argv: list of str, without the program's name. Defaults to `sys.argv[1:]`. `--traceback` anywhere in it (or
            TINYLM_TRACEBACK=1 in the environment) shows where an error came from.

    Returns:
        int. 0 when it worked; 2 with one line on stderr on bad input; 1 on a failed run; 130 on Ctrl-C; 143 on
            SIGTERM, which ends a training run as Ctrl-C does: its files are written first.

    Example:

    >>> from tinylm_keras.cli import main
    >>> main(["tokenize"])
    2
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    wants_traceback = bool(os.environ.get("TINYLM_TRACEBACK"))
    if "--traceback" in itertools.takewhile(lambda argument: argument != "--", arguments):
        arguments.remove("--traceback")
        wants_traceback = True
    _console.make_streams_total()
    try:
        parsed = app(_console.spread(arguments, "--temperature"), prog_name="tinylm", standalone_mode=False)
        if callable(parsed):  # else it was --help
            with _console.warnings_in_one_line(), _terminated_as_exit():
                parsed()
        sys.stdout.flush()
        return 0
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except KeyboardInterrupt:
        _console.say("tinylm: stopped.")
        return 130
    except _Terminated:
        _console.say("tinylm: terminated.")
        return 143
    except Exception as error:
        if wants_traceback:
            sys.stderr.write(_terminal.harmless(traceback.format_exc()))
        code, line = _verdict(error)
        _console.say(f"tinylm: {line}")
        return code


class _Terminated(SystemExit):
    """SIGTERM has come."""


@contextlib.contextmanager
def _terminated_as_exit():
    """Turn SIGTERM into an exception, so that what is open is closed and a run is saved; only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number, frame):
        raise _Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _verdict(error):
    """Return the exit code and the one line for an exception."""
    if hasattr(error, "format_message"):  # every mistake that the parser itself finds
        command = getattr(getattr(error, "ctx", None), "command_path", "tinylm")
        line = _console.one_line(error.format_message())
        return 2, f"{line}{'' if line[-1] in '.?!' else '.'} See: {command} --help"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        line = where + _console.one_line(error.strerror or error)
        return (1 if error.errno in MACHINE_ERRORS else 2), line
    if isinstance(error, (ValueError, TypeError, ImportError, _console.BadInput)):
        return 2, _console.one_line(error)
    if isinstance(error, MemoryError):
        return 1, "not enough memory for this. Try a smaller model or a smaller batch."
    if isinstance(error, RuntimeError):
        return 1, _console.one_line(error)
    return 1, f"failed with {type(error).__name__}: {_console.one_line(error)} Set TINYLM_TRACEBACK=1 to see where."


def _forget_stdout():
    """After `tinylm … | head`: keep Python from complaining about the closed pipe when it flushes at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
