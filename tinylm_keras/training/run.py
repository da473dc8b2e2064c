"""One run on a corpus that is made: from its first batch, or from where an earlier process stopped."""

import dataclasses
import time

from tinylm_keras import plots
from tinylm_keras.models import after_run
from tinylm_keras.training import checkpoint, environment, longer, optimizers, plan, report, start, time_budget
from tinylm_keras.training.checkpoint_manager import Keeper
from tinylm_keras.training.interrupts import Interrupts
from tinylm_keras.training.monitor import Journal
from tinylm_keras.training.progress import choose


def run(
    recipe,
    corpus,
    folder=None,
    reporter=None,
    name="",
    model=None,
    init=None,
    *,
    planned=None,
    state=None,
    notes=(),
    earlier=(),
):
    """Train on a corpus: `train` calls it, and so does a ladder of models on one corpus.

    Args:
        recipe: `Recipe`.
        corpus: `Corpus`.
        folder: `RunFolder` or None.
        reporter: An object with the methods of `progress.Silent`, or None for silence.
        name: str. What the records call the source.
        model: A model to train in place, or None for a new one.
        init: What the records name as the beginning of `model`.
        planned: `Plan` or None. Of the same run, when it was begun before and has no checkpoint.
        state: `checkpoint.State` or None. Where to go on; `model` is then that of the checkpoint. Where `recipe` is
            not that of the state, the run becomes longer.
        notes: list of str. What is to be said first.
        earlier: list of dict. What the records say of the texts that `model` learned before.

    Returns:
        The model with its best weights, compiled.
    """
    began, asked = time.monotonic(), recipe.minutes
    reporter = choose(reporter)
    if model is None:
        model = start.new_model(recipe, corpus.tokenizer)
    going_on, run_plan = state is not None or planned is not None, planned
    if asked is not None:
        recipe, run_plan = time_budget.lay_out(recipe, corpus, model, began, writes=folder is not None)
    batches, batches_per_epoch = corpus.train_batches(recipe)
    validation, sample = corpus.validation_batches(recipe), corpus.training_sample(recipe)
    kind, device = environment.device()
    sizes = {
        "batches_per_epoch": batches_per_epoch,
        "tokens_per_batch": batches.batch_size * batches.length,
        "parameters": model.count_params(),
        "device": kind,
        "validation_batches": 0 if validation is None else len(validation),
    }
    if state is not None:
        if recipe != state.recipe:
            state, lines = longer.extend(state, recipe, plan.make(recipe, **sizes), model)
            notes = [*notes, *lines]
        run_plan, record = state.plan, state.record
        model.steps_per_execution = run_plan.steps_per_execution  # a loaded model has 1
    else:
        run_plan = run_plan or plan.make(recipe, **sizes)
        if asked is None:  # else it was compiled to be measured
            optimizers.compile_model(model, recipe, run_plan)
        record = report.record(recipe, run_plan, corpus, model, device, name, init, earlier)
        if asked is not None:
            record["minutes"] = asked  # the recipe has the updates that they became
    if run_plan.evaluation_batches is not None:
        part = dataclasses.replace(recipe, evaluation_batches=run_plan.evaluation_batches)
        validation = corpus.validation_batches(part)
    keeper = Keeper(model, folder, "loss" if validation is None else "val_loss")
    if folder is not None:
        folder.create(record, going_on=going_on)
    bits = validation.bits_per_character if validation is not None and validation.knows_characters else None
    journal = Journal(
        recipe,
        run_plan,
        keeper,
        reporter,
        record=record,
        interrupts=Interrupts(),
        tokens_per_step=batches.tokens / len(batches) * run_plan.gradient_accumulation_steps,
        bits_per_character=bits,
        training_sample=sample,
        state=state,
        began=began,
    )
    journal.set_model(model)
    lines = [*notes, *report.header(record, batches, validation, corpus, init)]
    if state is not None:
        lines += [*keeper.go_on(state), *report.going_on(state)]
        journal.write_records()
    elif init is not None and folder is not None and not folder.waiting:
        journal.save()  # the model that it began from may be gone when the run goes on
    reporter.start(lines, run_plan.steps)
    try:
        _train(model, batches, validation, journal)
    finally:
        after_run.settle(model)  # also where the run ended early: the model may be the caller's
    return model


def _train(model, batches, validation, journal):
    """Train to the end; whatever ends it, the files are written and the live line is closed."""
    keeper, lines, good = journal.keeper, ["The run failed."], True
    try:
        try:
            with journal.interrupts:
                try:
                    _fit(model, batches, validation, journal)
                    lines = report.verdict(keeper, journal)
                except RuntimeError:  # the loss is not a number, or has grown
                    good = False
                    raise
                except (KeyboardInterrupt, SystemExit):
                    lines = [f"Stopped at step {journal.step:,} of {journal.plan.steps:,}."]
                    raise
                finally:
                    if not journal.interrupts.at_once:
                        _finish(keeper, journal, good)
                        lines += _written(keeper, journal)
        except OSError as error:
            raise report.unwritten(error, keeper, journal.step) from error
        except Exception as error:
            problem = batches.problem()
            if problem is None:
                raise
            words = f"{problem}, at step {journal.step:,}; {report.good_files(keeper)}"
            raise RuntimeError(f"The text cannot be read any more: {words}.") from error
    finally:
        journal.reporter.finish(lines)


def _fit(model, batches, validation, journal):
    """Run the rest of the period that is under way, if any, and then the other periods, one `fit` for each part."""
    settings = {"validation_data": validation, "callbacks": [journal], "verbose": 0}
    if journal.owes_evaluation:
        journal.evaluate(validation)
    rest = min(-journal.batches % journal.period, journal.total - journal.batches)
    if rest:
        data = batches.for_fit(endless=True, first=journal.batches)
        model.fit_in_run(data, steps_per_epoch=rest, shuffle=False, **settings)
    if journal.batches < journal.total:
        periods = {"initial_epoch": journal.batches // journal.period, "epochs": journal.plan.evaluations}
        model.fit_in_run(batches, steps_per_epoch=journal.period, **periods, **settings)


def _finish(keeper, journal, good):
    state = journal.state() if good and journal.batches else None
    keeper.finish(state if state is not None and checkpoint.is_finite(journal.model) else None)


def _written(keeper, journal):
    """Write the result into recipe.json, the history and the picture; return the lines to say."""
    folder = keeper.folder
    if folder is None:
        return []
    if folder.waiting:
        return [f"Nothing was written: {folder.path} is as it was."]
    record = journal.record
    record["result"] = {
        "steps": journal.step,
        "best_step": keeper.best_step,
        f"best_{keeper.monitor}": None if keeper.best_step is None else keeper.best,
        "seconds": round(time.monotonic() - journal.began, 1),
        "ended": environment.now(),
    }
    folder.write_recipe(record)
    journal.write_records()
    if journal.rows:
        plots.loss_plot(journal.rows, folder.file("loss.png"))
    lines = [f"Written: {folder.path}"]
    if journal.step < journal.plan.steps:
        lines.append(f"Go on:  tinylm train --resume {folder.path}")
    return lines
