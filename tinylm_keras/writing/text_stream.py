"""Turns ids into text piece by piece; text that later ids may still change is held back."""


class TextStream:
    """Turns the ids of one row into text that only grows.

    Two things are held back: the bytes of an incomplete character, and text that may be the beginning of a stop
    string. The text ends before the first stop string.

    Args:
        tokenizer: a `Tokenizer`.
        prompt: str. The text before the ids. It is not searched for stop strings.
        stop: tuple of str.
        held: int. Number of characters at the end of the prompt that the first new token prints again.

    Example:

    >>> from tinylm_keras import id_rules
    >>> config = {"vocabulary": ["the", "cat", "sat"]}
    >>> tokenizer = id_rules.restore({"class_name": "WhitespaceTokenizer", "config": config})
    >>> stream = TextStream(tokenizer, "the", stop=("cat sat",))
    >>> stream.feed([3]), stream.feed([2]), stream.feed([3, 4]), stream.stopped
    (' ', 'cat the', ' ', True)
    """

    def __init__(self, tokenizer, prompt="", stop=(), held=0):
        self.tokenizer, self.stop, self.prompt = tokenizer, stop, prompt
        self.text = prompt[: len(prompt) - held]  # the part that later ids do not change
        self.released = self.searched = len(prompt)
        self.pending = []
        self.stopped = False

    def feed(self, ids, last=False):
        """Add ids; return the text that is now certain. `last`: no more ids follow."""
        if self.stopped:
            return ""
        self.pending.extend(ids)
        decided = len(self.pending) - (0 if last else self.tokenizer.unfinished(self.pending))
        self.text += self.tokenizer.continuation(self.text, self.pending[:decided])
        self.pending = self.pending[decided:]
        certain = len(self.text)
        if self.stop:
            self._cut_at_stop()
            certain = len(self.text) - (0 if last or self.stopped else self._held_back())
        if last and len(self.text) < len(self.prompt):  # no new token
            self.text = self.prompt
        piece = self.text[self.released : certain]
        self.released = max(self.released, certain)
        return piece

    def _cut_at_stop(self):
        # A stop string may begin in text that was searched before.
        first = max(self.searched - max(map(len, self.stop)) + 1, self.released)
        found = [place for place in (self.text.find(stop, first) for stop in self.stop) if place >= 0]
        if found:
            self.text = self.text[: min(found)]
            self.stopped = True
        self.searched = len(self.text)

    def _held_back(self):
        """Return the length of the longest end of the text that is the beginning of a stop string."""
        longest = 0
        for stop in self.stop:
            for size in range(min(len(stop) - 1, len(self.text) - self.released), longest, -1):
                if self.text.endswith(stop[:size]):
                    longest = size
                    break
        return longest
