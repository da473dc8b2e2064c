"""Names and tokens as labels of pictures. matplotlib is imported when needed."""

import functools

from tinylm_keras import _terminal

# Longer names are cut in the middle, because paths of runs differ at their ends.
MOST_CHARACTERS = 40

# Longest token that a picture shows whole.
MOST_OF_A_TOKEN = 16


def label(value):
    """Return a name for a plot: one line, not too long, with escapes for characters that the font lacks.

    Example:

    >>> print(label("runs/\N{CJK UNIFIED IDEOGRAPH-65E5}"), len(label("x" * 1000)))
    runs/\\u65e5 40
    """
    text = _terminal.printable(value)
    half = MOST_CHARACTERS // 2
    if len(text) > MOST_CHARACTERS:
        text = f"{text[: half - 1]}…{text[-half:]}"
    known = _characters()
    return "".join(one if ord(one) in known else one.encode("unicode-escape").decode("ascii") for one in text)


def _characters():
    """Return the code points of the fonts of a plot."""
    from matplotlib import font_manager

    families = font_manager.FontProperties().get_family()
    return _of_fonts(tuple(font_manager.findfont(font_manager.FontProperties(family=[one])) for one in families))


@functools.cache
def _of_fonts(paths):
    from matplotlib import font_manager

    return {code for path in paths for code in font_manager.get_font(path).get_charmap()}


def token_label(token):
    r"""Return a token for a plot: spaces at its ends visible, line breaks and tabs as escapes, a long one cut.

    Example:

    >>> token_label(" "), token_label(" cat"), token_label("\n"), token_label("")
    ('␣', '␣cat', '\\n', '')
    """
    inner = token.strip(" ")
    if inner:
        before, after = token.split(inner, 1) if token != inner else ("", "")
        token = "␣" * len(before) + inner + "␣" * len(after)
    else:
        token = "␣" * len(token)
    text = label(token)
    return text if len(text) <= MOST_OF_A_TOKEN else text[: MOST_OF_A_TOKEN - 1] + "…"
