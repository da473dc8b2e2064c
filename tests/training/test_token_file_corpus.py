"""Laws of training from token files alone."""

import json
import re

import pytest

from tinylm_keras import data, load_model
from tinylm_keras.tokenizers import CharacterTokenizer, WhitespaceTokenizer
from tinylm_keras.training.progress import Silent
from tinylm_keras.training.train import train

TEXT = " ".join(
    f"the {animal} {verb} {place}." for animal in ("cat", "dog") for verb in ("sat", "ran") for place in "abc"
)
TINY = {
    "preset": "tinylm",
    "context_length": 8,
    "embed_dim": 8,
    "num_heads": 1,
    "feed_forward_dim": 8,
    "num_blocks": 1,
    "dropout": 0.0,
    "batch_size": 4,
    "steps": 4,
    "evaluate_every": 2,
    "prompt": None,
    "jit_compile": False,
    "progress": None,
}


class Listener(Silent):
    """Collects what a run shows."""

    def __init__(self):
        self.lines, self.rows = [], []

    def start(self, lines, steps):
        self.lines += lines

    def evaluation(self, row, sample, best):
        self.rows.append(row)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Token files of one text of characters."""
    folder = tmp_path_factory.mktemp("token_files") / "text"
    data.prepare([TEXT], CharacterTokenizer(), folder, validation=0.25)
    return folder


@pytest.fixture(scope="module")
def finished(folder, tmp_path_factory):
    """A finished run: its folder, the model, and what was shown."""
    out, shown = tmp_path_factory.mktemp("runs") / "run", Listener()
    return out, train(data=folder, out=out, **{**TINY, "progress": shown}), shown


def test_a_run_on_token_files_learns_what_the_run_on_their_text_learns(finished):
    _, model, shown = finished
    settings = {**TINY, "layout": "packed", "tokenizer": "character", "validation": 0.25, "separator": None}
    other = Listener()
    text_model = train([TEXT], **{**settings, "progress": other})
    assert model.tokenizer.fingerprint() == text_model.tokenizer.fingerprint()
    for row, expected in zip(shown.rows, other.rows, strict=True):
        for name in ("loss", "val_loss", "val_bits_per_character"):
            assert row[name] == pytest.approx(expected[name], rel=1e-5)


def test_the_recipe_says_which_token_files_it_learned(finished, folder):
    out, model, shown = finished
    record = json.loads((out / "recipe.json").read_text())
    opened = data.open_token_files(folder)
    assert record["source"] == record["corpus"]["token_files"] == str(folder)
    assert record["corpus"]["sha256"] == opened.sha256
    assert record["corpus"]["tokenizer_sha256"] == model.tokenizer.fingerprint()
    assert (record["corpus"]["train_texts"], record["corpus"]["validation_texts"]) == (1, 1)
    recipe = record["recipe"]
    assert (recipe["tokenizer"], recipe["layout"], recipe["end_token"]) == ("character", "packed", None)
    assert recipe["validation"] == pytest.approx(0.25, abs=0.02)
    assert "layout packed (token files)" in shown.lines[1]
    assert load_model(out / "model.keras").tokenizer.fingerprint() == model.tokenizer.fingerprint()


def test_a_model_goes_on_only_with_token_files_of_its_own_tokenizer(finished, folder, tmp_path):
    out, model, _ = finished
    settings = {"steps": 1, "prompt": None, "progress": None, "jit_compile": False, "batch_size": 2}
    again = train(data=folder, init=out / "model.keras", **settings)
    assert again.tokenizer.fingerprint() == model.tokenizer.fingerprint()
    other = data.prepare([TEXT], WhitespaceTokenizer(), tmp_path / "words")
    ours, theirs = (tokenizer.fingerprint()[:12] for tokenizer in (other.tokenizer, model.tokenizer))
    message = (
        f"`init` must have the tokenizer of the token files, WhitespaceTokenizer {ours}. "
        f"Received: init='CharacterTokenizer {theirs}'. Prepare token files with the tokenizer of the model."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        train(data=tmp_path / "words", init=out / "model.keras", **settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokenizer", "whitespace"),
        ("max_tokens", 50),
        ("end_token", None),
        ("separator", None),
        ("encoding", "utf-8"),
        ("validation", 0.1),
        ("layout", "padded"),
    ],
)
def test_what_the_token_files_fix_cannot_be_changed(folder, name, value):
    message = (
        f"`{name}` cannot be changed together with `data`, whose tokens are fixed. Received: {name}={value!r}. "
        "Leave it out, or prepare other token files."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        train(data=folder, **{**TINY, name: value})


def test_source_and_data_exclude_each_other_and_nothing_is_written(folder, tmp_path):
    for arguments, received in (({}, "None"), ({"source": ["a"], "data": folder}, "['a']")):
        message = f"`source` or `data` must be given, and not both (data={arguments.get('data')!r}). Received: source="
        with pytest.raises(ValueError, match=re.escape(message + received)):
            train(**arguments, **TINY, out=tmp_path / "run")
    with pytest.raises(ValueError, match="`folder` must be a folder of token files"):
        train(data=tmp_path / "missing", **TINY, out=tmp_path / "run")
    with pytest.raises(ValueError, match="must have at least 501 tokens in the packed layout"):
        train(data=folder, **{**TINY, "context_length": 500}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_opened_token_files_without_an_index_or_a_validation_part_are_learned_too(folder, tmp_path):
    opened = data.open_token_files(folder)
    for name in ("train", "val"):
        opened.train.ids.tofile(tmp_path / f"{name}.bin")
    shown = Listener()
    bare = data.open_token_files(tmp_path, dtype="uint16", tokenizer=opened.tokenizer)
    train(data=bare, **{**TINY, "progress": shown})
    assert "val_loss" in shown.rows[0] and "val_bits_per_character" not in shown.rows[0]
    (tmp_path / "val.bin").unlink()
    shown = Listener()
    train(
        data=data.open_token_files(tmp_path, dtype="uint16", tokenizer=opened.tokenizer), **{**TINY, "progress": shown}
    )
    assert "val_loss" not in shown.rows[0]


def test_a_run_on_token_files_can_be_mixed_with_their_counts_and_looks_for_no_copies(folder, tmp_path):
    model = train(data=folder, out=tmp_path / "run", **{**TINY, "model": "minilm", "mix_counts": True})
    found = load_model(tmp_path / "run" / "model.keras")
    assert type(found) is type(model)
    assert found.generate("the", max_new_tokens=5, seed=1) == model.generate("the", max_new_tokens=5, seed=1)
