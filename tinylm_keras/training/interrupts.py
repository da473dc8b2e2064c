"""Ctrl-C, SIGTERM and SIGHUP in a run: handled at the end of a batch, so that a checkpoint holds one exact step."""

import signal
import threading

HANGUP = getattr(signal, "SIGHUP", None)  # which Windows lacks
SIGNALS = (signal.SIGINT, signal.SIGTERM, *([] if HANGUP is None else [HANGUP]))


class Interrupts:
    """A context in which the first signal waits for `check`, and a second one acts immediately.

    At `check`, or at the end of the context, the previous handler of the signal is called. It raises KeyboardInterrupt
    or whatever the caller has chosen. Signals without a Python handler are not changed. Outside the main thread, where
    Python delivers no signals, the context does nothing.

    Attributes:
        at_once: bool. Whether a second signal came before `check` handled the first, so that nothing is saved.

    Example:

    >>> with Interrupts() as interrupts:
    ...     interrupts.check()  # no signal has arrived
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
        if kind is None:  # otherwise another exception ends the run
            self.check()

    def check(self):
        """Handle a signal that has arrived. Call this when model, optimizer and counters belong to the same step."""
        if self._waiting is not None:
            number, frame = self._waiting
            self._waiting, self._acted = None, True
            self._before[number](number, frame)
            self._acted = False  # the handler did not end the run

    def step_ended(self):
        """As `check`, once after each step."""
        self.check()

    def _note(self, number, frame):
        if (self._waiting is not None or self._acted) and number == HANGUP:
            return  # a closing terminal sends it twice, directly and through the shell
        if self._waiting is None and not self._acted:
            self._waiting = (number, frame)
            return
        self.at_once = not self._acted
        self._before[number](number, frame)
