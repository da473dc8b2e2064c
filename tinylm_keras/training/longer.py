"""Makes a resumed run longer than it was planned, with a new schedule."""

import dataclasses
import math

from keras import ops

from tinylm_keras import _checks
from tinylm_keras.recipe.overrides import override
from tinylm_keras.training import optimizers

# The settings of the total length of a run, counted from its start.
LENGTHS = ("steps", "epochs", "minutes")


def recipe_for(recipe, overrides, state, planned, minutes=None):
    """Return the recipe of a run with another length, or the same recipe if the length does not change.

    Args:
        recipe: `Recipe` of the run.
        overrides: dict. `steps`, `epochs` or `minutes` of the user, and nothing else.
        state: `checkpoint.State` or None. The current state of the run.
        planned: `Plan` of the run.
        minutes: float or None. The original minutes of a run whose recipe now has steps.

    Raises:
        ValueError: if the run has already made that many updates.
    """
    asked = {name: value for name, value in overrides.items() if value is not None}
    # This refuses values out of range, and several lengths. The run is evaluated as often as before.
    changed = override(recipe, **{"evaluate_every": recipe.evaluate_every} | overrides)
    if changed == recipe or asked == {"steps": planned.steps} or ("minutes" in asked and asked["minutes"] == minutes):
        return recipe
    if state is None or not state.step:
        return changed
    if changed.minutes is not None:  # at the pace so far, evaluations included
        steps = math.floor(60 * changed.minutes * state.step / max(state.seconds, 1e-9))
        _check("minutes", changed.minutes, steps, state, f", which took {state.seconds / 60:.2g} minutes")
        changed = override(recipe, steps=min(steps, 10**9))
    elif changed.steps is not None:
        _check("steps", changed.steps, changed.steps, state)
    return changed


def extend(state, recipe, plan, model):
    """Make a run longer: the optimizer of its model gets the new schedule and keeps its state.

    Args:
        state: `checkpoint.State`.
        recipe: `Recipe` of the longer run.
        plan: `Plan` of the longer run.
        model: `LanguageModel` of the checkpoint. It is compiled again.

    Returns:
        The `State` of the longer run, and a list of lines to show.

    Raises:
        ValueError: if the run has already made that many updates.
    """
    name = next(name for name in LENGTHS if getattr(recipe, name) is not None)
    _check(name, getattr(recipe, name), plan.steps, state)
    # Both the batches so far and those to come are a whole number of calls of the compiled step.
    together = math.gcd(plan.steps_per_execution, state.batches) if state.batches else plan.steps_per_execution
    # The validation batches stay the same, so that new losses can be compared with the best one so far.
    plan = dataclasses.replace(plan, steps_per_execution=together, evaluation_batches=state.plan.evaluation_batches)
    before = optimizers.rate(state.recipe, state.plan, max(0, state.step - 1))
    _compile_again(model, recipe, plan)
    evaluated = bool(state.rows) and state.rows[-1]["step"] == state.step
    extended = [*state.record.get("extended", []), {"step": state.step, "steps": state.plan.steps}]
    record = {
        **state.record,
        "recipe": dataclasses.asdict(recipe),
        "plan": dataclasses.asdict(plan),
        "extended": extended,
    }
    record.pop("minutes", None)  # of the shorter run
    longer = dataclasses.replace(state, record=record, sums=(0.0, 0.0) if evaluated else state.sums)
    return longer, [_line(before, optimizers.rate(recipe, plan, state.step), state, recipe, plan)]


def _line(before, now, state, recipe, plan):
    line = f"The run is extended from {state.plan.steps:,} to {plan.steps:,} steps"
    if not optimizers.depends_on_length(recipe):
        return f"{line}; the learning rate stays {now:.3g}."
    return (
        f"{line}, and its {recipe.schedule} schedule is stretched over all of them: the learning rate, "
        f"{before:.3g} at the last step, continues at {now:.3g}."
    )


def _compile_again(model, recipe, plan):
    """Give a model the optimizer of a recipe, with the state of its current one (except a constant rate)."""
    before = _variables(model.optimizer)
    values = [ops.convert_to_numpy(variable) for variable in before]
    optimizers.compile_model(model, recipe, plan)
    for variable, value in zip(_variables(model.optimizer), values, strict=True):
        variable.assign(value)


def _variables(optimizer):
    return [variable for variable in optimizer.variables if not variable.path.endswith("/learning_rate")]


def _check(name, value, steps, state, more=""):
    if steps <= state.step:
        rule = f"must give more than the {state.step:,} steps that the run has made{more}"
        if name != "steps":
            rule += f", and gives {steps:,}"
        raise _checks.refuse(name, rule, value, "It counts from the start of the run.")
