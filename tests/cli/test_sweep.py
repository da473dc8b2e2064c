"""`tinylm sweep`: one option with several values; `tinylm compare --seeds`."""

import math

import pytest

from tinylm_keras import stories

SWEEP = ["sweep", "few.txt", "--preset", "stories", "--steps", "4"]


@pytest.fixture(autouse=True)
def few_stories(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "few.txt").write_text("\n".join(stories.write(20)), encoding="utf-8")


def rows(out):
    """The lines of a table by their first cell, split into cells."""
    lines = [line.split("  ") for line in out.splitlines()]
    return {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}


def test_the_table_has_every_value_and_names_the_best_and_those_that_diverged(tinylm, made_up, tmp_path):
    made_up.loss = lambda recipe: {0.001: 3.0, 0.01: 2.0, 0.1: math.nan}[recipe.learning_rate] + 0.1 * recipe.seed
    shown = tinylm(*SWEEP, "--learning-rate", "1e-3,1e-2,1e-1", "--seeds", "2")
    assert shown.code == 0
    table = rows(shown.out)
    assert table["learning_rate"][:2] == ["bits per character", "perplexity"]
    assert table["0.001"][0] == "4.400 ± 0.102" and table["0.001"][-1] != "best"
    assert table["0.01"][0] == "2.958 ± 0.102" and table["0.01"][-1] == "best"
    assert table["0.1"][-1] == "2 of 2 diverged"
    assert "Best: learning_rate 0.01. Generate text:  tinylm generate runs/few-sweep/0.01" in shown.err
    files = {path.name for path in (tmp_path / "runs" / "few-sweep").iterdir()}
    assert {"sweep.json", "sweep.csv", "sweep.png", "0.01", "0.01-seed-1"} <= files


def test_choices_and_whole_numbers_are_swept_too(tinylm, made_up):
    made_up.loss = lambda recipe: 1.0 if recipe.norm == "post" else 2.0
    shown = tinylm(*SWEEP, "--norm", "pre, post", "--out", "a")
    assert rows(shown.out)["post"][-1] == "best" and "±" not in shown.out
    made_up.loss = lambda recipe: 1.0 / recipe.num_blocks
    assert rows(tinylm(*SWEEP, "--num-blocks", "1,2,3", "--out", "b").out)["3"][-1] == "best"


def test_a_stopped_sweep_says_how_it_continues_and_does(tinylm, made_up):
    made_up.stop_at = 1
    shown = tinylm(*SWEEP, "--learning-rate", "1e-3,1e-2")
    assert shown.code == 130
    assert "To continue, give the same command with --out runs/few-sweep\n" in shown.err
    made_up.stop_at = None
    other = tinylm(*SWEEP, "--learning-rate", "1e-3,1e-1", "--out", "runs/few-sweep").refusal
    assert other.startswith("`--out` holds a stopped sweep with other settings (")
    shown = tinylm(*SWEEP, "--learning-rate", "1e-3,1e-2", "--out", "runs/few-sweep")
    assert shown.code == 0 and [recipe.learning_rate for recipe in made_up.trained] == [0.001, 0.01]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "A sweep needs one setting with several values, such as --learning-rate 0.0001,0.001,0.01."),
        (["--learning-rate", "1e-3"], "A sweep needs one setting with several values"),
        (
            ["--learning-rate", "1e-3,1e-2", "--dropout", "0.1,0.2"],
            "`--learning-rate` must have one value, because `--dropout` has several. "
            "Received: --learning-rate 0.001,0.01. Make a sweep for each.",
        ),
        (
            ["--learning-rate", "1e-3,x"],
            "`--learning-rate` must be a number in (0, 1e+09]. Received: --learning-rate x.",
        ),
        (["--learning-rate", "1e-3,"], "`--learning-rate` must be a number in (0, 1e+09]."),
        (["--dropout", "0,5"], "`--dropout` must have a decimal point; commas separate several numbers."),
        (["--norm", "pre,past"], "`--norm` must be one of 'pre', 'post'. Received: --norm past."),
        (["--num-blocks", "2,2"], "`--num-blocks` must have 2 to 100 different values. Received: --num-blocks 2,2."),
        (["--seed", "1,2"], "`--seed` must have one value: it is varied by `--seeds`. Received: --seed 1,2."),
        (["--temperature", "0.5,1.0"], "`--temperature` must have one value: it does not change the loss."),
        (["--num-heads", "4,5"], "`--num-heads` must divide `--embed-dim`"),
        (["--window", "3,4"], "`--window` belongs to the model 'mlp', and this model is 'minilm'."),
        (["--learning-rate", "1e-3,1e-2", "--seeds", "x"], "`--seeds` must be a whole number. Received: --seeds x."),
        (["--learning-rate", "1e-3,1e-2", "--seeds", "0"], "`--seeds` must be a whole number from 1 to 100."),
        (["--learning-rate", "1e-3,1e-2", "--preset", "no"], "`--preset` must be one of"),
        (["--learning-rate", "1e-3,1e-2", "--validation", "0"], "`--validation` must leave text for validation."),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_trained_or_written(tinylm, made_up, tmp_path, arguments, line):
    assert tinylm(*SWEEP, *arguments).refusal.startswith(line)
    assert not made_up.trained and [path.name for path in tmp_path.iterdir()] == ["few.txt"]


def test_a_comparison_with_seeds_shows_means_and_deviations(tinylm, made_up):
    shown = tinylm("compare", "few.txt", "--steps", "4", "--context-length", "8", "--seeds", "3")
    assert shown.code == 0
    table = rows(shown.out)
    assert table["mlp"][0].endswith(" ± 0.144") and "3 × 4" in table["mlp"]
    assert "±" not in table["unigram"][0] and "counted" in table["unigram"]
    assert "±" not in tinylm("compare", "few.txt", "--steps", "4", "--context-length", "8", "--out", "b").out
    made_up.stop_at = 99
    assert tinylm("compare", "few.txt", "--seeds", "0").refusal.startswith("`--seeds` must be a whole number from 1 to")
