"""Escapes characters in text of files and models that a terminal would take for commands."""

import re

# Control characters of both ranges (ESC, CSI, OSC …), lone surrogates, characters that change the writing direction,
# and invisible formats. Joiners are kept, because emoji and several scripts need them.
_COMMANDS = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
_HIDDEN = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0001"
_HARMFUL = re.compile(f"[{_COMMANDS}{_HIDDEN}]")
_HARMFUL_IN_A_LINE = re.compile(f"[\t\n{_COMMANDS}{_HIDDEN}]")


def harmless(text):
    r"""Return a text with escapes for all characters that a terminal could act on; line breaks and tabs are kept.

    Args:
        text: str.

    Returns:
        str. Each character is treated separately, so a text may be passed in pieces.

    Example:

    >>> print(harmless("\x1b]0;title\x07 caf\u00e9"))
    \x1b]0;title\x07 café
    """
    return _HARMFUL.sub(_escape, text)


def printable(value):
    r"""Return a value such as a name or a path as one harmless line.

    Example:

    >>> print(printable("two\nlines"))
    two\nlines
    """
    return _HARMFUL_IN_A_LINE.sub(_escape, str(value))


def harmless_json(text):
    r"""Return a JSON text with JSON escapes for such characters; its value is the same.

    Example:

    >>> print(harmless_json('"\u202e"'))
    "\u202e"
    """
    return _HARMFUL.sub(lambda match: "".join(f"\\u{unit:04x}" for unit in _utf16(match[0])), text)


def _utf16(character):
    return memoryview(character.encode("utf-16", "surrogatepass"))[2:].cast("H")  # native byte order, no mark


def _escape(match):
    return match[0].encode("unicode-escape").decode("ascii")
