"""Runs whose recipe follows from the text, and models that a run mixes with counts."""

import json
import pathlib
import random
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import tinylm_keras as tlm
from tests.training.test_resume import numbers
from tinylm_keras import evaluation, load_model
from tinylm_keras.training import auto, mixing, patience, time_budget
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training.progress import Silent
from tinylm_keras.training.train import train

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures"
DRAW = random.Random(3)
NAMES = ["".join(DRAW.choices(("ka", "li", "mo", "nu", "re"), k=DRAW.randrange(2, 5))) for _ in range(500)]
SIZES = {"embed_dim": 8, "num_heads": 1, "num_blocks": 1, "feed_forward_dim": 8, "batch_size": 16}
TINY = {**SIZES, "steps": 6, "evaluate_every": 3, "prompt": None, "progress": None}

# Updates are one by one, so that a run can stop anywhere; the process kills itself.
CHILD = """
import sys
from tests.training.test_auto import NAMES, TINY, train
from tests.training.test_resume import Killer
import tinylm_keras.training.checkpoint_manager as checkpoints
checkpoints.SAVE_INTERVAL, checkpoints.SAVE_COST = 0.0, 0
train(NAMES, out=sys.argv[1], **{**TINY, "jit_compile": False, "progress": Killer(4)})
"""


class Lines(Silent):
    """What a run says."""

    def __init__(self):
        self.said = []

    def start(self, lines, steps):
        self.said += lines

    def finish(self, lines):
        self.said += lines


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    """A finished run of auto on a file: its folder, its model, and what it said."""
    folder, shown = tmp_path_factory.mktemp("auto"), Lines()
    (folder / "names.txt").write_text("\n".join(NAMES))
    model = train(folder / "names.txt", out=folder / "run", **{**TINY, "jit_compile": False, "progress": shown})
    return folder / "run", model, shown.said


def record(folder):
    return json.loads((folder / "recipe.json").read_text())


# What applies


@pytest.mark.parametrize(
    ("source", "preset", "applies"),
    [
        ("my.txt", None, True),
        (["a", "b"], None, True),
        (pathlib.Path("stories"), None, True),
        ("tfds:poems", None, True),
        ("stories", None, False),
        ("stories:200", None, False),
        ("stories.txt", None, True),
        ("stories", "auto", True),
        ("my.txt", "fast", False),
        (None, None, False),
    ],
)
def test_auto_is_for_a_text_of_ones_own(source, preset, applies):
    assert auto.applies(source, preset) is applies


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "auto"}, "`source` or `data` must be given"),
        ({"source": ["a b"], "preset": "auto", "recipe": "x"}, "`preset` must be left out with `recipe`"),
        (
            {"source": ["ab", "cd"], "preset": "auto", "init": FIXTURES / "format_3.keras"},
            "`preset` chooses settings for the text of a new run",
        ),
        ({"data": "ids", "preset": "auto"}, "`folder` must be a folder of token files"),
        ({"source": "stories:20", "preset": "fats"}, "`preset` must be one of 'auto', 'stories'"),
        ({"source": [" ", "\n"]}, "`source` must hold text"),
    ],
)
def test_what_auto_cannot_choose_for_is_refused_in_one_line(arguments, message, tmp_path):
    with pytest.raises(ValueError) as refused:
        train(**arguments, out=tmp_path / "run", progress=None)
    assert str(refused.value).startswith(message) and "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


# A run


def test_the_reasons_are_said_first_and_recorded(mixture):
    folder, _, said = mixture
    written = record(folder)
    assert (written["recipe"]["preset"], written["recipe"]["separator"]) == ("auto", "\n")
    assert (written["recipe"]["embed_dim"], written["recipe"]["layout"]) == (8, "padded")
    assert said[0].startswith("Found: ")
    assert written["reasons"] == [line for line in said if line in written["reasons"]]
    assert {reason.split(":")[0] for reason in written["reasons"]} >= {"Texts", "Tokens", "Layout", "Validation"}
    assert written["corpus"]["separator"] == "\n"


def test_the_built_in_stories_stay_with_their_preset(tmp_path):
    train("stories:30", out=tmp_path / "run", **{**TINY, "steps": 1, "evaluate_every": 1})
    written = record(tmp_path / "run")
    assert (written["recipe"]["preset"], written["recipe"]["mix_counts"]) == ("stories", False)
    assert not written.get("reasons")


