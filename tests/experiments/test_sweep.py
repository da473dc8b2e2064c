"""Laws of the sweep: one split, every value a result, and a stopped sweep continues where it stopped."""

import csv
import json
import math

import pytest

import tinylm_keras as tlm
from tinylm_keras import plots, stories
from tinylm_keras.experiments import runs, sweeping
from tinylm_keras.experiments.sweep import marked
from tinylm_keras.training import run_record
from tinylm_keras.training.progress import Silent

TEXTS = stories.write(24)
TINY = {"steps": 4, "evaluate_every": 2, "context_length": 24, "batch_size": 4, "jit_compile": False}


class Listener(Silent):
    """Keeps what a sweep shows."""

    def __init__(self):
        self.lines, self.said, self.steps = [], [], []

    def start(self, lines, steps):
        self.lines, self.total = lines, steps

    def step(self, step, steps, *others):
        self.steps.append((step, steps))

    def say(self, text):
        self.said.append(text)


def test_a_stopped_sweep_continues_the_run_that_was_stopped_and_keeps_the_finished_one(tmp_path, monkeypatch):
    out, call = tmp_path / "out", {"preset": "bigram", "learning_rate": [0.01, 0.02], **TINY}

    def stop(self, row, sample, best):
        if self.before and row["step"] == 2:  # in the second run
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(runs._Follower, "evaluation", stop)
        tlm.sweep(TEXTS, out=out, progress=None, **call)
    assert [run["name"] for run in json.loads((out / "sweep.json").read_text())["runs"]] == ["0.01"]
    first = (out / "0.01" / "model.keras").stat().st_mtime_ns
    [row] = (out / "0.02" / "history.csv").read_text().splitlines()[1:]

    with pytest.raises(ValueError, match=r"with other settings \(learning_rate=\[0.01, 0.02\], now \[0.01, 0.03\]\)"):
        tlm.sweep(TEXTS, out=out, progress=None, **call | {"learning_rate": [0.01, 0.03]})
    shown = Listener()
    results = tlm.sweep(TEXTS, out=out, progress=shown, **call)
    assert [result.value for result in results] == [0.01, 0.02]
    assert (out / "0.01" / "model.keras").stat().st_mtime_ns == first
    assert (out / "0.02" / "history.csv").read_text().splitlines()[1] == row  # not trained again
    assert json.loads((out / "0.02" / "recipe.json").read_text())["result"]["steps"] == 4
    assert shown.total == 8 and shown.steps[-1] == (8, 8)
    with pytest.raises(ValueError, match="`out` must be a new folder, but it exists"):
        tlm.sweep(TEXTS, out=out, progress=None, **call)

    model = tlm.load_model(out / "0.02" / "model.keras")
    record = run_record.read(out / "0.02")
    assert record.recipe.learning_rate == 0.02
    validation = sweeping.make_corpus(TEXTS, record.recipe).validation
    found = tlm.evaluation.evaluate(model, validation, layout=record.corpus["layout"])
    assert results[1].loss == pytest.approx(found.loss, rel=1e-5)
    assert sum(result.best for result in results) == 1


def test_table_picture_and_record_have_every_value_and_the_best(tmp_path, made_up):
    made_up.loss = lambda recipe: {0.001: 3.0, 0.01: 2.0, 0.1: math.nan}[recipe.learning_rate] + 0.1 * recipe.seed
    shown = Listener()
    values = [0.001, 0.01, 0.1]
    results = tlm.sweep(TEXTS, "stories", tmp_path / "out", progress=shown, seeds=3, learning_rate=values, steps=5)
    assert [recipe.seed for recipe in made_up.trained] == [0, 1, 2] * 3
    assert [result.diverged for result in results] == [0, 0, 3]
    assert results[1].best and results[1].loss == pytest.approx(2.1)
    assert results[1].deviation == pytest.approx(0.1 / math.log(2))
    assert (results[2].loss, results[2].bits_per_character, results[2].deviation) == (None, None, None)
    with (tmp_path / "out" / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["learning_rate"] for row in rows] == ["0.001", "0.01", "0.1"]
    assert [row["best"] for row in rows] == ["False", "True", "False"]
    assert float(rows[0]["bits_per_character"]) == pytest.approx(3.1 / math.log(2))
    record = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert (record["setting"], record["values"], len(record["runs"])) == ("learning_rate", values, 9)
    assert record["runs"][6]["diverged"] == "The loss became nan at step 2."
    sentence = plots.alt_text(tmp_path / "out" / "sweep.png")
    assert "0.1 diverged" in sentence and sentence.endswith("Best: 0.01.")
    header = "3 values of learning_rate to train with 3 seeds each, 45 steps in all: about 9 min"
    assert shown.lines[-1].startswith(header)
    assert shown.said[2].startswith("learning_rate 0.1: 3 of 3 runs diverged")
    assert shown.said[0].startswith("learning_rate 0.001: 4.472 ± 0.144 bits per character, trained in")


