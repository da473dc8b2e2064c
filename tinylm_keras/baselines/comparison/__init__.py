"""Compares baselines from counting to attention on one text, with one tokenizer, in bits per character."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks, _csv_files, _folders, plots
from tinylm_keras._files import atomic_path
from tinylm_keras.baselines.comparison.baseline import BASELINES as BASELINES
from tinylm_keras.baselines.comparison.baseline import Baseline as Baseline
from tinylm_keras.baselines.comparison.baseline import make_recipes as make_recipes
from tinylm_keras.baselines.comparison.comparison import Comparison as Comparison
from tinylm_keras.baselines.comparison.comparison import Result as Result
from tinylm_keras.text.documents import opened
from tinylm_keras.training import auto, train
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training.progress import choose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from tinylm_keras._types import Path, Source
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
    **overrides: Unpack[ComparisonSettings],
) -> tuple[Result, ...]:
    """Train baselines from unigram to transformer on one text and compare them: one split, one tokenizer.

    They are compared in bits per character of the whole validation text. Each trained baseline is a run in a subfolder
    of `out`, so `tlm.load_model("out/mlp/model.keras")` works; `out` also holds `compare.json`, `compare.csv` and
    `compare.png`.

    Args:
        source: As in `train`.
        out: str, path or None. A new folder; None writes nothing.
        steps: int or None. Updates of each trained baseline. None: 2000.
        overwrite: bool. Whether an existing comparison in `out` may be replaced.
        progress: As in `train`. The expected time is shown first.
        name: str or None. Name of the source in compare.json.
        **overrides: Settings of all recipes to change, such as `context_length=32`: of text, tokens, batches, `seed`
            and `jit_compile`.

    Returns:
        A tuple of `Result`, in the order of `BASELINES`.

    Raises:
        ValueError: if the text, a setting or `out` is invalid; then nothing is written.
    """
    overrides = make_text_settings(source, overrides) | overrides
    recipes = make_recipes(steps, overrides)
    shared = recipes["bigram"]
    reporter = choose(progress)
    with contextlib.nullcontext() if out is None else _folders.claimed(out, overwrite, "comparison") as folder:
        documents = opened(source, **shared.reading)
        corpus = corpora.make(list(documents.texts()), shared, locations=documents.locations)
        if not corpus.validation:
            raise _checks.refuse("validation", "must leave text for validation", shared.validation)
        comparison = Comparison(recipes, corpus, folder, reporter, train.source_name(source, name))
        results = comparison.run()
        if folder is not None:
            write(results, folder, comparison.record)
    return results


def make_text_settings(source, overrides):
    """Return separator and split for a text of the user, as in training without a preset, as a dict."""
    if not auto.applies(source, None):
        return {}
    recipe = auto.advise(auto.look(source, overrides), {}, with_keras=False).recipe
    names = ("separator", "split") if recipe.validation else ("separator",)
    return {name: getattr(recipe, name) for name in names if name not in overrides}


def write(results: Sequence[Result], folder: Path, record: dict[str, Any]) -> None:
    """Write `compare.json`, `compare.csv` and `compare.png` into a folder."""
    rows = [dataclasses.asdict(result) for result in results]
    folder = pathlib.Path(folder)
    with atomic_path(folder / "compare.json") as path:
        path.write_text(json.dumps({**record, "results": rows}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _csv_files.write(folder / "compare.csv", rows)
    plots.save(plots.draw_comparison(rows), folder / "compare.png")
