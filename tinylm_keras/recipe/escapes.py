r"""Characters that cannot be typed on a command line, written with a backslash. No Keras here."""

import re

# Help of the options that take escapes.
HELP = r"\n, \t, \r, \f, \\ and \uXXXX are read as the character"

_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "\\": "\\"}


def decode(typed):
    r"""Return a text with its escapes read; a backslash before anything else stays.

    Args:
        typed: str.

    Returns:
        str.

    Example:

    >>> decode(r"\n"), decode(r"a\\n"), decode(r"\d"), decode(r"\u00e9")
    ('\n', 'a\\n', '\\d', 'é')
    """
    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|([ntrf\\]))", _character, typed)


def _character(match):
    code, letter = match.groups()
    return chr(int(code, 16)) if code else _CHARACTERS[letter]