def test_a_finished_run_holds_the_mixture_and_the_network_that_continues(mixture):
    folder, model, said = mixture
    best, last = load_model(folder / "model.keras"), load_model(folder / "last.keras")
    assert (type(best), type(last)) == (tlm.MixtureLM, tlm.RotaryLM)
    assert isinstance(model, tlm.MixtureLM)
    assert all(np.array_equal(*pair) for pair in zip(best.get_weights(), model.get_weights(), strict=True))
    assert best.generate("ka", seed=3) == model.generate("ka", seed=3)
    assert any(line.startswith("Counting alone (n-grams up to ") for line in said)
    [line] = [line for line in said if line.startswith("Mixed with counts: ")]
    assert "nan" not in line
    assert any(line.startswith("Copies: in 20 samples, the longest stretch") for line in said)


def test_an_export_of_the_network_alone_says_how_much_better_the_mixture_is(mixture):
    folder, _, said = mixture
    [line] = [line for line in said if line.startswith("Mixed with counts: ")]
    mixed, network, _ = re.findall(r"\d+\.\d{3}", line)
    [note] = tlm.interop.export(folder, folder.parent / "network.safetensors", "safetensors").notes
    words = f"without the counts: {network} bits per character of the validation text, {mixed} with them."
    assert note == f"The network alone is exported, {words}"


def test_the_counts_of_a_finished_run_are_those_of_all_its_text_and_evaluation_leaves_them_out(mixture):
    folder, model, _ = mixture
    texts = tlm.data.read(folder.parent / "names.txt", separator="\n")
    again = tlm.NGramLM.count(texts, model.tokenizer, order=model.counts.order)
    assert again.get_config()["num_counts"] == model.counts.get_config()["num_counts"]
    corpus = corpora.make(texts, tlm.presets.Recipe.from_json(json.dumps(record(folder)["recipe"])), model.tokenizer)
    honest = evaluation.with_counts_of(model, corpus.train)
    one, other = (evaluation.evaluate(which, corpus.validation, layout="padded") for which in (honest, model))
    assert one.counts_bits_per_character > other.counts_bits_per_character
    assert one.bits_per_character > other.bits_per_character
    assert np.array_equal(honest.shares, model.shares)


