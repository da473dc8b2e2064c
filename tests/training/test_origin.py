"""Laws of a run that continues from a model: its own settings, and validation text that it has not seen."""

import json
import shutil

import pytest

from tests.training import test_train
from tests.training.test_train import TINY, Listener
from tinylm_keras import data, load_model
from tinylm_keras.recipe.presets import get
from tinylm_keras.training import origin, unseen
from tinylm_keras.training.corpus import divide
from tinylm_keras.training.train import train

TEXTS = [text.strip() for text in test_train.TEXTS]
OTHERS = ["the cat dug", "a dog dug", "an owl dug far", "the owl sang", "a cat sang", "the dog sang far"]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A run on a file of texts, with settings that no preset has."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "first.txt").write_text("\n".join(TEXTS) + "\n")
    train(str(folder / "first.txt"), out=folder / "run", **{**TINY, "seed": 3, "steps": 3, "evaluate_every": 3})
    return folder / "run"


def continue_from(model, source, out=None, **settings):
    """Continue from a model; returns the lines said and the record."""
    shown = Listener()
    train(source, init=model, out=out, progress=shown, **settings)
    return shown.lines, None if out is None else json.loads((out / "recipe.json").read_text())


def seen_by(folder):
    """The training texts of a run on `TEXTS`."""
    record = json.loads((folder / "recipe.json").read_text())
    return divide(TEXTS, origin.find(folder / "model.keras").record.recipe, record["corpus"].get("kept"))[0]


def test_settings_left_out_are_those_of_the_models_own_run_and_its_split(first, tmp_path):
    lines, record = continue_from(first / "model.keras", TEXTS, tmp_path / "run")
    before = json.loads((first / "recipe.json").read_text())
    assert record["recipe"] == before["recipe"] | {"precision": "float32"}  # as the model has it
    assert record["corpus"] == before["corpus"] | {"separator": None}  # a list of texts has none
    assert lines[0] == (
        f"Other settings come from the run that trained the model, {first} (preset 'tinylm'); "
        "the learning rate schedule starts again."
    )
    assert not any("trained on" in line or "another text" in line for line in lines)


def test_a_preset_that_is_asked_for_wins_and_what_is_given_wins_over_both(first, tmp_path):
    lines, record = continue_from(first / "model.keras", TEXTS, tmp_path / "a", preset="stories", steps=1, batch_size=4)
    assert (record["recipe"]["preset"], record["recipe"]["optimizer"], record["recipe"]["seed"]) == (
        "stories",
        "muon",
        0,
    )
    assert record["recipe"]["embed_dim"] == 8  # the model's own
    assert "not from the run that trained the model" in lines[0]
    _, record = continue_from(first / "model.keras", TEXTS, tmp_path / "b", steps=1, learning_rate=0.01)
    assert (record["recipe"]["steps"], record["recipe"]["learning_rate"], record["recipe"]["seed"]) == (1, 0.01, 3)


def test_without_a_known_run_the_preset_is_named(first, tmp_path):
    shutil.copy(first / "model.keras", tmp_path)
    settings = {"steps": 1, "batch_size": 4, "layout": "padded"}
    for model, why in (
        (tmp_path / "model.keras", "there is no recipe.json beside its file"),
        (load_model(first / "model.keras"), "it was not loaded from a file"),
    ):
        line = f"Other settings come from the preset 'stories': the run of the model is unknown, because {why}."
        assert continue_from(model, TEXTS, **settings)[0][0] == line
    record = json.loads((first / "recipe.json").read_text())
    record["model"]["parameters"] += 1
    (tmp_path / "recipe.json").write_text(json.dumps(record))
    assert (
        "the recipe.json beside its file is of another model"
        in continue_from(tmp_path / "model.keras", TEXTS, **settings)[0][0]
    )
    (tmp_path / "recipe.json").write_text("[" * 100_000)
    assert (
        "because the recipe.json beside its file cannot be read"
        in continue_from(tmp_path / "model.keras", TEXTS, **settings)[0][0]
    )


def test_another_split_of_the_same_text_keeps_only_what_the_model_has_not_seen(first, tmp_path):
    lines, record = continue_from(first / "model.keras", TEXTS, tmp_path / "run", seed=4)
    _, validation = divide(TEXTS, origin.find(tmp_path / "run" / "model.keras").record.recipe, record["corpus"]["kept"])
    assert validation and not set(validation) & set(seen_by(first))
    count = len(set(data.split(TEXTS, 0.25, 4)[1]) & set(seen_by(first)))
    assert count and any(line.startswith(f"The model was trained on {count} of the 6 texts") for line in lines)


