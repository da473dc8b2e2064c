"""`tinylm plot`: several runs in one picture."""

import os
from typing import Annotated

import typer

from tinylm_keras import _checks
from tinylm_keras.cli import _console
from tinylm_keras.cli._record import check_target

# What has to agree for losses per token to be comparable.
TOKENS = ("tokenizer", "max_tokens", "end_token", "vocabulary_file", "merges_file")


def plot(
    run: Annotated[list[str], typer.Argument(help="Folders of runs.", show_default=False)],
    out: Annotated[str, typer.Option(help="The picture, a PNG file.", metavar="FILE")] = "runs.png",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let --out replace an existing file.")] = False,
):
    """Draw the validation loss of several runs in one picture; with different tokenizers, in bits per character.

    One run alone is drawn with its training loss.
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
    """Return by what some runs can be compared; say so where they learned different texts."""
    records = [record for _, record in read.values()]
    if len(_texts(records)) > 1:
        _console.say("These runs learned different texts: how low a curve is says little across texts.")
    tokens = {(*(record["recipe"].get(name) for name in TOKENS), _words(record)) for record in records}
    value = "val_loss" if len(tokens) == 1 else "val_bits_per_character"
    without = [folder for folder, (rows, _) in read.items() if all(row.get(value) is None for row in rows)]
    if without and len(tokens) == 1:
        _console.say(f"No validation loss in {', '.join(without)}: the runs are compared by their training loss.")
        return "loss"
    if without:
        rule = "must have a validation loss, because the tokenizers of these runs differ"
        raise _checks.refuse("run", rule, without[0], "Leave it out.", error=_console.BadInput)
    return value


def _texts(records):
    """What the texts of some runs are known by, as a set: one for each that differs from the others.

    The fingerprint of token files is that of their ids, and differs for the same text in other tokens. So where a run
    learned from token files, the names of the sources and the number of texts have to do.
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
    """Return the last parts of some paths, as many as tell all of them apart.

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
