"""Names for plots. matplotlib is imported when needed."""

from tinylm_keras import _terminal

# Longer names are cut in the middle, because paths of runs differ at their ends.
MOST_CHARACTERS = 40


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
    paths = [font_manager.findfont(font_manager.FontProperties(family=[one])) for one in families]
    return {code for path in paths for code in font_manager.get_font(path).get_charmap()}
