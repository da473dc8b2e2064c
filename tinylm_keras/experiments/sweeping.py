"""`sweep`: one setting with several values, on one text."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks, _csv_files, plots
from tinylm_keras.experiments import folder as experiment_folder
from tinylm_keras.experiments import sweep_values
from tinylm_keras.experiments.one_split import make_corpus
from tinylm_keras.experiments.sweep import Sweep, SweepResult
from tinylm_keras.recipe import presets
from tinylm_keras.text.documents import opened
from tinylm_keras.training import auto, train
from tinylm_keras.training.progress import choose

if TYPE_CHECKING:
    from tinylm_keras._types import Path, Source
    from tinylm_keras.text.documents import Documents

# Settings that change how a text becomes ids: each of their values has a corpus of its own.
OF_THE_CORPUS = ("layout", "tokenizer", "max_tokens", "context_length")


def sweep(
    source: Source | Documents = "stories",
    preset: str | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    progress: Any = "auto",
    name: str | None = None,
    seeds: int = 1,
    **settings: Any,
) -> tuple[SweepResult, ...]:
    """Train a model with each value of one setting, on one split of one text, and compare what they reach.

    A run whose loss diverges is a result, too. All arguments are checked before anything is trained. Each run has a
    subfolder of `out` named by its value, so `tlm.load_model("out/0.001/model.keras")` works; `out` also holds
    `sweep.json`, `sweep.csv` and `sweep.png`. If a sweep is stopped, the same call with the same `out` continues it:
    finished runs are kept, and the run that was stopped continues from its last checkpoint.

    Args:
        source: As in `train`.
        preset: As in `train`. A recipe by minutes makes 500 steps instead, so that values are compared fairly; mixing
            with counts is off unless asked for.
        out: str, path or None. A new folder, or that of the same sweep, stopped; None writes nothing.
        overwrite: bool. Whether an existing sweep in `out` may be replaced.
        progress: As in `train`. The expected time is shown first.
        name: str or None. Name of the source in sweep.json.
        seeds: int from 1 to 100. Runs with each value: with `seed`, `seed` + 1, … Results are then means with standard
            deviations.
        **settings: Settings of the recipe to change, as in `train`. Exactly one of them, a number or a choice, has a
            list of values: `learning_rate=[1e-4, 1e-3, 1e-2]`.

    Returns:
        A tuple of `SweepResult` in the order of the values.

    Raises:
        ValueError: if the text, a setting or `out` is invalid; then nothing is written.

    Example:

    >>> texts = ["the cat sleeps all day", "a dog runs in the park", "the bird sings to us", "my cat sees a dog"]
    >>> tiny = {"steps": 2, "embed_dim": 8, "num_heads": 2, "num_blocks": 1, "context_length": 8, "validation": 0.3}
    >>> results = sweep(texts, "stories", progress=None, learning_rate=[0.001, 0.01], **tiny)
    >>> [result.value for result in results], sum(result.best for result in results)
    ([0.001, 0.01], 1)
    """
    swept, fixed = sweep_values.find(settings)
    if fixed.get("minutes") is not None:
        rule = "must be left out, so that all values have the same number of steps"
        raise _checks.refuse("minutes", rule, fixed["minutes"], ["Give ", _checks.Argument("steps"), "."])
    seeds = _checks.whole_number("seeds", seeds, 1, 100)
    reporter = choose(progress)
    base, source, notes = _base(source, preset, fixed)
    values = zip(swept.names, swept.values, strict=True)
    recipes = {text: presets.override(base, **{swept.setting: value}) for text, value in values}
    asked = {"setting": swept.setting, swept.setting: list(swept.values), "seeds": seeds}  # a difference names its key
    asked["recipes"] = {text: dataclasses.asdict(recipe) for text, recipe in recipes.items()}
    with experiment_folder.claimed(out, overwrite, "sweep.json", "sweep", asked) as folder:
        corpora = _corpora(source, swept, base, recipes, seeds)
        found = Sweep(swept, recipes, corpora, folder, reporter, train.source_name(source, name), seeds)
        results = found.run(notes)
        write(results, swept.setting, folder, found.record)
    return results


def _base(source, preset, fixed):
    """Return the recipe that all values share, the source, opened if it was surveyed, and lines to show."""
    notes, lengths = [], [fixed.get(name) for name in ("steps", "epochs")]
    if auto.applies(source, preset):
        source = auto.look(source, fixed)
        asked = {"mix_counts": False} | ({} if any(lengths) else {"steps": sweep_values.STEPS}) | fixed
        advice = auto.advise(source, asked)
        reasons = [one for one in advice.reasons if "mix_counts" in fixed or "mix_counts=" not in one]
        base, notes = advice.recipe, [*auto.lines(source.surveyed), *reasons]
    else:
        base = presets.override(presets.get(preset or presets.DEFAULT), **fixed)
    if base.minutes is not None:
        base = presets.override(base, steps=sweep_values.STEPS)
    base = dataclasses.replace(base, prompt=fixed.get("prompt"), mix_counts=bool(fixed.get("mix_counts")))
    return base, source, notes


def _corpora(source, swept, base, recipes, seeds):
    """Return a corpus for each value: the same one, unless the setting changes how text becomes ids."""
    documents = opened(source, **base.reading)
    texts = list(documents.texts())

    def made(recipe):
        return make_corpus(texts, recipe, documents.locations, seeds, separator=documents.between)

    own = swept.setting in OF_THE_CORPUS
    corpora = {text: made(recipe) for text, recipe in recipes.items()} if own else dict.fromkeys(recipes, made(base))
    if not next(iter(corpora.values())).validation:
        raise _checks.refuse("validation", "must leave text for validation", base.validation)
    return corpora


def write(results, setting, folder, record):
    """Write `sweep.csv`, `sweep.png` and `sweep.json` into the folder of a sweep, if it has one."""
    if folder.path is None:
        return
    rows = [dataclasses.asdict(result) for result in results]
    table = [{setting: sweep_values.shown(row["value"])} | {name: row[name] for name in list(row)[1:]} for row in rows]
    _csv_files.write(folder.path / "sweep.csv", table)
    plots.save(plots.draw_sweep(rows, setting), folder.path / "sweep.png")
    folder.finish(record, rows)  # last: with results, it is finished