def test_another_text_is_said_and_what_both_hold_is_not_validation(first, tmp_path):
    texts = [*TEXTS, *OTHERS]
    lines, record = continue_from(first / "model.keras", texts, tmp_path / "run")
    assert any(line.startswith("This is not the text that the model was trained on, which was ") for line in lines)
    _, validation = unseen.divide(texts, record["corpus"]["kept"])
    assert len(validation) == 8 and not set(validation) & set(seen_by(first))


def test_where_the_model_has_seen_everything_that_is_said(first):
    lines, _ = continue_from(first / "model.keras", seen_by(first), steps=1)
    assert any("and there are no others: the validation loss is too low." in line for line in lines)


def test_a_chain_of_runs_remembers_what_the_first_one_learned(first, tmp_path):
    continue_from(first / "model.keras", OTHERS, tmp_path / "second", steps=1)
    lines, record = continue_from(tmp_path / "second" / "model.keras", TEXTS, tmp_path / "third", seed=4)
    _, validation = unseen.divide(TEXTS, record["corpus"]["kept"])
    assert validation and not set(validation) & set(seen_by(first))
    assert len(record["earlier"]) == 2
    assert any("It is unknown whether" in line for line in lines)  # the second text was given in Python


def test_a_text_that_is_gone_is_said_to_be_unknown(first, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(first, folder)
    record = json.loads((folder / "recipe.json").read_text())
    record["source"], record["sources"] = "gone.txt", ["gone.txt"]
    (folder / "recipe.json").write_text(json.dumps(record))
    lines, _ = continue_from(folder / "model.keras", OTHERS, steps=1)
    assert any(
        line.startswith("It is unknown whether the model was trained on these validation texts: ") for line in lines
    )


def test_a_run_with_a_chosen_validation_part_goes_on_and_is_evaluated_with_it(first, tmp_path):
    from tests.training.test_resume import Stopper, same

    settings = {"init": first / "model.keras", "seed": 4, "steps": 4, "evaluate_every": 2}
    whole = train(TEXTS, out=tmp_path / "whole", progress=None, **settings)
    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, out=tmp_path / "run", progress=Stopper(1), **settings)
    assert same(train(TEXTS, resume=tmp_path / "run", progress=None), whole)


def test_the_encoding_and_the_column_are_those_of_files_and_not_of_a_model(first):
    found = origin.find(first / "model.keras")
    object.__setattr__(found.record, "recipe", get("tinylm").__class__(encoding="latin-1", column="text"))
    own, other = (found.recipe(None, {}, sources) for sources in (found.record.sources, ["other.txt"]))
    assert (own.encoding, own.column, other.encoding, other.column) == ("latin-1", "text", "utf-8", None)


def test_of_long_texts_only_what_the_model_has_not_seen_is_validation():
    book = " ".join(f"word{number}" for number in range(1000))
    head = book[: book.index("word900")]
    kept, count = unseen.choose([book], [book[book.index("word800") :]], [head], seed=0)
    assert (kept, count) == ([[0, len(head.rstrip()), len(book)]], 1)
    assert unseen.divide([book], kept) == ([head.rstrip()], [" " + book[len(head) :]])
    assert unseen.choose([book], [book[len(head) :]], [head], seed=0) == (None, 0)
    assert unseen.choose([book], [book[len(head) :]], [book], seed=0) == (None, 1)


def test_equal_texts_stay_on_one_side():
    texts = ["a"] * 3 + ["b"] * 2 + ["c"]
    kept, _ = unseen.choose(texts, ["a"] * 3, ["a"], seed=0)
    train_part, validation = unseen.divide(texts, kept)
    assert not set(train_part) & set(validation) and "a" in train_part


@pytest.mark.parametrize("kept", [[[9, 0, 1]], [[0, 0, 99]], [[0, 0, 2], [0, 1, 3]], [[0, 0, 3]]])
def test_stretches_that_are_not_of_the_text_are_refused(kept):
    with pytest.raises(ValueError, match="The stretches held out for validation"):
        unseen.divide(["a b"], kept)
