"""Names on their way into a picture. matplotlib is imported when there is one."""

from tinylm_keras import _terminal

# Of a name, which is cut in its middle: paths of runs differ at their ends, and begin alike.
MOST_CHARACTERS = 40


def label(value):
    """Return a name as a picture can hold it: one line, not too long, and what its font lacks as escapes.

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
    """The code points that the fonts of a picture have."""
    from matplotlib import font_manager

    families = font_manager.FontProperties().get_family()
    paths = [font_manager.findfont(font_manager.FontProperties(family=[one])) for one in families]
    return {code for path in paths for code in font_manager.get_font(path).get_charmap()}
