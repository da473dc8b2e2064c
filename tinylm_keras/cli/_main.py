"""The command line: its commands, exit codes and error messages."""

import errno
import functools
import importlib
import itertools
import os
import sys
import traceback
from typing import Annotated

import typer

import tinylm_keras
from tinylm_keras import _endings, _streams, _terminal
from tinylm_keras.cli import _arguments, _console, _help, _refusal

# In the order of the help; each is a function in a module of the same name, and `import` is a word of Python's.
COMMANDS = ("survey", "prepare", "train", "generate", "evaluate", "compare", "sweep", "plot")
COMMANDS += ("page", "export", "import", "push", "tokenize", "info", "presets")


def _show_version(wanted):
    if wanted:
        _console.answer(f"tinylm_keras {tinylm_keras.__version__}")
        raise typer.Exit


def _only_bound(command):
    """Wrap a command so that the parser returns it with its arguments instead of running it.

    So parsing and running are two steps, and this module words the errors of both.
    """

    @functools.wraps(command)
    def bind(**arguments):
        return functools.partial(command, **arguments)

    return bind


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
):
    pass


@functools.cache
def parser(names=COMMANDS):
    """Return the parser of some commands. To import them all takes longer than `tinylm generate` writes a text."""
    app = typer.Typer(
        name="tinylm",
        cls=_help.Group,
        help="Train a small language model on your own text, keep it as one file, and generate text with it.",
        epilog="Help for a command: tinylm train --help. Start with: tinylm train, which needs no text of your own.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in names:
        place = "import_" if name == "import" else name
        command = getattr(importlib.import_module(f"tinylm_keras.cli.{place}"), place)
        app.command(name, cls=_help.Command, epilog=_help.examples(name))(_only_bound(command))
    return typer.main.get_command(app)


# Failures of the machine, not of the input: the exit code is 1, not 2.
MACHINE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.ENOMEM, errno.EMFILE}


def main(argv=None):
    """Run the command line and return its exit code; errors become one line on stderr.

    Args:
        argv: list of str, without the program's name. Defaults to `sys.argv[1:]`. `--traceback` anywhere in it (or
            TINYLM_TRACEBACK=1 in the environment) shows where an error came from.

    Returns:
        int. 0 on success; 2 with one line on stderr for bad input; 1 for a failed run; 130 for Ctrl-C; 143 for
            SIGTERM and 129 for SIGHUP, which end a training run like Ctrl-C: its files are written first. If the
            reader of a pipe ends early (`tinylm … | head`), the code is 1 without a message; training continues.

    Example:

    >>> from tinylm_keras.cli import main
    >>> main(["tokenize"])
    2
    """
    return _endings.guarded(lambda: run(sys.argv[1:] if argv is None else argv))


def run(argv):
    """Run the command line inside `_endings.guarded`, which turns signals into exceptions."""
    arguments = list(argv)
    wants_traceback = bool(os.environ.get("TINYLM_TRACEBACK"))
    if "--traceback" in itertools.takewhile(lambda argument: argument != "--", arguments):
        arguments.remove("--traceback")
        wants_traceback = True
    _console.make_streams_total()
    group = parser((arguments[0],) if arguments and arguments[0] in COMMANDS else COMMANDS)
    command = _arguments.command_of(arguments, group)
    try:
        call = _parse(group, _spread(arguments, command))
        with _console.warnings_in_one_line():
            call()
        sys.stdout.flush()
        return 0
    except typer.Exit as end:  # --help and --version have answered
        return end.exit_code
    except BrokenPipeError:
        _streams.silence(sys.stdout)  # or Python complains when it flushes at exit
        return 1
    except Exception as error:
        if wants_traceback:
            sys.stderr.write(_terminal.harmless(traceback.format_exc()))
        code, line = _verdict(error, command)
        _console.say(f"tinylm: {line}")
        return code


def _parse(group, arguments):
    """Return the typed command with its arguments as a function to call.

    The parser does not run it, because Typer handles Ctrl-C and closed pipes in its own way.
    """
    with group.make_context("tinylm", arguments) as context:
        return group.invoke(context)


def _spread(arguments, command):
    """Return the arguments with one option for each of several temperatures, and for each option of a Beam runner."""
    if command is not None and command.name == "prepare":
        return _arguments.for_runner(arguments, command)
    if command is None or command.name != "generate":
        return arguments
    return _arguments.spread(arguments, "--temperature", command, instead=("--prompt-file",))


def _verdict(error, command=None):
    """Return the exit code and the line for an exception of `command`."""
    if hasattr(error, "format_message"):  # every error of the parser
        path = getattr(getattr(error, "ctx", None), "command_path", "tinylm")
        line = _refusal.renamed(error, command) or _refusal.one_line(error.format_message())
        return 2, f"{line}{'' if line[-1] in '.?!' else '.'} See: {path} --help"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        line = where + _refusal.one_line(error.strerror) if error.strerror else _refusal.line(error, command)
        return (1 if error.errno in MACHINE_ERRORS else 2), line
    if isinstance(error, (ValueError, TypeError, ImportError, _console.BadInput)):
        return 2, _refusal.line(error, command)
    if isinstance(error, MemoryError):
        return 1, "not enough memory. Try a smaller model or a smaller batch."
    if isinstance(error, RuntimeError):
        return 1, _refusal.line(error, command, see=False)
    words = f"failed with {type(error).__name__}: {_refusal.one_line(error)}"
    return 1, f"{words} Set TINYLM_TRACEBACK=1 for the traceback."
