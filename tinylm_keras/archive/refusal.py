"""The exception of all checks, and helpers for its messages."""

LONGEST_QUOTE = 60
LONGEST_LINE = 300


class Refused(ValueError):
    """A file is refused. The message follows the name of the file, which `archive.check` adds: "is damaged: …".

    Args:
        problem: str. The rest of a sentence, with its full stop.
        own: bool. Whether a user's own model could cause this, so that the message mentions `trusted=True`.
    """

    def __init__(self, problem, own=False):
        super().__init__(problem)
        self.own = own


def shown(value):
    """Return a value from a file as one short line, with control characters escaped; long values are truncated."""
    if isinstance(value, (str, bytes, list, tuple)):
        value = value[:LONGEST_QUOTE]
    elif isinstance(value, dict) and len(value) > LONGEST_QUOTE:
        value = dict(list(value.items())[:LONGEST_QUOTE])
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 3] + "..."


def listed(names, most=5):
    """Return the first few of many names from a file, for a message."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def cut(message):
    """Return the first line of another library's message, truncated."""
    lines = str(message).strip().splitlines() or [""]
    return lines[0] if len(lines[0]) <= LONGEST_LINE else lines[0][: LONGEST_LINE - 3] + "..."
