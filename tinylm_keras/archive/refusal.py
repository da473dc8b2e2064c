"""How a check says no."""


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
    """A value from a file as one short line, its control characters escaped."""
    text = repr(value[:60] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= 60 else text[:57] + "..."
