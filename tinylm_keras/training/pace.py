"""The pace of a run, for the progress line."""

import time


class Clock:
    """Seconds per update, without the first call of the step (it compiles) and without the evaluations."""

    def __init__(self):
        self._first = self._since = None
        self._before = 0
        self._steps, self._seconds = 0, 0.0

    def start(self, step):
        self._since, self._before = time.monotonic(), step

    def tick(self, step):
        now = time.monotonic()
        if self._first is None:
            self._first = (now, step)
        else:
            self._steps += step - self._before
            self._seconds += now - self._since
        self._since, self._before = now, step

    def pause(self):
        self._since = None

    def seconds_per_step(self):
        """Seconds of one update, or None before two calls of the step."""
        return self._seconds / self._steps if self._steps else None

    def overall_pace(self, step):
        """Seconds of one update, including its share of the evaluations."""
        now, first = self._first
        return (time.monotonic() - now) / max(1, step - first)
