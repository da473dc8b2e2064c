"""How a check says no."""

LONGEST_QUOTE = 60
LONGEST_LINE = 300


class Refused(ValueError):
    """What is wrong with a file, worded to follow its name: "holds …", "is damaged: …". `archive.check` adds the name.

    Args:
        problem: str. One sentence, with its stop.
        own: bool. Whether somebody's own model could be like this, so that `trusted=True` is worth naming.
    """

    def __init__(self, problem, own=False):
        super().__init__(problem)
        self.own = own


def shown(value):
    """A value from a file as one short line, its control characters escaped; of a long one, only the beginning."""
    if isinstance(value, (str, bytes, list, tuple)):
        value = value[:LONGEST_QUOTE]
    elif isinstance(value, dict) and len(value) > LONGEST_QUOTE:
        value = dict(list(value.items())[:LONGEST_QUOTE])
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 3] + "..."


def listed(names, most=5):
    """Some of many names from a file, as they stand in a message."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def cut(message):
    """The first line of somebody else's message, not longer than one reads."""
    lines = str(message).strip().splitlines() or [""]
    return lines[0] if len(lines[0]) <= LONGEST_LINE else lines[0][: LONGEST_LINE - 3] + "..."
