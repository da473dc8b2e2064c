"""`train`: from a text to a model in one call."""

import dataclasses
import os
import time

from tinylm_keras import _checks, plots
from tinylm_keras.data import read
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training import environment, minutes, optimizers, plan, presets, shard_corpus, start
from tinylm_keras.training.journal import Journal
from tinylm_keras.training.keeper import Keeper
from tinylm_keras.training.progress import choose, duration
from tinylm_keras.training.run_folder import RunFolder


def train(
    source=None,
    preset="stories",
    out=None,
    init=None,
    overwrite=False,
    progress="auto",
    name=None,
    data=None,
    **overrides,
):
    """Train a model on a text, or on token shards.

    Everything is checked before training begins, and nothing is written before everything is checked. The same call on
    the same machine trains the same model, except with `minutes`: its updates are measured, so their number varies. The
    run folder holds `model.keras` (best), `last.keras`, `recipe.json`, `history.csv`, `loss.png` and `samples.txt`.
    "Best" is the lowest loss on the part of the text kept for validation; with `validation=0`, the lowest training
    loss.

    Ctrl-C (and any SystemExit that a signal handler raises) ends a run early: its files are written first.

    Args:
        source: What `tlm.data.read` takes: a path, a folder, a glob, `"stories"`, `"tfds:…"`, or a list of texts. None
            with `data`.
        preset: str. One of `tlm.presets.names()`.
        out: str, path or None. A new folder for the run; None writes nothing.
        init: str, path, model or None. A model to go on from; its tokenizer and sizes are kept, its optimizer is not.
            A model (not a path) is trained in place.
        overwrite: bool. Whether `out` may exist already; then its run is replaced.
        progress: "auto" (a live line on a terminal, else plain lines), "plain", None for silence, or an object with
            the methods of `training.progress.Silent`.
        name: str or None. What the records call the source. Defaults to the source where it is a string or a path.
        data: str, path, `Shards` or None. Token shards that `tlm.data.prepare` wrote, instead of a source. They bring
            their tokenizer and their validation part, and are read in windows.
        **overrides: Settings of the recipe to change, such as `steps=1000`.

    Returns:
        The model with its best weights, compiled.

    Raises:
        ValueError: if the text, a setting, `out` or `init` will not do.
        RuntimeError: if the loss stops being a number; names the step and the learning rate.

    Example:

    >>> texts = ["the cat sleeps all day", "a dog runs in the park", "the bird sings to us"]
    >>> model = train(texts, preset="tinylm", epochs=2, progress=None)
    >>> model.generate("the cat", max_new_tokens=0)
    'the cat'
    """
    recipe = presets.override(presets.get(preset), **overrides)
    if (source is None) == (data is None):
        rule = f"or `data` must be given, and not both (data={data!r})"
        raise _checks.refuse("source", rule, source)
    reporter = choose(progress)
    folder = None if out is None else RunFolder(out, overwrite)
    model = None
    if init is not None:
        model = start.existing_model(init, overrides, recipe.seed)
        recipe = start.recipe_of(model, recipe)
    tokenizer = None if model is None else model.tokenizer
    if data is not None:
        corpus, recipe = shard_corpus.open_corpus(data, recipe, overrides, tokenizer)
    else:
        texts = read(source, separator=recipe.separator, encoding=recipe.encoding, column=recipe.column)
        corpus = corpora.make(texts, recipe, tokenizer)
    return run(recipe, corpus, folder, reporter, source_name(source if data is None else data, name), model, init)


def run(recipe, corpus, folder=None, reporter=None, name="", model=None, init=None):
    """Train on a corpus that is made already: `train` calls it, and so does a ladder of models on one corpus.

    Args:
        recipe: `Recipe`.
        corpus: `Corpus`.
        folder: `RunFolder` or None.
        reporter: An object with the methods of `progress.Silent`, or None for silence.
        name: str. What the records call the source.
        model: A model to train in place, or None for a new one.
        init: What the records name as the beginning of `model`.

    Returns:
        The model with its best weights, compiled.
    """
    began, asked, run_plan = time.monotonic(), recipe.minutes, None
    reporter = choose(reporter)
    if model is None:
        model = start.new_model(recipe, corpus.tokenizer)
    if asked is not None:
        recipe, run_plan = minutes.lay_out(recipe, corpus, model, began, writes=folder is not None)
    batches, batches_per_epoch = corpus.train_batches(recipe)
    validation, sample = corpus.validation_batches(recipe), corpus.training_sample(recipe)
    kind, device = environment.device()
    if run_plan is None:
        run_plan = plan.make(
            recipe,
            batches_per_epoch=batches_per_epoch,
            tokens_per_batch=batches.batch_size * batches.length,
            parameters=model.count_params(),
            device=kind,
        )
        optimizers.compile_model(model, recipe, run_plan)
    record = _record(recipe, run_plan, corpus, model, device, name, init)
    if asked is not None:
        record["minutes"] = asked  # the recipe has the updates that they became
    if folder is not None:
        folder.create()
        folder.write_recipe(record)
    keeper = Keeper(model, folder, "loss" if validation is None else "val_loss")
    tokens_per_step = batches.tokens / len(batches) * run_plan.accumulate
    bits = validation.bits_per_character if validation is not None and validation.knows_characters else None
    journal = Journal(recipe, run_plan, keeper, reporter, tokens_per_step, bits, sample)
    journal.began = began
    reporter.start(_header(record, batches, validation, corpus, init), run_plan.steps)
    _fit(model, batches, validation, run_plan, journal, keeper, record)
    return model


