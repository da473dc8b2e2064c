"""`tinylm plot`: several runs in one plot."""

import os
from typing import Annotated

import typer

from tinylm_keras import _checks
from tinylm_keras.cli import _console
from tinylm_keras.cli._record import check_target

# Settings that must be equal for losses per token to be comparable.
TOKENS = ("tokenizer", "max_tokens", "end_token", "vocabulary_file", "merges_file")


def plot(
    run: Annotated[list[str], typer.Argument(help="Folders of runs.", show_default=False)],
    out: Annotated[str, typer.Option(help="The PNG file to write.", metavar="FILE")] = "runs.png",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file --out.")] = False,
):
    """Plot the validation loss of several runs; in bits per character if their tokenizers differ.

    A single run is plotted with its training loss.
    """
    from tinylm_keras import plots
    from tinylm_keras.training import run_folder

    target = check_target(out, overwrite, [])
    folders = list(dict.fromkeys(map(os.path.normpath, run)))
    read = {folder: run_folder.read(folder) for folder in folders}
    if len(folders) == 1:
        [(rows, _)] = read.values()
        plots.loss_plot(rows, target)
    else:
        value = common_value(read)
        names = dict(zip(shortest_names(folders), folders, strict=True))
        plots.save(plots.draw_runs({name: read[folder][0] for name, folder in names.items()}, value), target)
    _console.say(f"Wrote {target}")


def common_value(read):
    """Return the column by which runs can be compared; warn if their texts differ."""
    records = [record for _, record in read.values()]
    if len(_texts(records)) > 1:
        _console.say("These runs were trained on different texts, so their losses are hardly comparable.")
    tokens = {(*(record["recipe"].get(name) for name in TOKENS), _words(record)) for record in records}
    value = "val_loss" if len(tokens) == 1 else "val_bits_per_character"
    without = [folder for folder, (rows, _) in read.items() if all(row.get(value) is None for row in rows)]
    if without and len(tokens) == 1:
        _console.say(f"No validation loss in {', '.join(without)}: the training losses are compared.")
        return "loss"
    if without:
        rule = "must have a validation loss, because the tokenizers of these runs differ"
        raise _checks.refuse("run", rule, without[0], "Leave it out.", error=_console.BadInput)
    return value


def _texts(records):
    """Return a set with one element for each different text of some runs.

    The fingerprint of token files depends on the tokenizer, so runs on token files are compared by the names of their
    sources and the number of texts.
    """
    texts = [record.get("corpus", {}) for record in records]
    if not any("token_files" in text for text in texts):
        return {text.get("sha256") for text in texts}
    names = [
        _console.JOINED.join(text["sources"]) if "sources" in text else record.get("source")
        for record, text in zip(records, texts, strict=True)
    ]
    return {(name, text.get("texts")) for name, text in zip(names, texts, strict=True)}


def _words(record):
    corpus = record.get("corpus", {})
    return corpus.get("vocabulary_size"), corpus.get("tokenizer_sha256")


def shortest_names(folders):
    """Return the shortest ends of some paths that are all different.

    Example:

    >>> shortest_names(["runs/a/mlp", "runs/b/mlp"])
    ['a/mlp', 'b/mlp']
    """
    parts = [folder.split(os.sep) for folder in folders]
    for count in range(1, max(map(len, parts)) + 1):
        names = ["/".join(one[-count:]) for one in parts]
        if len(set(names)) == len(names):
            break
    return names
