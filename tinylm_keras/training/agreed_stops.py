"""Signals in a run of several processes: all stop after the same step, whichever of them got the signal."""

import os
import signal
import threading

from tinylm_keras._endings import Terminated
from tinylm_keras.training.interrupts import SIGNALS, Interrupts


class AgreedInterrupts(Interrupts):
    """As `Interrupts`, but a signal to any process stops all of them, after the same step.

    JAX's preemption service takes SIGTERM and lets the processes agree on a step. Another signal is noted, and passed
    on to the service as SIGTERM. The process that got it ends as if it were alone, all others as after SIGTERM. A
    second signal of that kind ends this process at once, and the others then lose it.

    Attributes:
        agreed: bool. Whether all processes stop.
    """

    def __init__(self):
        super().__init__()
        self.agreed, self._steps = False, 0

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                handler = signal.getsignal(number)
                if number != signal.SIGTERM and callable(handler):
                    self._before[number] = handler
                    signal.signal(number, self._note)
        return self

    def check(self):
        """Does nothing: between two steps, one process would stop without the others."""

    def step_ended(self):
        """Stop if all processes have agreed on this step. All must call it equally often."""
        from jax.experimental import multihost_utils

        self._steps += 1
        if multihost_utils.reached_preemption_sync_point(self._steps):
            self.agreed = True
            super().check()
            raise Terminated(signal.SIGTERM)

    def _note(self, number, frame):
        is_first = self._waiting is None and not self._acted
        super()._note(number, frame)
        if is_first:
            os.kill(os.getpid(), signal.SIGTERM)
