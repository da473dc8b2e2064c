"""Run one training job on a prepared corpus, from scratch or from a checkpoint."""

import dataclasses
import functools
import shlex
import time

from tinylm_keras import plots
from tinylm_keras.generation.compile import always_compiles
from tinylm_keras.models import after_run
from tinylm_keras.plots import columns
from tinylm_keras.training import (
    checkpoint,
    copied,
    environment,
    history,
    longer,
    mixing,
    optimizers,
    plan,
    report,
    start,
    time_budget,
)
from tinylm_keras.training.checkpoint_manager import CheckpointManager
from tinylm_keras.training.distribution import Workers
from tinylm_keras.training.monitor import TrainingMonitor
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
    reasons=(),
    began=None,
    workers=None,
):
    """Train on a corpus. `train` and `compare` call it.

    Args:
        recipe: `Recipe`.
        corpus: `Corpus`.
        folder: `RunFolder` or None.
        reporter: An object with the methods of `progress.Silent`, or None for silence.
        name: str. Name of the source in recipe.json.
        model: A model to train in place, or None for a new one.
        init: The value of `init` in recipe.json.
        planned: `Plan` or None. The plan of the same run if it was started before and has no checkpoint.
        state: `checkpoint.State` or None. Where to continue; `model` is then that of the checkpoint. If `recipe` is not
            the recipe of the state, the run becomes longer.
        notes: list of str. Lines to show first.
        earlier: list of dict. Records of the texts that `model` was trained on before.
        reasons: list of str. Reasons for the recipe, if it was chosen for the text.
        began: float or None. Start of the run by `time.monotonic`; None: now.
        workers: `Workers` that train together, or None.

    Returns:
        The model with its best weights, compiled; its `history` has the rows of the run.
    """
    began, asked = time.monotonic() if began is None else began, recipe.minutes
    reporter, workers = choose(reporter), workers or Workers()
    if model is None:
        model = start.new_model(recipe, corpus.tokenizer)
    continuing, run_plan, deadline = state is not None or planned is not None, planned, None
    counted = mixing.count(corpus, recipe)
    ahead = counted if recipe.mix_counts else None
    # Devices and processes that train together make the mixture at the end alone.
    mixture = mixing.RunMixture(model, ahead) if ahead is not None and workers.distribute is None else None
    if asked is not None:
        budget = {"mixture": mixture, "counted": ahead, "workers": workers}
        recipe, run_plan, deadline = time_budget.lay_out(
            recipe, corpus, model, began, writes=folder is not None, **budget
        )
        if deadline is None:
            words = "With several processes, the number of steps is fixed after timing; it does not follow the clock."
            notes = [*notes, words]
    batches, batches_per_epoch = corpus.train_batches(recipe)
    validation, sample = corpus.validation_batches(recipe), corpus.training_sample(recipe)
    kind, device = environment.device()
    sizes = {
        "batches_per_epoch": batches_per_epoch,
        "tokens_per_batch": batches.batch_size * batches.length,
        "parameters": model.count_params(),
        "device": kind,
        "validation_batches": 0 if validation is None else len(validation),
        "always_compiles": always_compiles(),
    }
    if state is not None:
        if recipe != state.recipe:
            state, lines = longer.extend(state, recipe, plan.make(recipe, **sizes), model)
            notes = [*notes, *lines]
        run_plan, record = state.plan, state.record
        model.steps_per_execution = run_plan.steps_per_execution  # 1 in a loaded model
    else:
        run_plan = run_plan or plan.make(recipe, **sizes)
        if asked is None:  # otherwise `lay_out` has compiled it
            optimizers.compile_model(model, recipe, run_plan)
        record = report.record(recipe, run_plan, corpus, model, device, name, init, earlier, reasons)
        if asked is not None:
            record["minutes"] = asked  # the recipe has steps instead
    if run_plan.evaluation_batches is not None:
        part = dataclasses.replace(recipe, evaluation_batches=run_plan.evaluation_batches)
        validation = corpus.validation_batches(part)
    judged_by = history.judged_by(validation, mixture, [] if state is None else state.rows)
    checkpoints = CheckpointManager(model, folder, judged_by, workers)
    if folder is not None:
        folder.create(record, continuing=continuing)
    bits = validation.bits_per_character if validation is not None and validation.knows_characters else None
    monitor = TrainingMonitor(
        recipe,
        run_plan,
        checkpoints,
        reporter,
        record=record,
        interrupts=workers.interrupts(),
        tokens_per_step=batches.tokens / len(batches) * run_plan.gradient_accumulation_steps,
        bits_per_character=bits,
        mixture=mixture if judged_by == columns.MIXTURE else None,
        training_sample=sample,
        state=state,
        began=began,
        deadline=deadline,
    )
    monitor.set_model(model)
    lines = [*workers.lines(recipe.batch_size), *notes, *report.header(record, batches, validation, corpus, init)]
    lines += [] if counted is None else [counted.line]
    if state is not None:
        lines += [*checkpoints.resume(state), *report.continuing(state)]
        monitor.write_records()
    elif init is not None and folder is not None and folder.writes and not folder.waiting:
        monitor.save()  # the initial model may be gone when the run is resumed
    reporter.start(lines, run_plan.steps)
    try:
        result = _train(model, batches, validation, monitor, ahead, mixture, corpus)
    except BaseException:
        if not workers.several:
            after_run.settle(model)  # it may be the caller's
        raise
    with workers.alone():
        result = workers.released(result)
        after_run.settle(result)
    history.attach(result, monitor.rows)
    return result


