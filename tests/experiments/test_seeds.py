"""A comparison with several seeds: means and deviations, and without them everything as it was."""

import csv
import json
import math

import pytest

import tinylm_keras as tlm
from tinylm_keras import plots, stories
from tinylm_keras.experiments.spread import mean_and_deviation
from tinylm_keras.training.progress import Silent

TEXTS = stories.write(40)
SETTINGS = {"steps": 4, "context_length": 16, "seed": 5}


def compared(folder):
    """The results of the folder of a comparison: of compare.csv, and of compare.json."""
    with (folder / "compare.csv").open() as file:
        return list(csv.DictReader(file)), json.loads((folder / "compare.json").read_text())["results"]


def test_each_trained_model_has_the_mean_and_the_deviation_of_its_seeds(tmp_path, made_up):
    results = tlm.compare(TEXTS, tmp_path / "out", progress=None, seeds=3, **SETTINGS)
    assert [recipe.seed for recipe in made_up.trained] == [5, 6, 7] * 4
    for result in results:
        if result.trained:
            assert (result.seeds, result.loss) == (3, pytest.approx(1.6))
            assert result.deviation == pytest.approx(0.1 / math.log(2))
        else:
            assert (result.seeds, result.deviation) == (1, None)
    assert len({result.perplexity for result in results if result.trained}) == 1
    for rows in compared(tmp_path / "out"):
        assert [str(row["seeds"]) for row in rows] == ["1", "3", "1", "3", "3", "1", "3"]
        assert float(rows[1]["deviation"]) == pytest.approx(results[1].deviation)
    assert "average " in plots.alt_text(tmp_path / "out" / "compare.png")
    assert plots.alt_text(tmp_path / "out" / "compare.png").count("±") == 4


def test_with_one_seed_table_and_picture_are_as_without_the_argument(tmp_path, made_up):
    results = tlm.compare(TEXTS, tmp_path / "out", progress=None, **SETTINGS)
    assert {result.seeds for result in results} == {1} and {result.deviation for result in results} == {None}
    names = ["name", "bits_per_character", "perplexity", "loss", "trained", "parameters", "steps", "seconds", "line"]
    for rows in compared(tmp_path / "out"):
        assert all(list(row) == names for row in rows)
    assert "±" not in plots.alt_text(tmp_path / "out" / "compare.png")


def test_a_stopped_comparison_continues_with_the_next_run(tmp_path, made_up):
    made_up.stop_at = 3
    call = {"out": tmp_path / "out", "progress": None, "seeds": 2, **SETTINGS}
    with pytest.raises(KeyboardInterrupt):
        tlm.compare(TEXTS, **call)
    made_up.stop_at, trained = None, list(made_up.trained)
    with pytest.raises(ValueError, match=r"`out` holds a stopped comparison with other settings \(steps=4, now 9\)"):
        tlm.compare(TEXTS, **call | {"steps": 9})
    results = tlm.compare(TEXTS, **call)
    assert len(trained) == 3 and len(made_up.trained) == 8
    assert {result.seeds for result in results if result.trained} == {2}
    folders = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert folders == {f"{name}{end}" for name in ("average", "bigram", "mlp", "minilm") for end in ("", "-seed-6")}


def test_a_stopped_comparison_is_not_continued_on_another_text(tmp_path, made_up):
    made_up.stop_at = 1
    call = {"out": tmp_path / "out", "progress": None, **SETTINGS}
    with pytest.raises(KeyboardInterrupt):
        tlm.compare(TEXTS, **call)
    before, made_up.stop_at = (tmp_path / "out" / "compare.json").read_bytes(), None
    with pytest.raises(ValueError, match="`out` holds a stopped comparison of another text"):
        tlm.compare(TEXTS[1:], **call)
    assert (tmp_path / "out" / "compare.json").read_bytes() == before and len(made_up.trained) == 1


def test_the_time_is_that_of_all_seeds(made_up):
    shown = []
    reporter = Silent()
    reporter.start = lambda lines, steps: shown.append((lines[1], steps))
    tlm.compare(TEXTS, progress=reporter, seeds=2, **SETTINGS)
    assert shown[0][0].startswith("4 models to train with 2 seeds each, 32 steps in all: about 8 min")
    assert shown[0][1] == 32


def test_the_deviation_is_that_of_a_sample():
    mean, deviation = mean_and_deviation([1.0, 2.0, 4.0])
    assert (mean, deviation) == (pytest.approx(7 / 3), pytest.approx(math.sqrt(7 / 3)))
    assert mean_and_deviation([3.0]) == (3.0, None)
