"""A run that continues for longer than it was begun with: its new length, and its schedule laid out anew."""

import dataclasses
import math

from keras import ops

from tinylm_keras import _checks
from tinylm_keras.recipe.overrides import override
from tinylm_keras.training import optimizers

# The settings that say how long a run is, all of them as a whole and not from where it stands.
LENGTHS = ("steps", "epochs", "minutes")


def recipe_for(recipe, overrides, state, planned, minutes=None):
    """Return the recipe of a run with another length, or the same recipe where the length is as it was.

    Args:
        recipe: `Recipe` of the run.
        overrides: dict. `steps`, `epochs` or `minutes` that the user asked for, and nothing else.
        state: `checkpoint.State` or None. Where the run stands.
        planned: `Plan` of the run.
        minutes: float or None. What the run was begun with, in place of which its recipe has steps.

    Raises:
        ValueError: if the run has made as many updates already.
    """
    asked = {name: value for name, value in overrides.items() if value is not None}
    # Refuses values out of range, and two of them. The run is evaluated as often as before.
    changed = override(recipe, **{"evaluate_every": recipe.evaluate_every} | overrides)
    if changed == recipe or asked == {"steps": planned.steps} or ("minutes" in asked and asked["minutes"] == minutes):
        return recipe
    if state is None or not state.step:
        return changed
    if changed.minutes is not None:  # as fast as until now, the evaluations included
        steps = math.floor(60 * changed.minutes * state.step / max(state.seconds, 1e-9))
        _check("minutes", changed.minutes, steps, state, f", which took {state.seconds / 60:.2g} minutes")
        changed = override(recipe, steps=min(steps, 10**9))
    elif changed.steps is not None:
        _check("steps", changed.steps, changed.steps, state)
    return changed


def extend(state, recipe, plan, model):
    """Make a run longer: the optimizer of its model gets the new schedule and keeps all that it has learned.

    Args:
        state: `checkpoint.State`.
        recipe: `Recipe` of the longer run.
        plan: `Plan` of the longer run, as if it were new.
        model: `LanguageModel` of the checkpoint. It is compiled again.

    Returns:
        The `State` of the longer run, and the lines to say.

    Raises:
        ValueError: if the run has made as many updates already.
    """
    name = next(name for name in LENGTHS if getattr(recipe, name) is not None)
    _check(name, getattr(recipe, name), plan.steps, state)
    # The batches that were made and those that follow are both whole calls of the compiled step.
    together = math.gcd(plan.steps_per_execution, state.batches) if state.batches else plan.steps_per_execution
    # What the losses are estimated on stays, so that the best one so far can be compared with those to come.
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
    line = f"The run becomes {plan.steps:,} steps long instead of {state.plan.steps:,}"
    if not optimizers.depends_on_length(recipe):
        return f"{line}; the learning rate continues as it was, at {now:.3g}."
    return (
        f"{line}, and its {recipe.schedule} schedule is laid out anew over all of them: the learning rate, "
        f"{before:.3g} at the last step, continues at {now:.3g}."
    )


def _compile_again(model, recipe, plan):
    """Give a model the optimizer of a recipe, with the variables of the one that it has (all but a constant rate)."""
    before = _variables(model.optimizer)
    values = [ops.convert_to_numpy(variable) for variable in before]
    optimizers.compile_model(model, recipe, plan)
    for variable, value in zip(_variables(model.optimizer), values, strict=True):
        variable.assign(value)


def _variables(optimizer):
    return [variable for variable in optimizer.variables if not variable.path.endswith("/learning_rate")]


def _check(name, value, steps, state, more=""):
    if steps <= state.step:
        rule = f"must be for more than the {state.step:,} steps that the run has made{more}"
        if name != "steps":
            rule += f", and would be for {steps:,}"
        raise _checks.refuse(name, rule, value, "It counts from the beginning of the run.")
