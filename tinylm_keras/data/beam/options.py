"""The options of Beam: which there are, and which of them a command line has."""

import argparse
import contextlib
import difflib
import functools
import importlib.util
import io

from tinylm_keras import _checks
from tinylm_keras.text.remote_files import without_warnings_of_beam

# The runners of this machine, which take Beam's own options alone; others have more of their own.
LOCAL = ("direct", "switchingdirect", "bundlebaseddirect", "fnapi", "prism")


def is_installed():
    """Return whether Beam is installed."""
    return importlib.util.find_spec("apache_beam") is not None


def checked(runner, options):
    """Return the options of Beam with the runner, each as "--name=value" or "--name", or raise.

    Args:
        runner: str. The name of a runner.
        options: iterable of str.

    Raises:
        ValueError: if Beam is not installed, or does not know the runner, or an option of a local runner.
        TypeError: if they are not strings.
    """
    _checks.text("runner", runner)
    if isinstance(options, str) or not all(isinstance(one, str) for one in options):
        raise _checks.refuse("runner_options", "must be a list of strings", options, error=TypeError)
    if not is_installed():
        advice = "Run: pip install 'tinylm-keras[beam]'"
        raise _checks.refuse("runner", "needs Apache Beam, which is not installed", runner, advice)
    _check_runner(runner)
    joined, rest = split(list(options))
    if rest:
        rule = "must be options such as --direct_num_workers=2"
        raise _checks.refuse("runner_options", rule, rest[0])
    for one in joined:
        unknown = unknown_option(one.partition("=")[0], runner)
        if unknown:
            raise _checks.refuse("runner_options", "must be options of Beam", one, unknown)
    given = [f"--runner={runner}", *joined]
    _check_values(given)
    return given


def split(arguments, known=(), with_value=()):
    """Divide the arguments of a command line into the options of Beam and the rest.

    Args:
        arguments: list of str.
        known: The names of options that are not Beam's.
        with_value: Those of them that are followed by a value.

    Returns:
        (list of "--name=value" or "--name", list of str).

    Example:

    >>> split(["books/", "--direct_num_workers", "2", "--out", "tokens"], ["--out"], ["--out"])
    (['--direct_num_workers=2'], ['books/', '--out', 'tokens'])
    """
    ours, theirs, left = [], [], list(arguments)
    while left and left[0] != "--":
        one = left.pop(0)
        name, equals, _ = one.partition("=")
        if not one.startswith("--") or name in known:
            ours.append(one)
            if name in with_value and not equals and left:
                ours.append(left.pop(0))
            continue
        takes_value = _takes_value(name)
        if takes_value is None:  # unknown here, but perhaps not to the runner
            takes_value = bool(left) and not left[0].startswith("-")
        theirs.append(one if equals or not takes_value or not left else f"{one}={left.pop(0)}")
    return theirs, ours + left


@functools.cache
def _actions():
    """Return the options that Beam knows, by name; none if it is not installed, which `checked` refuses."""
    if not is_installed():
        return {}
    with without_warnings_of_beam():
        from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(add_help=False, conflict_handler="resolve")
    for kind in PipelineOptions.__subclasses__():
        kind._add_argparse_args(parser)  # the method that users' own options define as well
    return parser._option_string_actions  # argparse has no public way to list them


def _takes_value(name):
    """Return whether an option of Beam takes a value; None if Beam does not know it."""
    action = _actions().get(name)
    return None if action is None else action.nargs != 0


def unknown_option(name, runner):
    """Return advice about an option of a local runner that Beam does not know; None if it may be one."""
    if not is_local(runner) or name in _actions():
        return None
    near = difflib.get_close_matches(name, _actions(), 1)
    return f"Did you mean {near[0]}?" if near else "See Beam's page about the runner."


def is_known(name):
    """Return whether Beam itself knows an option; a runner may know more."""
    return name in _actions()


def is_local(runner):
    """Return whether a runner, in one of the spellings that Beam knows, works on this machine alone.

    Example:

    >>> is_local("DirectRunner"), is_local("direct"), is_local("FlinkRunner")
    (True, True, False)
    """
    return runner.rpartition(".")[2].lower().removesuffix("runner") in LOCAL


def _check_values(options):
    """Refuse values that Beam cannot read."""
    with without_warnings_of_beam():
        from apache_beam.options.pipeline_options import PipelineOptions

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), without_warnings_of_beam():
            PipelineOptions(options).get_all_options()
    except (SystemExit, ValueError) as error:
        lines = [line for line in [*said.getvalue().splitlines(), str(error)] if "error: " in line] or [str(error)]
        rule = f"must have values that Beam can read ({lines[0].rpartition('error: ')[2]})"
        raise _checks.refuse("runner_options", rule, " ".join(options[1:])) from None


def _check_runner(runner):
    try:
        with without_warnings_of_beam():
            from apache_beam.runners.runner import create_runner

            create_runner(runner)
    except ValueError:
        advice = "Such as DirectRunner, FlinkRunner, SparkRunner, DataflowRunner or PortableRunner."
        raise _checks.refuse("runner", "must be a runner of Beam", runner, advice) from None
    except (ImportError, AttributeError) as error:
        rule = f"needs a package that is not installed ({str(error).splitlines()[0]})"
        raise _checks.refuse("runner", rule, runner, "For Dataflow: pip install 'apache-beam[gcp]'") from None
