"""Laws of `train`, on a model of a few numbers and a text of a few words."""

import csv
import itertools
import json
import random
import re

import keras
import numpy as np
import pytest

from tinylm_keras import data, load_model, plots
from tinylm_keras.recipe.presets import get, override
from tinylm_keras.recipe.recipe import Recipe
from tinylm_keras.training import corpus as corpora
from tinylm_keras.training import start
from tinylm_keras.training.corpus import choose_layout, fingerprint
from tinylm_keras.training.progress import Silent
from tinylm_keras.training.train import train

TEXTS = [
    " ".join(words) for words in itertools.product(("a", "the"), ("cat", "dog", "owl"), ("sat", "ran"), ("", "far"))
]
TINY = {
    "preset": "tinylm",
    "context_length": 6,
    "embed_dim": 8,
    "num_heads": 1,
    "feed_forward_dim": 8,
    "num_blocks": 1,
    "dropout": 0.0,
    "learning_rate": 0.05,
    "batch_size": 8,
    "steps": 6,
    "evaluate_every": 2,
    "validation": 0.25,
    "prompt": None,
    "progress": None,
}


class Listener(Silent):
    """Collects what a run shows; `act` is called with each row of the history."""

    def __init__(self, act=lambda row: None):
        self.lines, self.rows, self.samples, self.act = [], [], [], act

    def start(self, lines, steps):
        self.lines += lines

    def evaluation(self, row, sample, best):
        self.rows.append({**row, "best": best})
        self.samples.append(sample)
        self.act(row)

    def finish(self, lines):
        self.lines += lines


