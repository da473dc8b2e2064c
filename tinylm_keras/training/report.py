"""What a run says and writes down about itself."""

import dataclasses
import os
import time

from tinylm_keras import _files
from tinylm_keras.training import checkpoint, environment
from tinylm_keras.training.progress import duration


def record(recipe, run_plan, corpus, model, device, name, init, earlier=(), reasons=()):
    """Return what recipe.json holds before the run, as a dict."""
    return {
        "recipe": dataclasses.asdict(recipe),
        "source": name,
        "sources": list(corpus.locations),
        "init": None if init is None else os.fspath(init) if isinstance(init, (str, os.PathLike)) else "a model",
        **({"earlier": list(earlier)} if earlier else {}),  # what the model learned before
        **({"reasons": list(reasons)} if reasons else {}),  # why the recipe is as it is
        "corpus": corpus.record(),
        "plan": dataclasses.asdict(run_plan),
        "model": {"class": type(model).__name__, "parameters": model.count_params()},
        "machine": {"device": device, "threads": environment.threads()},
        "versions": environment.versions(),
        "started": environment.now(),
    }


def facts(record):
    """Return what a record says of a run, as lines: what computes, what text, and what was decided."""
    run_plan, text, machine = record["plan"], record["corpus"], record["machine"]
    return [
        f"{machine['device']}, {machine['threads']} threads, XLA {'on' if run_plan['jit_compile'] else 'off'}, "
        f"{record['model']['parameters']:,} parameters",
        f"{record['source']}: texts {text['train_texts']:,} to train, {text['validation_texts']:,} to validate, "
        f"vocabulary {text['vocabulary_size']:,}, layout {text['layout']} ({text['layout_reason']})",
        _steps_line(run_plan, record["recipe"]),
    ]


def header(record, batches, validation, corpus, init):
    """Return the lines said before training: the facts, and what to beware of in this text."""
    lines = facts(record)
    if validation is None:
        lines.append("validation=0: no text is kept for validation; best means lowest training loss")
    elif validation.unknown:
        line = f"{validation.unknown:,} of {validation.tokens:,} validation tokens are not in the vocabulary"
        if not batches.unknown:
            line += f"; training has none to learn from, so each costs much: {_against_unknown(record)}"
        lines.append(line)
    if batches.cut:
        lines.append(f"{batches.cut:,} texts are longer than the context and lose their end; layout=packed keeps it")
    if init is not None:
        lines.append(_unknown_line(corpus.unknown_tokens()))
    return lines


def _against_unknown(record):
    if record["recipe"]["tokenizer"] == "character":
        return "tokenizer=byte-pair can write every character"
    return "give max_tokens to make rare words unknown"


def _steps_line(run_plan, recipe):
    line = f"{run_plan['steps']:,} steps"
    if run_plan["gradient_accumulation_steps"] > 1:
        line += f" of {run_plan['gradient_accumulation_steps']:,} batches each"
    line += f", an evaluation every {run_plan['evaluate_every']:,}"
    if run_plan.get("evaluation_batches") is not None:
        line += f", which estimates the validation loss on {run_plan['evaluation_batches']:,} batches"
    if recipe.get("evaluation_batches") is not None:
        line += f", which estimates the loss of each part of the text on {recipe['evaluation_batches']:,} batches"
    return line


def _unknown_line(unknown):
    if not unknown:
        return "the model's vocabulary has every word of this text"
    shown = ", ".join(f"{word!r} ({count:,})" for word, count in unknown.most_common(10))
    return (
        f"{unknown.total():,} words of this text are not in the model's vocabulary ({len(unknown):,} different); "
        f"most often {shown}"
    )


def continuing(state):
    """Return the lines said when a run continues: from where, and what is not as it was."""
    lines = [f"Continuing after step {state.step:,} of {state.plan.steps:,}."]
    before, now = state.record.get("versions", {}), environment.versions()
    changed = [f"{name} {before[name]}, now {now.get(name)}" for name in before if before[name] != now.get(name)]
    if changed:
        lines.append(f"The run began with {'; '.join(changed)}: it may not end exactly as it would have.")
    return lines


def verdict(checkpoints, monitor):
    """Return the lines said at the end of a run."""
    seconds = duration(time.monotonic() - monitor.began)
    loss = "training loss" if checkpoints.monitor == "loss" else "validation loss"
    advice = monitor.verdict()
    lines = [f"Trained in {seconds}. Best: step {checkpoints.best_step:,}, {loss} {checkpoints.best:.3f}."]
    if monitor.has_settled and monitor.step < monitor.plan.steps:
        lines.append(f"Ended early: {monitor.recipe.patience} evaluations in a row were no better (patience).")
    return lines if advice is None else [*lines, advice]


def unwritten(error, checkpoints, step):
    """Return the error of a run that could not write (or read) its files: which of them are good, and how to continue.

    Args:
        error: The OSError that ended it.
        checkpoints: `CheckpointManager`.
        step: int. Where it ended.

    Returns:
        An OSError for a disk that took no more, else a RuntimeError: what was requested for was right.
    """
    words = f"{error.strerror or error}, at step {step:,}; {good_files(checkpoints)}"
    if _files.is_of_the_disk(error):
        return OSError(error.errno, words, error.filename)
    return RuntimeError(f"{error.filename}: {words}" if error.filename else words)


def good_files(checkpoints):
    """Return which files of a run that failed are good, and how to continue, as one clause."""
    if checkpoints.folder is None:
        return "nothing was to be written"
    path = checkpoints.folder.path
    if not path.is_dir():
        return f"nothing is left of the run: its folder {path} is gone"
    if checkpoints.folder.waiting:
        return f"the earlier run in {path} is untouched"
    steps = {checkpoint.LAST: f", of step {checkpoints.saved_step:,}," if checkpoints.saved_step is not None else ""}
    found = [name for name in (checkpoint.LAST, checkpoint.PREVIOUS) if checkpoints.folder.file(name).exists()][:1]
    if checkpoints.saved_step is None or not found:
        reason = "no checkpoint was written yet" if checkpoints.saved_step is None else "no checkpoint is left"
        return f"{reason} in {path}"
    best = checkpoints.folder.file(checkpoint.BEST)
    also = f" and {best.name}, the best so far, are" if best.exists() else " is"
    return f"{found[0]}{steps.get(found[0], '')}{also} good; continue with: tinylm train --resume {path}"
