"""The line for a mistake: an argument is shown as the option that it has on the command line."""

import shlex

from tinylm_keras import _checks
from tinylm_keras.recipe import renames


def line(error, command=None, see=True):
    """Return what an error says, as one line.

    Args:
        error: An exception or a warning. One that `tinylm_keras._checks` built keeps the parts of its message; the
            words of all others are left as they are.
        command: The command that was called, as the parser knows it, or None.
        see: bool. Whether a line about an option also names the command's help.

    Returns:
        str. `num_heads=4` is `--num-heads 4` where the command has that option.
    """
    parts = getattr(error, "parts", None)
    if parts is None:
        return one_line(error)
    options = {} if command is None else _options(command)
    words = one_line("".join(part if isinstance(part, str) else _shown(part, options) for part in parts))
    about = parts[0].name if isinstance(parts[0], _checks.Argument) else None
    return f"{words} See: tinylm {command.name} --help" if see and about in options else words


def renamed(error, command):
    """Return what to say of an option that has another name now, as one line; None where that is not the mistake."""
    typed = getattr(error, "option_name", None)
    if typed is None or command is None:
        return None
    option, _ = _options(command).get(renames.NAMES.get(typed.lstrip("-").replace("-", "_")), (None, None))
    return None if option is None else f"`{typed}` is now `{option}`."


def one_line(message):
    """Return a message without its line ends."""
    return " ".join(line.strip() for line in str(message).splitlines())


def _options(command):
    """Return the options of a command by the name of their argument: a text, and whether it takes no value."""
    found = {}
    for parameter in command.params:
        if parameter.param_type_name == "option":
            found[parameter.name] = (parameter.opts[0], parameter.is_flag)
    return found


def _shown(argument, options):
    if argument.name not in options:
        return str(argument)
    option, is_flag = options[argument.name]
    if argument.value is _checks.NO_VALUE:
        return f"`{option}`"
    if is_flag:
        return option
    several = argument.value if isinstance(argument.value, (list, tuple)) else [argument.value]
    return " ".join(f"{option} {_typed(value)}" for value in several)


def _typed(value):
    """Return a value as one would type it in a shell."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return shlex.quote(_checks.cut(text if text.isprintable() else repr(text)[1:-1]))
