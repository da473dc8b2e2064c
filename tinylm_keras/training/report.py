"""The lines that a run shows, and its record."""

import dataclasses
import os
import time

from tinylm_keras import _files
from tinylm_keras.plots import columns
from tinylm_keras.training import checkpoint, environment
from tinylm_keras.training.progress import duration

# The losses by which the best step of a run is chosen.
LOSSES = {
    "loss": "training loss",
    "val_loss": "validation loss",
    columns.MIXTURE: "validation loss mixed with counts",
}


def record(recipe, run_plan, corpus, model, device, name, init, earlier=(), reasons=()):
    """Return the content of recipe.json before the run, as a dict."""
    return {
        "recipe": dataclasses.asdict(recipe),
        "source": name,
        "sources": list(corpus.locations),
        "init": None if init is None else os.fspath(init) if isinstance(init, (str, os.PathLike)) else "a model",
        **({"earlier": list(earlier)} if earlier else {}),  # texts that the model was trained on before
        **({"reasons": list(reasons)} if reasons else {}),  # for the choice of the recipe
        "corpus": corpus.record(),
        "plan": dataclasses.asdict(run_plan),
        "model": {"class": type(model).__name__, "parameters": model.count_params()},
        "machine": {"device": device, "threads": environment.threads()},
        "versions": environment.versions(),
        "started": environment.now(),
    }


def facts(record):
    """Return lines about a run by its record: device, text, and plan."""
    run_plan, text, machine = record["plan"], record["corpus"], record["machine"]
    return [
        f"{machine['device']}, {machine['threads']} threads, XLA {'on' if run_plan['jit_compile'] else 'off'}, "
        f"{record['model']['parameters']:,} parameters",
        f"{record['source']}: {text['train_texts']:,} training texts, {text['validation_texts']:,} validation texts, "
        f"vocabulary {text['vocabulary_size']:,}, layout {text['layout']} ({text['layout_reason']})",
        _steps_line(run_plan, record["recipe"]),
    ]


def header(record, batches, validation, corpus, init):
    """Return the lines shown before training: facts about the run, and warnings about the text."""
    lines = facts(record)
    if validation is None:
        lines.append("validation=0: no text is held out for validation; best means lowest training loss")
    elif validation.unknown:
        line = f"{validation.unknown:,} of {validation.tokens:,} validation tokens are not in the vocabulary"
        if not batches.unknown:
            line += f"; the training text has none, so the model cannot predict [UNK]: {_against_unknown(record)}"
        lines.append(line)
    sample = record["corpus"].get("learned_from")
    if sample is not None and sample["bytes"] < sample["of_bytes"]:
        sizes = f"{sample['bytes'] / 1e6:,.0f} MB of {sample['of_bytes'] / 1e6:,.0f} MB"
        lines.append(f"the vocabulary was learned from {sizes} of the training text, chosen by a hash")
    if batches.cut:
        lines.append(f"{batches.cut:,} texts are longer than the context and truncated; layout=packed keeps all text")
    if init is not None:
        lines.append(_unknown_line(corpus.unknown_tokens()))
    return lines


def _against_unknown(record):
    if record["recipe"]["tokenizer"] == "character":
        return "tokenizer=byte-pair has no unknown characters"
    return "set max_tokens so that rare words become [UNK]"


def _steps_line(run_plan, recipe):
    line = f"{run_plan['steps']:,} steps"
    if run_plan["gradient_accumulation_steps"] > 1:
        line += f" of {run_plan['gradient_accumulation_steps']:,} batches each"
    line += f", an evaluation every {run_plan['evaluate_every']:,}"
    if run_plan.get("evaluation_batches") is not None:
        line += f", with the validation loss on {run_plan['evaluation_batches']:,} batches"
    if recipe.get("evaluation_batches") is not None:
        line += f", with training and validation loss on {recipe['evaluation_batches']:,} batches each"
    return line


def _unknown_line(unknown):
    if not unknown:
        return "the model's vocabulary covers this text"
    shown = ", ".join(f"{word!r} ({count:,})" for word, count in unknown.most_common(10))
    return (
        f"{unknown.total():,} words of this text are not in the model's vocabulary ({len(unknown):,} different); "
        f"most often {shown}"
    )


def continuing(state):
    """Return the lines shown when a run is resumed: its step, and changed versions of packages."""
    lines = [f"Continuing after step {state.step:,} of {state.plan.steps:,}."]
    before, now = state.record.get("versions", {}), environment.versions()
    changed = [f"{name} {before[name]}, now {now.get(name)}" for name in before if before[name] != now.get(name)]
    if changed:
        lines.append(f"The run started with {'; '.join(changed)}. Its result may differ slightly.")
    return lines


def verdict(checkpoints, monitor):
    """Return the lines shown at the end of a run."""
    seconds = duration(time.monotonic() - monitor.began)
    loss = LOSSES[checkpoints.monitor]
    advice = monitor.verdict()
    lines = [f"Trained in {seconds}. Best: step {checkpoints.best_step:,}, {loss} {checkpoints.best:.3f}."]
    if monitor.has_settled and monitor.step < monitor.plan.steps:
        lines.append(f"Ended early: no improvement in {monitor.recipe.patience} evaluations (patience).")
    return lines if advice is None else [*lines, advice]


def unwritten(error, checkpoints, step):
    """Return the error of a run that could not write or read its files, with the intact files and how to continue.

    Args:
        error: The OSError that ended it.
        checkpoints: `CheckpointManager`.
        step: int. Where it ended.

    Returns:
        An OSError for a full or failing disk, else a RuntimeError, because no argument was wrong.
    """
    words = f"{error.strerror or error}, at step {step:,}; {good_files(checkpoints)}"
    if _files.is_of_the_disk(error):
        return OSError(error.errno, words, error.filename)
    return RuntimeError(f"{error.filename}: {words}" if error.filename else words)


def good_files(checkpoints):
    """Return a clause about the intact files of a failed run, and how to continue."""
    if checkpoints.folder is None:
        return "no files were requested"
    path = checkpoints.folder.path
    if not path.is_dir():
        return f"nothing is left of the run: its folder {path} is gone"
    if checkpoints.folder.waiting:
        return f"the earlier run in {path} is untouched"
    steps = {checkpoint.LAST: f", of step {checkpoints.saved_step:,}," if checkpoints.saved_step is not None else ""}
    found = [name for name in (checkpoint.LAST, checkpoint.PREVIOUS) if checkpoints.folder.file(name).exists()][:1]
    if (checkpoints.saved_step is None and checkpoints.folder.writes) or not found:
        reason = "no checkpoint was written yet" if checkpoints.saved_step is None else "no checkpoint is left"
        return f"{reason} in {path}"
    best = checkpoints.folder.file(checkpoint.BEST)
    also = f" and {best.name}, the best so far, are" if best.exists() else " is"
    command = f"tinylm train --resume {path}{checkpoints.workers.option}"
    return f"{found[0]}{steps.get(found[0], '')}{also} intact; continue with: {command}"
