"""Compares baselines from counting to attention on one text, with one tokenizer, in bits per character."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks, _csv_files, plots
from tinylm_keras.baselines.comparison.baseline import BASELINES as BASELINES
from tinylm_keras.baselines.comparison.baseline import Baseline as Baseline
from tinylm_keras.baselines.comparison.baseline import make_recipes as make_recipes
from tinylm_keras.baselines.comparison.comparison import Comparison as Comparison
from tinylm_keras.baselines.comparison.comparison import Result as Result
from tinylm_keras.experiments import folder as experiment_folder
from tinylm_keras.experiments.one_split import make_corpus
from tinylm_keras.text.documents import opened
from tinylm_keras.training import auto, train
from tinylm_keras.training.progress import choose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from tinylm_keras._types import Path, Source
    from tinylm_keras.experiments.folder import ExperimentFolder
    from tinylm_keras.recipe.settings_types import ComparisonSettings
    from tinylm_keras.text.documents import Documents

__all__ = ["BASELINES", "Baseline", "Comparison", "Result", "compare", "make_recipes", "write"]


def compare(
    source: Source | Documents = "stories",
    out: Path | None = None,
    steps: int | None = None,
    overwrite: bool = False,
    progress: Any = "auto",
    name: str | None = None,
    seeds: int = 1,
    **overrides: Unpack[ComparisonSettings],
) -> tuple[Result, ...]:
    """Train baselines from unigram to transformer on one text and compare them: one split, one tokenizer.

    With several seeds, each baseline is trained several times on the same split, from other initial weights and with
    its batches in another order. The results are then means, with their standard deviation: a difference between two
    models that is smaller than that may be luck.

    They are compared in bits per character of the whole validation text. Each trained baseline is a run in a subfolder
    of `out`, so `tlm.load_model("out/mlp/model.keras")` works (`out/mlp-seed-1` for the second seed); `out` also holds
    `compare.json`, `compare.csv` and `compare.png`. If a comparison is stopped, the same call with the same `out`
    continues it: finished runs are kept, and the run that was stopped continues from its last checkpoint.

    Args:
        source: As in `train`.
        out: str, path or None. A new folder, or that of the same comparison, stopped; None writes nothing.
        steps: int or None. Updates of each trained baseline. None: 2000.
        overwrite: bool. Whether an existing comparison in `out` may be replaced.
        progress: As in `train`. The expected time is shown first.
        name: str or None. Name of the source in compare.json.
        seeds: int from 1 to 100. Runs of each trained baseline: with `seed`, `seed` + 1, …
        **overrides: Settings of all recipes to change, such as `context_length=32`: of text, tokens, batches, `seed`
            and `jit_compile`.

    Returns:
        A tuple of `Result`, in the order of `BASELINES`.

    Raises:
        ValueError: if the text, a setting or `out` is invalid; then nothing is written.
    """
    seeds = _checks.whole_number("seeds", seeds, 1, 100)
    overrides = make_text_settings(source, overrides) | overrides
    recipes = make_recipes(steps, overrides)
    shared = recipes["bigram"]
    reporter = choose(progress)
    asked = {"recipes": {name: dataclasses.asdict(recipe) for name, recipe in recipes.items()}, "seeds": seeds}
    with experiment_folder.claimed(out, overwrite, "compare.json", "comparison", asked) as folder:
        documents = opened(source, **shared.reading)
        corpus = make_corpus(list(documents.texts()), shared, documents.locations, seeds)
        if not corpus.validation:
            raise _checks.refuse("validation", "must leave text for validation", shared.validation)
        comparison = Comparison(recipes, corpus, folder, reporter, train.source_name(source, name), seeds)
        results = comparison.run()
        write(results, folder, comparison.record)
    return results


def make_text_settings(source, overrides):
    """Return separator and split for a text of the user, as in training without a preset, as a dict."""
    if not auto.applies(source, None):
        return {}
    recipe = auto.advise(auto.look(source, overrides), {}, with_keras=False).recipe
    names = ("separator", "split") if recipe.validation else ("separator",)
    return {name: getattr(recipe, name) for name in names if name not in overrides}


def write(results: Sequence[Result], folder: ExperimentFolder, record: dict[str, Any]) -> None:
    """Write `compare.json`, `compare.csv` and `compare.png` into the folder of a comparison, if it has one."""
    if folder.path is None:
        return
    rows = [dataclasses.asdict(result) for result in results]
    if all(result.deviation is None for result in results):
        rows = [{name: row[name] for name in row if name not in ("seeds", "deviation")} for row in rows]
    _csv_files.write(folder.path / "compare.csv", rows)
    plots.save(plots.draw_comparison(rows), folder.path / "compare.png")
    folder.finish(record, rows)  # last: with results, it is finished