def test_a_value_with_one_diverged_run_is_not_the_best(made_up):
    made_up.loss = lambda recipe: math.nan if (recipe.num_blocks, recipe.seed) == (1, 1) else float(recipe.num_blocks)
    results = tlm.sweep(TEXTS, "stories", progress=None, seeds=2, num_blocks=[1, 2], steps=5)
    assert [(result.loss, result.diverged, result.best) for result in results] == [(1.0, 1, False), (2.0, 0, True)]
    assert not any(result.best for result in marked([results[0]]))


def test_values_that_change_the_tokens_are_compared_on_the_same_texts(made_up, monkeypatch):
    corpora = []
    monkeypatch.setattr(sweeping, "Sweep", lambda swept, recipes, found, *rest: corpora.append(found) or Stop())
    with pytest.raises(KeyboardInterrupt):
        tlm.sweep(TEXTS, "stories", progress=None, tokenizer=["whitespace", "character"], steps=5)
    words, letters = corpora[0].values()
    assert words.validation == letters.validation
    assert words.tokenizer.vocabulary_size() != letters.tokenizer.vocabulary_size()


class Stop:
    def run(self, notes):
        raise KeyboardInterrupt


def test_a_text_of_ones_own_is_surveyed_and_trained_by_steps_without_counts(made_up, tmp_path):
    (tmp_path / "my.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    shown = Listener()
    tlm.sweep(tmp_path / "my.txt", progress=shown, learning_rate=[0.001, 0.01])
    assert [recipe.learning_rate for recipe in made_up.trained] == [0.001, 0.01]
    for recipe in made_up.trained:
        assert (recipe.steps, recipe.minutes, recipe.mix_counts, recipe.prompt) == (500, None, False, None)
    assert shown.lines[0].startswith("Found: ")
    assert not any("counts of the text are mixed" in line or "mix_counts" in line for line in shown.lines)


def test_the_runs_of_all_seeds_name_the_texts_that_are_held_out():
    recipe = tlm.presets.get("stories")
    one, several = (sweeping.make_corpus(TEXTS, recipe, seeds=count) for count in (1, 3))
    assert one.kept is None and one.validation == several.validation and one.train == several.train
    other = tlm.presets.override(recipe, seed=recipe.seed + 1)
    again = sweeping.make_corpus(TEXTS, other, kept=several.record()["kept"])
    assert again.validation == one.validation  # as an evaluation of the second run will read it


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"learning_rate": [0.1, 0.2], "minutes": 3}, "`minutes` must be left out, so that all values have the same"),
        ({"learning_rate": [0.1, 0.2], "seeds": 0}, "`seeds` must be a whole number from 1 to 100. Received: seeds=0."),
        ({"window": [3, 4]}, "`window` belongs to the model 'mlp', and this model is 'minilm'."),
        ({"num_heads": [4, 5]}, "`num_heads` must divide `embed_dim`."),
        ({"learning_rate": [0.1, 0.2], "validation": 0.0}, "`validation` must leave text for validation."),
        ({"learning_rate": [0.1, 0.2], "progress": "loud"}, "`progress` must be one of"),
        ({"learning_rate": [0.1, 0.2], "preset": "no"}, "`preset` must be one of"),
        ({"learning_rate": [0.1, 0.2], "seed": 2**31 - 1, "seeds": 2}, "`seed` must be a whole number from 0 to"),
    ],
)
def test_a_mistake_writes_nothing_and_trains_nothing(tmp_path, made_up, settings, line):
    with pytest.raises(ValueError) as refused:
        tlm.sweep(TEXTS, **{"preset": "stories", "out": tmp_path / "out", "progress": None, **settings})
    assert str(refused.value).startswith(line)
    assert not made_up.trained and not list(tmp_path.iterdir())
