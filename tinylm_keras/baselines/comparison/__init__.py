"""The ladder: one text, one tokenizer, and models from counting to attention, each judged by what its idea buys."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
from typing import TYPE_CHECKING, Any

from tinylm_keras import _checks, _csv_files, _folders, plots
from tinylm_keras._files import atomic_path
from tinylm_keras.baselines.comparison.climb import Climb as Climb
from tinylm_keras.baselines.comparison.climb import Rung as Rung
from tinylm_keras.baselines.comparison.ideas import IDEAS as IDEAS
from tinylm_keras.baselines.comparison.ideas import Idea as Idea
from tinylm_keras.baselines.comparison.ideas import make_recipes as make_recipes
from tinylm_keras.text.documents import opened
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training import train
from tinylm_keras.training.progress import choose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from tinylm_keras._types import Path, Source
    from tinylm_keras.recipe.settings_types import ComparisonSettings
    from tinylm_keras.text.documents import Documents

__all__ = ["IDEAS", "Climb", "Idea", "Rung", "compare", "make_recipes", "write"]


def compare(
    source: Source | Documents = "stories",
    out: Path | None = None,
    steps: int | None = None,
    overwrite: bool = False,
    progress: Any = "auto",
    name: str | None = None,
    **overrides: Unpack[ComparisonSettings],
) -> tuple[Rung, ...]:
    """Climb the ladder on a text: train and count all its models on one split with one tokenizer, and judge them.

    The measure is bits per character of the whole validation text. Each trained rung is a run of its own in `out`, so
    `tlm.load_model("out/mlp/model.keras")` works; beside them are `compare.json`, `compare.csv` and `compare.png`.

    Args:
        source: As in `train`.
        out: str, path or None. A new folder; None writes nothing.
        steps: int or None. Updates of each trained rung. None: 2000.
        overwrite: bool. Whether `out` may exist already.
        progress: As in `train`. The time that it will take is said before it begins.
        name: str or None. What the records call the source.
        **overrides: Settings of all recipes to change, such as `context_length=32`: of text, tokens, batches, `seed`
            and `jit_compile`.

    Returns:
        A tuple of `Rung`, in the order of the ladder.

    Raises:
        ValueError: if the text, a setting or `out` will not do; nothing is written then.
    """
    recipes = make_recipes(steps, overrides)
    shared = recipes["bigram"]
    reporter = choose(progress)
    with contextlib.nullcontext() if out is None else _folders.claimed(out, overwrite, "comparison") as folder:
        documents = opened(source, **shared.reading)
        corpus = corpora.make(list(documents.texts()), shared, locations=documents.locations)
        if not corpus.validation:
            raise _checks.refuse("validation", "must leave text to judge by", shared.validation)
        climb = Climb(recipes, corpus, folder, reporter, train.source_name(source, name))
        rungs = climb.run()
        if folder is not None:
            write(rungs, folder, climb.record)
    return rungs


def write(rungs: Sequence[Rung], folder: Path, record: dict[str, Any]) -> None:
    """Write `compare.json`, `compare.csv` and `compare.png` into a folder."""
    rows = [dataclasses.asdict(rung) for rung in rungs]
    folder = pathlib.Path(folder)
    with atomic_path(folder / "compare.json") as path:
        path.write_text(json.dumps({**record, "rungs": rows}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _csv_files.write(folder / "compare.csv", rows)
    plots.save(plots.draw_ladder(rows), folder / "compare.png")
