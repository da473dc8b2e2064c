"""Ctrl-C, SIGTERM and SIGHUP in a run: they wait for the end of a batch, so that what is saved is one exact step."""

import signal
import threading

HANGUP = getattr(signal, "SIGHUP", None)  # which Windows lacks
SIGNALS = (signal.SIGINT, signal.SIGTERM, *([] if HANGUP is None else [HANGUP]))


class Interrupts:
    """A context in which the first signal waits for `check`, and a second one acts at once.

    What a signal does is not changed: at `check`, and at the latest when the context is left, its handler of before is
    called, which raises KeyboardInterrupt or what the caller has chosen. Signals without a handler in Python are left
    alone, and so are all of them outside the main thread, where Python delivers none.

    Attributes:
        at_once: bool. Whether a second signal came before the first was acted on, so that nothing is to be saved.

    Example:

    >>> with Interrupts() as interrupts:
    ...     interrupts.check()  # nothing has come
    """

    def __init__(self):
        self._before, self._waiting, self._acted = {}, None, False
        self.at_once = False

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._before[number] = handler
                    signal.signal(number, self._note)
        return self

    def __exit__(self, kind, error, traceback):
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if kind is None:  # else the run ends as it is
            self.check()

    def check(self):
        """Act on a signal that has come; call it where everything that is to be saved agrees."""
        if self._waiting is not None:
            number, frame = self._waiting
            self._waiting, self._acted = None, True
            self._before[number](number, frame)
            self._acted = False  # its handler did not end the run

    def _note(self, number, frame):
        if (self._waiting is not None or self._acted) and number == HANGUP:
            return  # a terminal that closes sends it twice, itself and by its shell: nobody is impatient
        if self._waiting is None and not self._acted:
            self._waiting = (number, frame)
            return
        self.at_once = not self._acted
        self._before[number](number, frame)
