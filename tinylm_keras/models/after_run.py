"""After a run: a user's `fit` continues without the run's schedule.

The schedule of a run ends with the run, often at 0, and says nothing about what comes after it; or, where the best
update was not the last, `fit` would continue in the middle of it. So a constant rate takes its place. The optimizer's
moments stay.
"""

import keras

from tinylm_keras.models import frozen

# Of the highest rate of the run.
SHARE = 0.1

_MARK = "_compiled_by"
RUN, FILE = "run", "file"


def mark(model, by):
    """Note that a model was compiled by a `RUN`, or as a `FILE` says that may be of one."""
    model.__dict__[_MARK] = by


def unmark(model):
    """Note that a model was compiled by its user."""
    model.__dict__.pop(_MARK, None)


def settle(model):
    """Give a model of a run, unless that is done, a constant tenth of the highest rate, and one batch in each call.

    A model whose file does not say that it is of a run (files of format 1 never do) keeps its schedule, unless that has
    ended lower than this.
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
    """The highest rate: that of the whole schedule, also where a run has not come to it; None for an unknown one."""
    if isinstance(rate, float):
        return rate
    if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return None
    config = rate.get_config()
    known = config.get("peak_learning_rate") or config.get("warmup_target") or max(config.get("values") or [0])
    # The others begin with it. With several batches in an update, the last of the first update counts.
    return float(known or rate(accumulate - 1))


def _has_ended(rate, batches, highest):
    """Whether a schedule stays for ever where it is, below what `settle` gives."""
    if isinstance(rate, float):
        return False
    now, later = float(rate(int(batches))), float(rate(2**30))
    return now == later and now < SHARE * highest


def _exchange(model, optimizer):
    """Compile a model with another optimizer of the same kind, which takes over what the one before has gathered."""
    states = _states(model.optimizer)
    with frozen.as_when_compiled(model):
        model.compile_again(optimizer, steps_per_execution=1)
    for state, before in zip(_states(model.optimizer), states, strict=True):
        state.assign(before)


def _states(optimizer):
    """The variables of an optimizer but for the learning rate, which a schedule has none of."""
    rate = optimizer.learning_rate
    return [variable for variable in optimizer.variables if variable is not rate]