def source_name(source, name):
    """Return what the records call a source: `name`, else its path."""
    if name is not None:
        return name
    source = getattr(source, "path", source)  # of opened shards
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else "texts given in Python"


def _fit(model, batches, validation, run_plan, journal, keeper, record):
    """Run the one `fit`; whatever ends it, the files are written and the live line is closed."""
    lines, keep_last = ["The run failed."], True
    try:
        try:
            model.fit(
                batches,
                validation_data=validation,
                steps_per_epoch=run_plan.evaluate_every * run_plan.accumulate,
                epochs=run_plan.evaluations,
                callbacks=[journal],
                verbose=0,
            )
            lines = [_verdict(keeper, journal)]
        except RuntimeError:  # the loss is not a number
            keep_last = False
            raise
        except (KeyboardInterrupt, SystemExit):
            lines = [f"Stopped at step {journal.step:,} of {run_plan.steps:,}."]
            raise
        finally:
            if journal.step:
                keeper.finish(keep_last)
            if keeper.folder is not None:
                _close(keeper, journal, record)
                lines.append(f"Written: {keeper.folder.path}")
    finally:
        journal.reporter.finish(lines)


def _close(keeper, journal, record):
    """Write the result into recipe.json, and the picture."""
    record["result"] = {
        "steps": journal.step,
        "best_step": keeper.best_step,
        f"best_{keeper.monitor}": None if keeper.best_step is None else keeper.best,
        "seconds": round(time.monotonic() - journal.began, 1),
        "ended": environment.now(),
    }
    keeper.folder.write_recipe(record)
    if journal.rows:
        plots.loss_plot(journal.rows, keeper.folder.file("loss.png"))


def _verdict(keeper, journal):
    seconds = duration(time.monotonic() - journal.began)
    loss = "training loss" if keeper.monitor == "loss" else "validation loss"
    return f"Trained in {seconds}. Best: step {keeper.best_step:,}, {loss} {keeper.best:.3f}."


def _record(recipe, run_plan, corpus, model, device, name, init):
    """Return what recipe.json holds before the run."""
    return {
        "recipe": dataclasses.asdict(recipe),
        "source": name,
        "init": None if init is None else os.fspath(init) if isinstance(init, (str, os.PathLike)) else "a model",
        "corpus": corpus.record(),
        "plan": dataclasses.asdict(run_plan),
        "model": {"class": type(model).__name__, "parameters": model.count_params()},
        "machine": {"device": device, "threads": environment.threads()},
        "versions": environment.versions(),
        "started": environment.now(),
    }


def _header(record, batches, validation, corpus, init):
    """Return the lines said before training: what computes, what text, and what was decided."""
    run_plan, text, machine = record["plan"], record["corpus"], record["machine"]
    lines = [
        f"{machine['device']}, {machine['threads']} threads, XLA {'on' if run_plan['jit_compile'] else 'off'}, "
        f"{record['model']['parameters']:,} parameters",
        f"{record['source']}: texts {text['train_texts']:,} to train, {text['validation_texts']:,} to validate, "
        f"vocabulary {text['vocabulary_size']:,}, layout {text['layout']} ({text['layout_reason']})",
        _steps_line(run_plan, record["recipe"]),
    ]
    if validation is None:
        lines.append("validation=0: no text is kept to judge the model; best means lowest training loss")
    elif validation.unknown:
        line = f"{validation.unknown:,} of {validation.tokens:,} validation tokens are not in the vocabulary"
        if not batches.unknown:
            line += "; training has none to learn from, so each costs much: give max_tokens to make rare words unknown"
        lines.append(line)
    if batches.cut:
        lines.append(f"{batches.cut:,} texts are longer than the context and lose their end; layout=windows keeps it")
    if init is not None:
        lines.append(_unknown_line(corpus.unknown_tokens()))
    return lines


def _steps_line(run_plan, recipe):
    line = f"{run_plan['steps']:,} steps"
    if run_plan["accumulate"] > 1:
        line += f" of {run_plan['accumulate']:,} batches each"
    line += f", an evaluation every {run_plan['evaluate_every']:,}"
    if recipe["evaluation_batches"] is not None:
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
