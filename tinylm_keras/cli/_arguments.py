"""Reads numbers and texts from the command line, and an option with several numbers."""

import difflib
import itertools
import os
import re

from tinylm_keras import _checks
from tinylm_keras.cli._console import BadInput
from tinylm_keras.recipe import escapes


def number(argument, kind):
    """Return a function that reads `argument` as `kind` (int or float); its error names the argument."""
    rule = "must be a whole number" if kind is int else "must be a number"

    def read(text):
        try:
            return kind(text)
        except ValueError:
            advice = ["Try ", _checks.Argument(argument, text.replace(",", ".")), "."] if _has_comma(text) else ""
            raise _checks.refuse(argument, rule, text, advice, error=BadInput) from None

    return read


def _has_comma(text):
    """Whether this looks like a number with a decimal comma."""
    return re.fullmatch(r"[0-9],[0-9]+", text) is not None


def numbers(argument):
    """Return a function that reads `argument` as numbers separated by commas, as a list of float."""

    def read(text):
        refuse_decimal_comma(argument, text)
        try:
            return [float(one) for one in text.split(",")]
        except ValueError:
            rule = "must be a number, or several separated by commas"
            raise _checks.refuse(argument, rule, text, error=BadInput) from None

    return read


def refuse_decimal_comma(argument, text):
    """Refuse a text such as 0,5, which hardly means 0 and 5."""
    if _has_comma(text) and text[0] in "012":
        whole, decimals = text.split(",")
        one, two = (_checks.Argument(argument, wanted) for wanted in (f"{whole}.{decimals}", f"{whole}.0,{decimals}.0"))
        advice = ["Try ", one, " for one, or ", two, " for two."]
        rule = "must have a decimal point; commas separate several numbers"
        raise _checks.refuse(argument, rule, text, advice, error=BadInput)


def typed_text(argument, text):
    """Return a text as typed, decoded as UTF-8 even if the locale has another encoding."""
    try:
        return os.fsencode(text).decode("utf-8") if any("\ud800" <= letter <= "\udfff" for letter in text) else text
    except UnicodeDecodeError:
        raise _checks.refuse(argument, "must be UTF-8 text", text, "Pass it in a file or by standard input.") from None


def escaped_text(argument, text):
    r"""As `typed_text`, with escapes replaced: `\n` becomes a line break."""
    return escapes.decode(typed_text(argument, text))


def command_of(arguments, group):
    """Return the command of `group` that was typed, or None."""
    name = next((one for one in arguments if not one.startswith("-")), None)
    return group.commands.get(name)


def spread(arguments, option, command, instead=()):
    """Let an option take several numbers: `TEXT --t 0.5 0.8` becomes `TEXT --t 0.5 --t 0.8` for the parser.

    If arguments such as the text are still missing, the last numbers are taken for them: `--t 0.5 1984` is unchanged.

    Args:
        arguments: list of str. The command line.
        option: str.
        command: The parser's command.
        instead: Options that replace the last argument.

    Returns:
        list of str.

    Raises:
        BadInput: if a number was taken for an argument and there are then too many arguments.
    """
    takes_value = {name for one in command.params if not getattr(one, "is_flag", False) for name in one.opts}
    missing = sum(one.param_type_name == "argument" for one in command.params)
    begin = arguments.index(command.name) + 1
    result, rest, taken = list(arguments[:begin]), list(arguments[begin:]), []
    while rest and rest[0] != "--":
        typed = rest.pop(0)
        name, equals, value = typed.partition("=")
        values = [value] if equals else rest[:1] if name in takes_value else []
        del rest[: 0 if equals else len(values)]
        if name == option and values:
            more = list(itertools.takewhile(_is_number, rest))
            del rest[: len(more)]
            several = max(0, len(more) - max(0, missing))
            missing -= len(more) - several
            taken += more[several:]
            result += [part for one in (*values, *more[:several]) for part in (option, one)] + more[several:]
            continue
        result += [typed] if equals else [typed, *values]
        missing -= name in instead or typed == "-" or not typed.startswith("-")
    if taken and missing < 0:
        name = option.removeprefix("--")
        advice = ["Try ", _checks.Argument(name, "0.5,0.8"), ", or put them last."]
        rule = "must be separated by commas, unless the numbers follow all other arguments"
        raise _checks.refuse(name, rule, " ".join(taken), advice, error=BadInput)
    return result + rest


def for_runner(arguments, command):
    """Let a command with a Beam runner take the options of Beam: `--name value` becomes `--runner-option=--name=value`.

    What looks like a misspelled option of the command stays what it is, and so the parser refuses it.

    Args:
        arguments: list of str. The command line.
        command: The parser's command.

    Returns:
        list of str.

    Raises:
        BadInput: if an option is similar to one of Beam's.
    """
    typed = list(itertools.takewhile("--".__ne__, arguments))
    places = [place for place, one in enumerate(typed) if one.partition("=")[0] == "--runner"]
    if not places:
        return arguments
    from tinylm_keras.data.beam import options

    _, equals, value = typed[places[-1]].partition("=")
    runner = value if equals else next(iter(typed[places[-1] + 1 :]), "")
    begin = arguments.index(command.name) + 1
    known = {name for one in command.params for name in (*one.opts, "--help")}
    takes_value = {name for one in command.params if not getattr(one, "is_flag", False) for name in one.opts}
    theirs, ours = options.split(arguments[begin:], known, takes_value)
    misspelled = [one for one in theirs if not options.is_known(_name(one)) and _is_near(_name(one), known)]
    for one in theirs:
        advice = None if one in misspelled or not options.is_installed() else options.unknown_option(_name(one), runner)
        if advice:
            raise BadInput(f"No such option of Beam: {_name(one)}. {advice}")
    passed = [f"--runner-option={one}" for one in theirs if one not in misspelled]
    return [*arguments[:begin], *passed, *misspelled, *ours]


def _name(option):
    return option.partition("=")[0]


def _is_near(name, known):
    return bool(difflib.get_close_matches(name.replace("_", "-"), known, 1, cutoff=0.8))


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True
