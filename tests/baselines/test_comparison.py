"""Laws of the comparison: one split, one tokenizer, one validation text, and the order in which the baselines end."""

import csv
import json
import math
import re

import numpy as np
import pytest

import tinylm_keras as tlm
from tinylm_keras import data, evaluation, load_model, stories
from tinylm_keras.baselines import comparison, count_models
from tinylm_keras.experiments.runs import Runs
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training import run_record
from tinylm_keras.training.progress import Silent

NAMES = ["unigram", "average", "bigram counts", "bigram", "mlp", "n-gram counts", "minilm"]
TRAINED = ["average", "bigram", "mlp", "minilm"]


class Listener(Silent):
    """Keeps what a comparison shows."""

    def __init__(self):
        self.lines, self.said, self.steps, self.total = [], [], [], 0

    def start(self, lines, steps):
        self.lines, self.total = lines, steps

    def step(self, step, *others):
        self.steps.append(step)

    def say(self, text):
        self.said.append(text)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A short comparison on a few stories in one file: its results, its folder and what it showed."""
    folder = tmp_path_factory.mktemp("comparison")
    source = folder / "stories.txt"
    source.write_text("\n".join(stories.write(40)), encoding="utf-8")
    shown = Listener()
    settings = {"steps": 24, "context_length": 16, "jit_compile": False, "seed": 5}
    results = comparison.compare(source, folder / "out", progress=shown, **settings)
    return results, folder, shown


def test_every_baseline_is_there_in_its_order_and_explains_itself(compared):
    results, _, _ = compared
    assert [result.name for result in results] == NAMES
    assert [result.name for result in results if result.trained] == TRAINED
    assert all(len(result.line) > 40 and result.line.endswith(".") for result in results)
    assert "worse than a bigram model" in results[1].line
    assert [result.steps for result in results] == [0, 24, 0, 24, 24, 0, 24]


def test_all_learn_one_split_with_one_tokenizer(compared):
    _, folder, _ = compared
    records = [json.loads((folder / "out" / name / "recipe.json").read_text()) for name in TRAINED]
    assert len({json.dumps(record["corpus"], sort_keys=True) for record in records}) == 1
    for setting in ("tokenizer", "validation", "seed", "separator", "context_length", "batch_size", "steps"):
        assert len({record["recipe"][setting] for record in records}) == 1, setting
    words = [load_model(folder / "out" / name / "model.keras").tokenizer.get_vocabulary() for name in TRAINED]
    assert words[0] == words[1] == words[2] == words[3]


def test_every_baseline_is_evaluated_on_the_whole_validation_text(compared):
    results, folder, _ = compared
    recipe = run_record.read(folder / "out" / "mlp").recipe
    train, validation = corpora.divide(data.read(folder / "stories.txt", separator=recipe.separator), recipe)
    for result in results:
        if result.trained:
            model = load_model(folder / "out" / result.name / "model.keras")
            found = evaluation.evaluate(model, validation, layout="packed")
            assert (result.loss, result.bits_per_character) == pytest.approx(
                (found.loss, found.bits_per_character), rel=1e-5
            )
            assert result.parameters == model.count_params()
    seen, evaluated = (data.concatenate(texts, model.tokenizer) for texts in (train, validation))
    pairs = count_models.bigram_nats(seen.ids, evaluated.ids, model.tokenizer.vocabulary_size())
    single = np.log(count_models.unigram_perplexity(seen.ids, evaluated.ids[1:]))
    model = tlm.NGramLM.count(seen, model.tokenizer)
    assert model.order > 2
    longer = -model.score(evaluated.ids).mean()
    assert [results[0].loss, results[2].loss, results[5].loss] == pytest.approx([single, pairs, longer])
    assert results[5].parameters == model.count_params()
    for result in results:
        assert result.perplexity == pytest.approx(math.exp(result.loss))
        assert result.bits_per_character == pytest.approx(
            result.loss / math.log(2) * evaluated.tokens / evaluated.characters
        )


def test_table_and_picture_are_written_beside_the_runs(compared):
    results, folder, _ = compared
    out = folder / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["compare.json", "compare.csv", "compare.png", *TRAINED]
    )
    assert (out / "compare.png").read_bytes().startswith(b"\x89PNG")
    record = json.loads((out / "compare.json").read_text())
    assert [result["bits_per_character"] for result in record["results"]] == [
        result.bits_per_character for result in results
    ]
    assert record["source"] == str(folder / "stories.txt") and record["estimated_seconds"] > 0
    with (out / "compare.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["name"], float(row["loss"])) for row in rows] == [(result.name, result.loss) for result in results]


def test_the_time_is_said_before_it_begins_and_the_steps_count_up_to_the_end(compared):
    _, _, shown = compared
    assert re.fullmatch(
        r"4 models to train, 96 steps in all: about .* on this machine, a guess until .*",
        shown.lines[1],
    )
    assert "a guess until the first model is trained" in shown.lines[1]
    later = [line for line in shown.said if "to go: about" in line]
    assert [re.search(r"; (\d models?) to go", line)[1] for line in later] == ["3 models", "2 models", "1 model"]
    assert shown.total == 96 == shown.steps[-1]
    assert shown.steps == sorted(shown.steps)
    assert [line.split(":")[0] for line in shown.said] == NAMES


def test_the_time_that_is_left_follows_the_pace_of_the_models_that_were_trained():
    runs = object.__new__(Runs)
    runs.recipes = runs.estimates = {"average": 200.0, "bigram": 100.0, "mlp": 300.0, "minilm": 1400.0}
    runs.measured = {}
    assert runs.left(runs.recipes) == 2000
    runs.measured["average"] = 20.0
    assert runs.pace("average") == ", trained in 20 s; 3 models to go: about 3 min 0 s at this pace"
    runs.measured["bigram"] = 40.0
    assert runs.pace("bigram").endswith("about 5 min 40 s at this pace")


def test_a_context_shorter_than_the_window_makes_the_window_shorter():
    assert comparison.make_recipes(overrides={"context_length": 4})["mlp"].window == 4


def test_a_bad_setting_writes_nothing(tmp_path):
    for settings, message in (
        (
            {"num_heads": 2},
            "`num_heads` must be left out: each model of the comparison has its own. Received: num_heads=2.",
        ),
        ({"steps": 0}, "`steps` must be a whole number from 1"),
        ({"validation": 0.0}, "`validation` must leave text for validation. Received: validation=0.0."),
        ({"progress": "loud"}, "`progress` must be one of"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            comparison.compare(stories.write(20), tmp_path / "out", **{"progress": None, **settings})
    assert not list(tmp_path.iterdir())
