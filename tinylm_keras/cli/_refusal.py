"""The line for an error, with arguments shown as command-line options."""

import shlex

from tinylm_keras import _checks
from tinylm_keras.recipe import renames


def line(error, command=None, see=True):
    """Return the message of an error as one line.

    Args:
        error: An exception or a warning. In errors of `tinylm_keras._checks`, arguments become options; all other
            messages stay unchanged.
        command: The parser's command that was called, or None.
        see: bool. Whether a line about an option also mentions the command's help.

    Returns:
        str. `num_heads=4` becomes `--num-heads 4` if the command has that option.
    """
    parts = getattr(error, "parts", None)
    if parts is None:
        return one_line(error)
    options = {} if command is None else _options(command)
    words = one_line("".join(part if isinstance(part, str) else _shown(part, options) for part in parts))
    about = parts[0].name if isinstance(parts[0], _checks.Argument) else None
    see = see and about in options and words[-1] in ".?!"  # after a command, `See:` would read as a part of it
    return f"{words} See: tinylm {command.name} --help" if see else words


def renamed(error, command):
    """Return a line for an option that was renamed; None for another error."""
    typed = getattr(error, "option_name", None)
    if typed is None or command is None:
        return None
    option, *_ = _options(command).get(renames.NAMES.get(typed.lstrip("-").replace("-", "_")), (None,))
    return None if option is None else f"`{typed}` is now `{option}`."


def one_line(message):
    """Return a message without its line ends."""
    return " ".join(line.strip() for line in str(message).splitlines())


def _options(command):
    """Return the options of a command by the name of their argument: the option, is it a flag, can it be repeated."""
    found = {}
    for parameter in command.params:
        if parameter.param_type_name == "option":
            found[parameter.name] = (parameter.opts[0], parameter.is_flag, parameter.multiple)
    return found


def _shown(argument, options):
    if argument.name not in options:
        return str(argument)
    option, is_flag, is_repeated = options[argument.name]
    if argument.value is _checks.NO_VALUE:
        return f"`{option}`"
    if is_flag:
        return option
    several = argument.value if isinstance(argument.value, (list, tuple)) else [argument.value]
    if not is_repeated:  # as in a sweep, where commas separate the values
        return f"{option} {','.join(map(_typed, several))}"
    return " ".join(f"{option} {_typed(value)}" for value in several)


def _typed(value):
    """Return a value as typed in a shell."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    quoted = shlex.quote(_checks.cut(text if text.isprintable() else repr(text)[1:-1]))
    return f"'{quoted}'" if quoted[-1] == "." else quoted  # or it would run into the full stop
