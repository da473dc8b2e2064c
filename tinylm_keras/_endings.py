"""Turns signals into exceptions and exit codes, so that no signal is lost."""

import signal
import sys
import threading

from tinylm_keras import _streams


class Terminated(SystemExit):
    """SIGTERM or SIGHUP was received.

    Args:
        number: int. The signal; the exit code is 128 more.
    """

    def __init__(self, number):
        super().__init__(128 + number)


HANGUP = getattr(signal, "SIGHUP", None)  # which Windows lacks
TERMINATING = (signal.SIGTERM, *([] if HANGUP is None else [HANGUP]))


class Signals:
    """A context in which SIGTERM and SIGHUP raise `Terminated`, as Ctrl-C raises KeyboardInterrupt.

    Interrupted code may suppress this exception or replace it: an import interrupted by Ctrl-C can raise ImportError.
    So the exception is raised again at the end of the context. Ignored signals stay ignored, such as SIGHUP after
    `nohup`. Outside the main thread, which alone can handle signals, the context does nothing.

    Example:

    >>> with Signals():
    ...     pass  # no signal was received
    """

    def __init__(self):
        self._before, self._error = {}, None

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *TERMINATING):
                before = signal.getsignal(number)
                if callable(before) or (before == signal.SIG_DFL and number in TERMINATING):
                    self._before[number] = before
                    signal.signal(number, self._raise)
        return self

    def __exit__(self, kind, error, traceback):
        for number, before in self._before.items():
            signal.signal(number, before)
        if self._error is not None and not isinstance(error, (KeyboardInterrupt, Terminated)):
            raise self._error from None

    def _raise(self, number, frame):
        if self._error is not None and number == HANGUP:
            return  # a closing terminal sends it twice, directly and through the shell
        before = self._before[number]
        try:
            if callable(before) and before is not signal.SIG_DFL:
                before(number, frame)
            if number in TERMINATING:
                raise Terminated(number)
        except (KeyboardInterrupt, Terminated) as error:
            self._error = error
            raise


def guarded(command):
    """Call a function without arguments; return its result, or the exit code of a signal that ended it.

    Example:

    >>> guarded(lambda: 0)
    0
    """
    _streams.reopen_closed()
    try:
        with Signals():
            return command()
    except KeyboardInterrupt:
        code, line = 128 + signal.SIGINT, "stopped"
    except Terminated as end:
        code, line = end.code, "terminated"
    _streams.tell(f"tinylm: {line}.\n", sys.stderr)
    return int(code)