def history(folder):
    with (folder / "history.csv").open() as file:
        return [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of seven updates: its folder, the model that came back, and what was shown."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    shown = Listener()
    settings = {**TINY, "steps": 7, "evaluate_every": 3, "prompt": "the", "max_new_tokens": 3, "progress": shown}
    model = train(TEXTS, out=folder, **settings)
    return folder, model, shown


def test_a_run_folder_holds_the_models_and_the_records(finished):
    folder, _, shown = finished
    names = ["history.csv", "last.keras", "loss.png", "model.keras", "previous.keras", "recipe.json", "samples.txt"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    samples = (folder / "samples.txt").read_text()
    assert samples == "".join(
        f"--- step {row['step']}\n{text}\n\n" for row, text in zip(shown.rows, shown.samples, strict=True)
    )
    assert all(text.startswith("the ") for text in shown.samples)


def test_a_run_makes_exactly_the_steps_asked_for(finished):
    folder, _, shown = finished
    assert [row["step"] for row in history(folder)] == [3, 6, 7]
    assert [row["step"] for row in shown.rows] == [3, 6, 7]
    assert int(load_model(folder / "last.keras").optimizer.iterations) == 7


def test_the_best_model_is_returned_and_kept(finished):
    folder, model, shown = finished
    losses = [row["val_loss"] for row in shown.rows]
    _, validation = data.split(TEXTS, 0.25, 0)
    for kept, expected in (
        (model, min(losses)),
        (load_model(folder / "model.keras"), min(losses)),
        (load_model(folder / "last.keras"), losses[-1]),
    ):
        evaluated = data.lines(validation, kept.tokenizer, context_length=6, shuffle=False)
        assert kept.evaluate(evaluated, return_dict=True, verbose=0)["loss"] == pytest.approx(expected, rel=1e-5)
    assert [row["best"] for row in shown.rows] == [loss == min(losses[: i + 1]) for i, loss in enumerate(losses)]


def test_the_model_alone_comes_back_and_its_history_has_the_rows_of_the_run(finished):
    folder, model, _ = finished
    assert isinstance(model, keras.Model)
    found = model.history.history
    assert {"step", "loss", "val_loss"} <= set(found)
    for name, values in found.items():
        written = [row[name] for row in history(folder)]
        assert len(values) == 3
        assert [written[i] for i, value in enumerate(values) if value is not None] == pytest.approx(
            [value for value in values if value is not None]
        )
    assert plots.draw(found).alt_text.startswith("Training and validation loss by step: ")


def test_the_recipe_tells_everything_about_the_run(finished):
    folder, model, _ = finished
    record = json.loads((folder / "recipe.json").read_text())
    assert record["recipe"]["steps"] == 7 and record["recipe"]["embed_dim"] == 8 and record["recipe"]["epochs"] is None
    assert record["corpus"]["sha256"] == fingerprint(TEXTS)
    assert (record["corpus"]["texts"], record["corpus"]["train_texts"], record["corpus"]["validation_texts"]) == (
        24,
        18,
        6,
    )
    assert record["corpus"]["characters"] == sum(map(len, TEXTS))
    assert record["model"] == {"class": "MiniLM", "parameters": model.count_params()}
    assert {"python", "keras", "numpy", "backend"} <= set(record["versions"])
    assert record["result"]["steps"] == 7
    assert record["result"]["best_val_loss"] == min(row["val_loss"] for row in history(folder))


def test_the_header_says_device_threads_xla_and_parameters(finished):
    _, model, shown = finished
    assert re.fullmatch(rf".+, \d+ threads, XLA (on|off), {model.count_params():,} parameters", shown.lines[0])
    assert "18 training texts, 6 validation texts" in shown.lines[1]
    assert "layout padded (as requested)" in shown.lines[1]
    assert shown.lines[2] == "7 steps, an evaluation every 3"
    assert shown.lines[-1].startswith("Written: ")


def test_generation_defaults_are_kept_in_the_file(finished):
    assert load_model(finished[0] / "model.keras").generation_defaults == {"temperature": 1.0, "max_new_tokens": 3}


def test_the_tokenizer_knows_only_the_training_text(finished):
    _, model, _ = finished
    words = {word for text in data.split(TEXTS, 0.25, 0)[0] for word in text.split()}
    assert set(model.tokenizer.get_vocabulary()[2:]) == words


def test_the_same_run_twice_is_the_same_and_another_seed_is_not():
    runs = [Listener() for _ in range(3)]
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    for seed, shown in zip((3, 3, 4), runs, strict=True):
        train(TEXTS, **{**TINY, "dropout": 0.3, "seed": seed, "progress": shown})
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    first, second, other = [[(row["loss"], row["val_loss"]) for row in shown.rows] for shown in runs]
    assert first == second != other


def test_without_out_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train(TEXTS, **{**TINY, "steps": 1})
    assert not list(tmp_path.iterdir())


def test_bad_input_writes_nothing_and_loses_nothing(tmp_path):
    file = tmp_path / "blank.txt"
    file.write_text("\n")
    old = tmp_path / "old"
    old.mkdir()
    (old / "model.keras").write_text("precious")
    new = tmp_path / "new"
    for source, settings, message in (
        (file, {}, "`source` must hold text"),
        (tmp_path / "missing.txt", {}, "`source` must be a file"),
        (
            TEXTS,
            {"model": "bigram"},
            "`embed_dim` belongs to the model 'minilm' or 'average' or 'rotary', and",
        ),
        (["x"], {}, "`validation` must leave text in both parts, but gives 1 texts for training and 0 for validation."),
        (TEXTS, {"embed_dim": 9, "num_heads": 2}, "`num_heads` must divide `embed_dim`"),
        (TEXTS, {"stepz": 9}, "Did you mean steps"),
        (TEXTS, {"preset": "x"}, "`preset` must be one of 'auto', 'stories', 'tinylm', "),
        (["a b"], {"layout": "packed", "validation": 0.0}, "must have at least 7 tokens"),
        (TEXTS, {"init": tmp_path / "none.keras"}, "`context_length` cannot be changed together with `init`"),
        (TEXTS, {"progress": "loud"}, "`progress` must be one of"),
    ):
        for out, overwrite in ((new, False), (old, True)):
            with pytest.raises(ValueError, match=re.escape(message)):
                train(source, out=out, overwrite=overwrite, **{**TINY, **settings})
    with pytest.raises(ValueError, match=re.escape("`out` must be a new folder, but it exists.")):
        train(TEXTS, out=old, **TINY)
    assert not new.exists()
    assert (old / "model.keras").read_text() == "precious"


def test_without_validation_the_best_is_the_lowest_training_loss(tmp_path):
    shown = Listener()
    train(TEXTS, out=tmp_path / "run", **{**TINY, "validation": 0.0, "progress": shown})
    record = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert "validation=0: no text is held out for validation; best means lowest training loss" in shown.lines
    assert record["result"]["best_loss"] == min(row["loss"] for row in shown.rows)
    assert "val_loss" not in shown.rows[0]


def test_ctrl_c_keeps_the_best_and_the_latest(tmp_path):
    def interrupt(row):
        if row["step"] == 4:
            raise KeyboardInterrupt

    shown = Listener(interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, out=tmp_path / "run", **{**TINY, "progress": shown})
    assert int(load_model(tmp_path / "run" / "last.keras").optimizer.iterations) == 4
    assert int(load_model(tmp_path / "run" / "model.keras").optimizer.iterations) in (2, 4)
    assert "Stopped at step 4 of 6." in shown.lines
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["result"]["steps"] == 4


def test_ctrl_c_before_the_first_evaluation_keeps_the_latest_as_both(tmp_path):
    class Impatient(Silent):
        def step(self, step, *others):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, out=tmp_path / "run", **{**TINY, "progress": Impatient()})
    for name in ("model.keras", "last.keras"):
        assert int(load_model(tmp_path / "run" / name).optimizer.iterations) >= 1


def test_a_loss_that_is_not_a_number_stops_the_run_and_the_good_files_stay(tmp_path):
    model = train(TEXTS, **{**TINY, "steps": 1})

    def poison(row):
        model.head.bias.assign(np.full(model.head.bias.shape, np.nan, "float32"))

    settings = {
        "preset": "tinylm",
        "steps": 6,
        "evaluate_every": 2,
        "validation": 0.25,
        "prompt": None,
        "batch_size": 8,
    }
    message = (
        "`learning_rate` is too high: the loss became nan at step 4. Received: learning_rate=0.05. "
        "The learning rate was 0.05 at that step; the best model (step 2) is kept. Try a learning rate ten times lower."
    )
    with pytest.raises(RuntimeError, match=re.escape(message)):
        train(
            TEXTS, out=tmp_path, overwrite=True, init=model, progress=Listener(poison), learning_rate=0.05, **settings
        )
    for name in ("model.keras", "last.keras"):
        kept = load_model(tmp_path / name)
        assert int(kept.optimizer.iterations) == 2
        assert all(np.isfinite(weight.numpy()).all() for weight in kept.weights)
    assert np.isfinite(model.head.bias.numpy()).all()


def test_a_model_goes_on_with_its_own_tokenizer_and_sizes(finished, tmp_path):
    folder, model, _ = finished
    shown = Listener()
    new_texts = [text.replace("cat", "yak") for text in TEXTS] + ["a gnu sat"]
    settings = {
        "steps": 2,
        "evaluate_every": 1,
        "validation": 0.2,
        "prompt": None,
        "layout": "padded",
        "progress": shown,
    }
    again = train(new_texts, out=tmp_path / "run", init=folder / "model.keras", **settings)
    assert again.tokenizer.get_vocabulary() == model.tokenizer.get_vocabulary()
    assert again.count_params() == model.count_params()
    assert int(again.optimizer.iterations) <= 2
    recipe = json.loads((tmp_path / "run" / "recipe.json").read_text())["recipe"]
    assert (recipe["embed_dim"], recipe["context_length"], recipe["norm"], recipe["end_token"]) == (8, 6, "post", None)
    assert (
        "9 words of this text are not in the model's vocabulary (2 different); most often 'yak' (8), 'gnu' (1)"
        in shown.lines
    )


@pytest.mark.parametrize("name", ["embed_dim", "max_tokens", "end_token", "norm"])
def test_what_a_model_fixes_cannot_be_changed_with_init(name):
    value = {"embed_dim": 8, "max_tokens": 50, "end_token": "<e>", "norm": "pre"}[name]
    message = (
        f"`{name}` cannot be changed together with `init`, whose sizes and tokenizer are kept. "
        f"Received: {name}={value!r}. Leave it out, or train a new model."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        train(TEXTS, init="any.keras", **{name: value})


def test_init_must_be_a_model_with_a_tokenizer():
    from tinylm_keras.models import MiniLM

    with pytest.raises(
        TypeError, match=re.escape("`init` must be the path of a .keras file or a model. Received: init=5.")
    ):
        train(TEXTS, init=5)
    bare = MiniLM(vocabulary_size=5, context_length=4, embed_dim=4, num_heads=1)
    with pytest.raises(ValueError, match=re.escape("`init` must be a model with a tokenizer. Received: init=<MiniLM")):
        train(TEXTS, init=bare)


def test_windows_are_trained_too_and_one_text_is_cut_in_two():
    shown = Listener()
    train([" ".join(TEXTS)], **{**TINY, "layout": "auto", "steps": None, "epochs": 2, "progress": shown})
    assert "1 training texts, 1 validation texts" in shown.lines[1]
    assert "layout packed (0 % of the texts fit into 6 tokens)" in shown.lines[1]
    assert shown.rows[-1]["val_bits_per_character"] > 0


# Every text has four words, so that every batch has the same number of tokens.
EVEN = [text.replace("sat ", "sat here").replace("ran ", "ran away") for text in TEXTS if not text.endswith("far")] * 2


@pytest.mark.parametrize("optimizer", ["adamw", "muon", "sgd"])
def test_four_batches_of_three_make_the_update_of_one_batch_of_twelve(optimizer):
    assert {len(text.split()) for text in EVEN} == {4} and len(EVEN) == 24
    models, shown = [], []
    for accumulate in (1, 4):
        shown.append(Listener())
        settings = {
            "validation": 0.0,
            "optimizer": optimizer,
            "global_clipnorm": 0.5,
            "weight_decay": 0.1,
            "warmup_steps": 2,
        }
        settings |= {
            "batch_size": 12 // accumulate,
            "gradient_accumulation_steps": accumulate,
            "min_learning_rate_ratio": 0.1,
            "steps": 8,
        }
        models.append(train(EVEN, **{**TINY, **settings, "evaluate_every": 4, "progress": shown[-1]}))
    for one, four in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, four, atol=2e-4)  # rounding, which Adam and Muon make larger
    for one, four in zip(*(listener.rows for listener in shown), strict=True):
        assert one["step"] == four["step"]
        assert one["learning_rate"] == pytest.approx(four["learning_rate"])
        assert one["loss"] == pytest.approx(four["loss"], rel=1e-4)
    assert [int(model.optimizer.iterations) for model in models] == [8, 8]
    assert "8 steps of 4 batches each, an evaluation every 4" in shown[1].lines


def test_accumulation_counts_updates_everywhere_also_with_xla_and_several_batches_in_a_call(tmp_path):
    class Pace(Listener):
        def step(self, step, steps, loss, validation, tokens_per_second, seconds_left):
            self.steps = [*getattr(self, "steps", []), step]

    shown = Pace()
    settings = {"validation": 0.0, "batch_size": 3, "gradient_accumulation_steps": 4, "steps": 9, "evaluate_every": 6}
    train(EVEN, out=tmp_path / "run", **{**TINY, **settings, "jit_compile": True, "progress": shown})
    record = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert record["plan"]["jit_compile"] and record["plan"]["steps_per_execution"] == 12
    assert [row["step"] for row in shown.rows] == [6, 9]
    assert shown.steps[-1] == 9
    last = load_model(tmp_path / "run" / "last.keras")
    assert int(last.optimizer.iterations) == 9 and int(last.optimizer._iterations) == 36


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_evaluation_batches_estimate_the_loss_of_both_parts(layout, tmp_path):
    shown = Listener()
    texts = [f"{text} {word}" for text in TEXTS for word in ("now", "then", "here")]
    settings = {"evaluation_batches": 2, "layout": layout, "batch_size": 4, "steps": 2, "evaluate_every": 1}
    model = train(texts, out=tmp_path / "run", **{**TINY, **settings, "progress": shown})
    assert "with training and validation loss on 2 batches each" in shown.lines[2]
    header = (tmp_path / "run" / "history.csv").read_text().splitlines()[0]
    assert header.startswith("step,loss,perplexity,train_loss,val_loss,val_perplexity,val_bits_per_character,")
    recipe = Recipe.from_json(json.dumps(json.loads((tmp_path / "run" / "recipe.json").read_text())["recipe"]))
    corpus = corpora.make(texts, recipe)
    for batches, name in ((corpus.training_sample(recipe), "train"), (corpus.validation_batches(recipe), "val")):
        assert len(batches) == 2
        evaluated = model.evaluate(batches, return_dict=True, verbose=0)
        best = next(row for row in reversed(shown.rows) if row["best"])
        assert evaluated["loss"] == pytest.approx(best[f"{name}_loss"], rel=1e-4)
    everything = override(recipe, evaluation_batches=10**6)
    assert corpus.validation_batches(everything).tokens == corpus.validation_batches(get("stories")).tokens


def test_the_samples_of_the_text_are_not_the_batches_of_training():
    recipe = override(get("stories"), layout="packed", context_length=4, batch_size=2, evaluation_batches=1)
    corpus = corpora.make([f"{text} " * 9 for text in TEXTS], recipe)
    trained, sampled = corpus.train_batches(recipe)[0], corpus.training_sample(recipe)
    assert not np.array_equal(trained.batch(0)[0], sampled.batch(0)[0])


def test_a_few_whole_files_are_cut_and_of_many_texts_whole_ones_are_chosen():
    recipe = override(get("tinylm"), separator=None, validation=0.25)
    few = corpora.make(TEXTS, recipe)
    assert (len(few.train), len(few.validation)) == (24, 24)
    many = corpora.make([f"{text} {number}" for text in TEXTS for number in range(5)], recipe)
    assert (len(many.train), len(many.validation)) == (90, 30)


def test_a_model_of_the_recipes_seed_is_always_the_same():
    recipe = override(get("tinylm"), embed_dim=4, num_heads=1, feed_forward_dim=4)
    from tinylm_keras.tokenizers import WhitespaceTokenizer

    tokenizer = WhitespaceTokenizer(vocabulary=["a"])
    one, two = (start.new_model(recipe, tokenizer).get_weights() for _ in range(2))
    assert all(np.array_equal(left, right) for left, right in zip(one, two, strict=True))


@pytest.mark.parametrize(("end_token", "room"), [(None, 7), ("<end>", 5)])
def test_auto_chooses_lines_when_nine_texts_of_ten_fit(end_token, room):
    from tinylm_keras.tokenizers import WhitespaceTokenizer

    tokenizer = WhitespaceTokenizer(vocabulary=["a"], end_token=end_token)
    recipe = override(get("stories"), context_length=6)
    fits, long = "a " * room, "a " * (room + 1)
    assert choose_layout([fits] * 9 + [long], tokenizer, recipe)[0] == "padded"
    assert data.lines([fits, long], tokenizer, context_length=6).cut == 1
    assert choose_layout([fits] * 17 + [long] * 3, tokenizer, recipe) == (
        "packed",
        "85 % of the texts fit into 6 tokens",
    )


def test_the_live_line_is_closed_and_the_files_written_whatever_ends_a_run(tmp_path):
    def fail(row):
        raise OSError("no space")

    shown = Listener(fail)
    with pytest.raises(RuntimeError, match=r"no space, at step 2; last\.keras, of step 2"):
        train(TEXTS, out=tmp_path / "run", **{**TINY, "progress": shown})
    assert shown.lines[-3] == "The run failed."
    assert int(load_model(tmp_path / "run" / "model.keras").optimizer.iterations) == 2


def test_unknown_validation_words_are_counted_in_the_header():
    shown = Listener()
    train([f"a cat saw w{number}" for number in range(20)], **{**TINY, "steps": 1, "progress": shown})
    [line] = [line for line in shown.lines if line.startswith("5 of 15 validation tokens are not in the vocabulary")]
    assert line.endswith("set max_tokens so that rare words become [UNK]")
    shown, changes = Listener(), {"tokenizer": "character", "layout": "packed", "steps": 1}
    train([*["the cat sat"] * 3, "xyz"], **{**TINY, **changes, "progress": shown, "validation": 0.25, "seed": 3})
    [line] = [line for line in shown.lines if "validation tokens are not in the vocabulary" in line]
    assert line.endswith("tokenizer=byte-pair has no unknown characters")


def test_a_long_validation_text_is_evaluated_by_a_part_ten_times_a_run_and_the_run_says_so(tmp_path):
    shown, text = Listener(), " ".join(TEXTS * 20)
    changes = {"context_length": 6, "batch_size": 4, "steps": 20, "prompt": None, "jit_compile": False}
    train([text], preset="bigram", out=tmp_path / "run", progress=shown, **changes)
    assert len(shown.rows) == 10
    assert any("an evaluation every 2, with the validation loss on 8 batches" in line for line in shown.lines)
    record = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert (record["plan"]["evaluation_batches"], record["recipe"]["evaluation_batches"]) == (8, None)
    whole = Listener()
    train([text], preset="bigram", progress=whole, evaluate_every=2, **changes)
    assert [row["step"] for row in whole.rows] == [row["step"] for row in shown.rows]
    assert not any("estimates" in line for line in whole.lines)
    assert [row["loss"] for row in whole.rows] == [row["loss"] for row in shown.rows]


def test_a_model_that_cannot_begin_by_itself_trains_without_samples(tmp_path):
    # The only text begins with a word that is too rare for the vocabulary, and there is no end token.
    text = "rare " + "the cat sat " * 30
    settings = {"tokenizer": "whitespace", "end_token": None, "max_tokens": 5, "layout": "packed", "validation": 0.0}
    sizes = {"context_length": 8, "embed_dim": 8, "num_heads": 1, "num_blocks": 1, "feed_forward_dim": 8}
    model = train([text], preset="stories", steps=2, evaluate_every=1, progress=None, **settings, **sizes)
    assert not model.can_begin("") and model.can_begin("the")