def _train(model, batches, validation, monitor, counted, mixture, corpus):
    """Train, write the files and close the live line, however training ends. Returns the resulting model."""
    result, completed = model, False
    checkpoints, lines, good, bits = monitor.checkpoints, ["The run failed."], True, {}
    try:
        try:
            with monitor.interrupts:
                try:
                    where = functools.partial(_where, monitor)
                    with checkpoints.workers.training(monitor.interrupts, where):
                        _fit(model, batches, validation, monitor)
                    lines = report.verdict(checkpoints, monitor)
                    completed = True
                except RuntimeError:  # the loss is nan or has grown
                    good = False
                    raise
                except (KeyboardInterrupt, SystemExit):
                    lines = [f"Stopped at step {monitor.step:,} of {monitor.plan.steps:,}."]
                    raise
                finally:
                    if not (monitor.interrupts.at_once or checkpoints.workers.broken):
                        _finish(checkpoints, monitor, good)
                        if completed and counted is not None:
                            result, line, bits = _mix(model, counted, mixture, corpus, checkpoints)
                            lines.append(line)
                        if completed and monitor.recipe.mix_counts:
                            lines += copied.report(result, corpus.train, corpus.validation)
                        lines += _written(checkpoints, monitor, bits)
        except OSError as error:
            raise report.unwritten(error, checkpoints, monitor.step) from error
        except Exception as error:
            problem = batches.problem()
            if problem is None:
                raise
            words = f"{problem}, at step {monitor.step:,}; {report.good_files(checkpoints)}"
            raise RuntimeError(f"The text cannot be read any more: {words}.") from error
    finally:
        monitor.reporter.finish(lines)
    return result


def _mix(model, counted, mixture, corpus, checkpoints):
    folder, workers = checkpoints.folder, checkpoints.workers
    file = None if folder is None or folder.waiting or not folder.writes else folder.file(checkpoint.BEST)
    best = checkpoint.best_text(checkpoints.monitor, checkpoints.best, checkpoints.best_step)
    with workers.alone():  # the tables are large, and need not have the same bits in all processes
        model = workers.released(model)
        return mixing.finish(model, mixture or mixing.RunMixture(model, counted), corpus, file, best)


def _fit(model, batches, validation, monitor):
    """Call `fit` once for the rest of the current period, if any, and once for all other periods."""
    settings = {"validation_data": validation, "callbacks": [monitor], "verbose": 0}
    if monitor.owes_evaluation:
        monitor.evaluate(validation)
    rest = min(-monitor.batches % monitor.period, monitor.total - monitor.batches)
    if rest:
        data = batches.for_fit(endless=True, first=monitor.batches)
        model.fit_in_run(data, steps_per_epoch=rest, shuffle=False, **settings)
    if monitor.batches < monitor.total and not monitor.has_settled:
        # The monitor ends the run, because a run by minutes may become longer.
        periods = {"initial_epoch": monitor.batches // monitor.period, "epochs": 10**9}
        model.fit_in_run(batches, steps_per_epoch=monitor.period, **periods, **settings)


def _where(monitor):
    return monitor.step, report.good_files(monitor.checkpoints)


def _finish(checkpoints, monitor, good):
    state = monitor.state() if good and monitor.batches else None
    checkpoints.finish(state if state is not None and checkpoint.is_finite(monitor.model) else None)


def _written(checkpoints, monitor, bits):
    """Write the result into recipe.json, the history and the plot; return the lines to show."""
    folder = checkpoints.folder
    if folder is None or not folder.writes:
        return []
    if folder.waiting:
        return [f"Nothing was written: {folder.path} is as it was."]
    record = monitor.record
    record["result"] = {
        "steps": monitor.step,
        **history.best(checkpoints, monitor.rows),
        "seconds": round(time.monotonic() - monitor.began, 1),
        "ended": environment.now(),
        **({"bits_per_character": bits} if bits else {}),
    }
    folder.write_recipe(record)
    monitor.write_records()
    if monitor.rows:
        plots.loss_plot(monitor.rows, folder.file("loss.png"))
    lines = [f"Written: {folder.path}"]
    if monitor.step < monitor.plan.steps and not monitor.has_settled:
        lines.append(f"Continue:  tinylm train --resume {shlex.quote(str(folder.path))}{checkpoints.workers.option}")
    return lines
