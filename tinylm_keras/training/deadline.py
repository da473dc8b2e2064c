"""The end of a run by minutes: how many updates fit in before it, at the current pace."""

import contextlib
import contextvars
import math
import time

# Number of times that the pace is checked; the smallest change of the remaining updates, as a share of them; and the
# smallest last period, as a share of a period.
LOOKS, TOLERANCE, SHORTEST_PERIOD = 20, 0.02, 0.1

# Weight of the newest measurement in the average pace.
NEWEST = 0.5

# The end of a run is expected to be slower than planned by the same factor as its updates, within these bounds.
LEAST_SLOWDOWN, MOST_SLOWDOWN = 1.0, 3.0


_began = contextvars.ContextVar("when the time of a run began", default=None)


@contextlib.contextmanager
def counted_from(moment):
    """Let the time of runs begin at a moment, by `time.monotonic`: the command line counts its own start."""
    token = _began.set(moment)
    try:
        yield
    finally:
        _began.reset(token)


def began():
    """Return when the time of a run that is called now began, by `time.monotonic`."""
    moment = _began.get()
    return time.monotonic() if moment is None else moment


class Deadline:
    """Adapts the length of a run to its pace.

    Args:
        began: float. Start of the run by `clock`.
        end: float. Latest end of the run.
        ending: float. Seconds that the run needs after its last evaluation, at the pace of `costs`.
        costs: `Costs` measured before the run.
        per_call: int. Updates in one call of the compiled step.
        clock: Function that returns seconds.
        change: float. Seconds that a change of the length costs, because the step is compiled again.

    Example: an update takes 0.2 s instead of 0.1 s; the average of both is the new pace.

    >>> from tinylm_keras.training.time_budget import Costs
    >>> now = [0.0]
    >>> deadline = Deadline(0.0, 100.0, ending=0.0, costs=Costs(0.1, 0.0), per_call=1, clock=lambda: now[0])
    >>> deadline.evaluated(0.0)
    >>> deadline.steps(0, 1000, every=100) is None
    True
    >>> now[0] = 20.0
    >>> round(deadline.steps(100, 1000, every=100) / 10) * 10
    630
    """

    def __init__(self, began, end, ending, costs, per_call, clock=time.monotonic, change=0.0):
        self.end, self.ending, self.per_call, self.clock, self.change = end, ending, per_call, clock, change
        self._planned = costs.update
        self._update, self._evaluation = costs.update, costs.evaluation
        self._interval = (end - began) / LOOKS
        self._looked_at, self._looked_step, self._evaluating = clock(), None, 0.0

    def evaluated(self, seconds):
        """Add the duration of an evaluation with its sample and its files."""
        self._evaluating += seconds
        self._evaluation = seconds if seconds > self._evaluation else _mean(self._evaluation, seconds)

    def steps(self, step, steps, every):
        """Return the new total number of updates, or None if it does not change.

        Args:
            step: int. Updates so far.
            steps: int. Planned updates in total.
            every: int. Updates between two evaluations.
        """
        now = self.clock()
        if self._looked_step is None or step <= self._looked_step:
            self._looked_at, self._looked_step, self._evaluating = now, step, 0.0
            return None
        if now - self._looked_at < self._interval:
            return None
        trained = max(now - self._looked_at - self._evaluating, 0.0)
        self._update = _mean(self._update, trained / (step - self._looked_step))
        self._looked_at, self._looked_step, self._evaluating = now, step, 0.0
        slowdown = min(MOST_SLOWDOWN, max(LEAST_SLOWDOWN, self._update / self._planned))
        seconds = self.end - self.ending * slowdown - now - self.change
        left = updates_left(seconds, self._update, self._evaluation, step % every, every, self.per_call)
        if abs(step + left - steps) <= max(TOLERANCE * (steps - step), self.change / self._update):
            return None
        self._evaluating = self.change  # it will not count as training
        return step + left


def updates_left(seconds, update, evaluation, since, every, per_call=1):
    """Return how many updates fit into the remaining time, with an evaluation after each period and at the end.

    Args:
        seconds: float. The remaining time.
        update: float. Seconds of an update.
        evaluation: float. Seconds of an evaluation.
        since: int. Updates since the last evaluation.
        every: int. Updates between two evaluations.
        per_call: int. The result is a multiple of it, unless it ends a period.

    Example:

    >>> updates_left(10.0, update=0.1, evaluation=1.0, since=0, every=40), updates_left(0.5, 0.1, 1.0, 5, 40)
    (80, 0)
    """
    rest = every - since
    if seconds < rest * update + evaluation:
        return max(0, int((seconds - evaluation) / update) // per_call * per_call)
    whole, seconds = divmod(seconds - rest * update - evaluation, every * update + evaluation)
    last = max(0, math.floor((seconds - evaluation) / update)) // per_call * per_call
    return rest + int(whole) * every + (last if last >= SHORTEST_PERIOD * every else 0)


def _mean(before, now):
    return (1 - NEWEST) * before + NEWEST * now