def test_the_command_evaluates_a_mixture_without_the_counts_of_its_validation_text(mixture, capsys):
    from tinylm_keras.cli import main

    folder, model, _ = mixture
    texts = tlm.data.read(folder.parent / "names.txt", separator="\n")
    corpus = corpora.make(texts, tlm.presets.Recipe.from_json(json.dumps(record(folder)["recipe"])), model.tokenizer)
    honest = evaluation.with_counts_of(model, corpus.train)
    how = {"layout": "padded", "training": corpus.train, "separator": "\n"}
    expected = evaluation.evaluate(honest, corpus.validation, **how)
    for source in ([], [str(folder.parent / "names.txt")]):
        assert main(["evaluate", str(folder), *source, "--no-copies", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["text"]["bits_per_character"] == pytest.approx(expected.bits_per_character, rel=1e-6)
        assert found["copies"] == []


def test_recipe_repeats_a_run_exactly(mixture, tmp_path):
    folder, model, _ = mixture
    again = train(folder.parent / "names.txt", recipe=folder, out=tmp_path / "run", progress=None)
    assert all(np.array_equal(*pair) for pair in zip(again.get_weights(), model.get_weights(), strict=True))
    assert record(tmp_path / "run")["recipe"] == record(folder)["recipe"]


def test_a_killed_run_that_mixes_resumes_exactly(mixture, tmp_path):
    command = [sys.executable, "-c", CHILD, str(tmp_path / "run")]
    assert subprocess.run(command, check=False).returncode == -9
    assert isinstance(load_model(tmp_path / "run" / "last.keras"), tlm.RotaryLM)
    resumed, whole = train(NAMES, resume=tmp_path / "run", progress=None), mixture[1]
    assert isinstance(resumed, tlm.MixtureLM)
    assert all(np.array_equal(*pair) for pair in zip(numbers(resumed), numbers(whole), strict=True))
    assert len(record(tmp_path / "run")["reasons"]) == len(record(mixture[0])["reasons"])


def test_a_finished_mixture_becomes_longer(mixture, tmp_path):
    folder = mixture[0]
    shutil.copytree(folder, tmp_path / "run")
    source = folder.parent / "names.txt"
    longer = train(source, resume=tmp_path / "run", steps=9, progress=None)
    assert isinstance(longer, tlm.MixtureLM)
    assert record(tmp_path / "run")["result"]["steps"] == 9
    assert isinstance(load_model(tmp_path / "run" / "model.keras"), tlm.MixtureLM)
    shown = Lines()
    begun = train(source, init=folder / "model.keras", out=tmp_path / "new", steps=1, evaluate_every=1, progress=shown)
    assert isinstance(begun, tlm.MixtureLM)
    assert isinstance(load_model(tmp_path / "new" / "last.keras"), tlm.RotaryLM)
    assert begun.network.get_config()["embed_dim"] == 8
    assert (
        "Training continues with the network of the model; its counts are replaced by those of this text." in shown.said
    )


# When it ends


def rows(*losses):
    return [{"step": 10 * (place + 1), "val_loss": loss, "loss": 1.0} for place, loss in enumerate(losses)]


def test_patience_counts_the_evaluations_after_the_best_and_after_a_run_became_longer():
    assert not patience.is_over([], 1)
    assert not patience.is_over(rows(3, 2, 2.5), 2)
    assert patience.is_over(rows(3, 2, 2.5, 2), 2)
    assert not patience.is_over(rows(3, 2, 2.5, 2), None)
    assert not patience.is_over(rows(3, 2, 2.5, 2), 2, since=40)
    assert patience.is_over(rows(3, 2, 2.5, 2, 3, 3), 2, since=40)


def test_a_run_that_has_settled_ends_early_and_is_finished(tmp_path):
    slow = {**TINY, "steps": 40, "evaluate_every": 2, "patience": 2, "learning_rate": 1e-12, "mix_counts": False}
    shown = Lines()
    train(NAMES, out=tmp_path / "run", **{**slow, "progress": shown, "adam_ratio": 0.0, "weight_decay": 0.0})
    steps = record(tmp_path / "run")["result"]["steps"]
    assert steps < 40
    assert "Ended early: no improvement in 2 evaluations (patience)." in shown.said
    again = Lines()
    train(NAMES, resume=tmp_path / "run", progress=again)
    assert f"is finished: it ended early, at step {steps:,} of 40" in again.said[-1]
    train(NAMES, resume=tmp_path / "run", steps=50, progress=None)
    assert record(tmp_path / "run")["result"]["steps"] > steps


def test_a_run_by_minutes_keeps_room_for_counting_and_mixing(monkeypatch):
    recipe = tlm.presets.override(tlm.presets.get("fast"), **SIZES, minutes=3.0, prompt=None, mix_counts=True)
    corpus = corpora.make(["\n".join(NAMES)], recipe)
    counted = mixing.count(corpus, recipe)
    assert counted.bits_per_character > 0
    assert mixing.seconds_at_the_end(counted, 2.0) > counted.seconds + 2.0
    monkeypatch.setattr(time_budget, "_measure", lambda *_: time_budget.Costs(update=0.5, evaluation=0.5))
    steps = []
    for mixed in (False, True):
        from tinylm_keras.training import start

        model = start.new_model(recipe, corpus.tokenizer)
        mixture = mixing.RunMixture(model, counted) if mixed else None
        at_the_end = counted if mixed else None
        final, *_ = time_budget.lay_out(
            recipe, corpus, model, 0.0, mixture=mixture, counted=at_the_end, clock=lambda: 0.0
        )
        steps.append(final.steps)
    assert abs(0.5 * (steps[0] - steps[1]) - mixing.seconds_at_the_end(counted, 0.5)) <= 6  # whole calls


def test_of_a_long_text_a_part_is_counted_that_is_spread_over_it_and_the_line_says_so(monkeypatch):
    recipe = tlm.presets.override(tlm.presets.get("fast"), **SIZES, prompt=None, mix_counts=True)
    corpus = corpora.make(["\n".join(NAMES) + "\n" + "z" * 200], recipe)
    whole = mixing.count(corpus, recipe)
    monkeypatch.setattr(mixing, "MOST_TOKENS", 1_500)
    part = mixing.count(corpus, recipe)
    assert "tokens)" in whole.line and f", of 1,500 of {len(corpus.train_stream.ids):,})" in part.line
    assert part.counts.numbers < whole.counts.numbers
    ids = corpus.train_stream.ids
    assert sum(map(len, mixing.counted_parts(ids))) == 1_500
    z = corpus.tokenizer.tokenize("z")[0]
    assert part.counts.unigram[int(z)] > 0.01  # the end of the text is there too


# Small texts


@pytest.mark.parametrize(
    "text",
    [
        "ab",
        "hello world",
        "to be or not to be, that is the question\n",
        "a\nb\nc\n",
        "the same line\n" * 30,
        "春眠不觉晓，处处闻啼鸟。\n夜来风雨声，花落知多少。\n",
    ],
)
def test_the_smallest_texts_train(text, tmp_path):
    (tmp_path / "a.txt").write_text(text)
    model = train(tmp_path / "a.txt", out=tmp_path / "run", **{**TINY, "steps": 1, "evaluate_every": 1})
    assert record(tmp_path / "run")["recipe"]["validation"] == 0.0
    assert isinstance(model.generate(text[:1], max_new_tokens=3), str)
