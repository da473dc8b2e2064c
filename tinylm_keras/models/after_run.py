"""The learning rate after a run: `fit` continues at a constant rate instead of the run's schedule.

The schedule of a run ends with the run, often at 0. If the best update was not the last one, `fit` would even continue
in the middle of the schedule. So a constant rate takes its place. The optimizer keeps its moments.
"""

import keras

from tinylm_keras.models import frozen

# The constant rate, as a share of the run's peak learning rate.
SHARE = 0.1

_MARK = "_compiled_by"
RUN, FILE = "run", "file"


def mark(model, by):
    """Note that a model was compiled by a `RUN`, or loaded from a `FILE` that may be of a run."""
    model.__dict__[_MARK] = by


def unmark(model):
    """Note that the user compiled a model."""
    model.__dict__.pop(_MARK, None)


def settle(model):
    """Give a model that a run has trained a constant tenth of the peak rate, and one batch in each call, once.

    If the file of a model does not say that it comes from a run (files of format 1 never do), the model keeps its
    schedule, unless the schedule has ended at a lower rate.
    """
    by = model.__dict__.get(_MARK)
    unmark(model)
    if by is None or model.optimizer is None:
        return
    config = model.optimizer.get_config()
    settings = config["inner_optimizer"]["config"] if "inner_optimizer" in config else config
    rate = settings["learning_rate"]
    if isinstance(rate, dict):
        rate = keras.saving.deserialize_keras_object(rate)
    highest = _highest(rate, settings.get("gradient_accumulation_steps") or 1)
    if highest is None or (by == FILE and not _has_ended(rate, model.optimizer.iterations, highest)):
        return
    settings["learning_rate"] = SHARE * highest
    _exchange(model, type(model.optimizer).from_config(config))


def _highest(rate, accumulate):
    """Return the peak of a schedule, even if the run has not reached it; None for an unknown kind of schedule."""
    if isinstance(rate, float):
        return rate
    if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return None
    config = rate.get_config()
    known = config.get("peak_learning_rate") or config.get("warmup_target") or max(config.get("values") or [0])
    # Other schedules start at their peak. With several batches in an update, the last batch of the first one counts.
    return float(known or rate(accumulate - 1))


def _has_ended(rate, batches, highest):
    """Whether a schedule is constant from now on, below the rate that `settle` gives."""
    if isinstance(rate, float):
        return False
    now, later = float(rate(int(batches))), float(rate(2**30))
    return now == later and now < SHARE * highest


def _exchange(model, optimizer):
    """Compile a model with another optimizer of the same class, which takes over the state of the old one."""
    states = _states(model.optimizer)
    with frozen.as_when_compiled(model):
        model.compile_again(optimizer, steps_per_execution=1)
    for state, before in zip(_states(model.optimizer), states, strict=True):
        state.assign(before)


def _states(optimizer):
    """Return the variables of an optimizer without the learning rate, which does not exist with a schedule."""
    rate = optimizer.learning_rate
    return [variable for variable in optimizer.variables if variable is not rate]
