"""Checks 2 and 8, and what else goes wrong in training: what is said, which files stay, which exit code."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.training.test_resume import SETTINGS, stop
from tests.training.test_train import TEXTS, Listener
from tinylm_keras import archive, data, load_model
from tinylm_keras._files import atomic_path
from tinylm_keras.models import MiniLM
from tinylm_keras.tokenizers import WhitespaceTokenizer
from tinylm_keras.training.train import train

POSIX = pytest.mark.skipif(os.name == "nt", reason="the limits and signals are those of Linux and macOS")

# The limit on the size of files stands for a full disk: the system refuses to write on, in the middle of a file.
FULL_DISK = """
import pathlib, resource, sys
from tests.training.test_failures import a_model
from tests.training.test_resume import SETTINGS
from tests.training.test_train import TEXTS
from tinylm_keras.training import checkpoint_manager as checkpoints
from tinylm_keras.training.train import train

folder = pathlib.Path(sys.argv[1])
model = a_model()
model.save(folder / "model.keras")
before = (folder / "model.keras").read_bytes()
for attempt, limit in (
    (lambda: model.save(folder / "model.keras"), len(before) // 2),
    (lambda: train(TEXTS, out=folder / "run", **SETTINGS), 20_000),
):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        attempt()
    except OSError as error:
        print(error.filename, error.strerror, sep="|")
assert (folder / "model.keras").read_bytes() == before
"""


def a_model():
    return MiniLM(tokenizer=WhitespaceTokenizer(vocabulary=["a", "b"]), context_length=8, embed_dim=32)


@POSIX
def test_check_2_a_full_disk_is_an_error_that_names_the_file_and_loses_nothing(tmp_path):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    saving, training = ended.stdout.splitlines()
    assert saving.startswith(f"{tmp_path / 'model.keras'}|") and "too large" in saving
    assert training.startswith(str(tmp_path / "run")) and "at step 4; no checkpoint was written" in training
    load_model(tmp_path / "model.keras")
    assert [path.name for path in tmp_path.rglob("*.tmp*")] == []


@POSIX
def test_check_1_what_a_killed_process_left_is_swept_and_what_is_being_written_is_not(tmp_path):
    stale = tmp_path / ".model.0123abcd.tmp.keras"
    foreign = [tmp_path / ".model.tmp.keras", tmp_path / "model.0123abcd.tmp.keras", tmp_path / ".other.txt"]
    for path in (stale, *foreign):
        path.write_text("half")
    with atomic_path(tmp_path / "model.keras") as first:
        first.write_text("one")
        with atomic_path(tmp_path / "model.keras") as second:
            second.write_text("two")
        assert first.exists() and not stale.exists()
    assert (tmp_path / "model.keras").read_text() == "one"
    assert all(path.exists() for path in foreign) and len(list(tmp_path.iterdir())) == 4


def test_check_8_a_worse_score_after_a_restart_leaves_the_best_model_as_it_is(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    stop(folder, 5)  # after the evaluation at step 4
    before, best = (folder / "model.keras").read_bytes(), load_model(folder / "model.keras")
    monkeypatch.setattr(MiniLM, "evaluate", worse := worse_evaluation(MiniLM.evaluate))
    model = train(TEXTS, resume=folder, progress=None)
    assert worse.calls and (folder / "model.keras").read_bytes() == before
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), best.get_weights(), strict=True))


def worse_evaluation(real):
    def evaluate(self, *args, **kwargs):
        evaluate.calls += 1
        results = real(self, *args, **kwargs)
        return {name: value + 9 for name, value in results.items()} if isinstance(results, dict) else results

    evaluate.calls = 0
    return evaluate


def test_a_loss_that_grows_beyond_all_measure_stops_the_run_and_the_last_checkpoint_is_good(tmp_path):
    settings = {
        **SETTINGS,
        "optimizer": "sgd",
        "learning_rate": 1000.0,
        "warmup_steps": 0,
        "steps": 60,
        "global_clipnorm": 1.0,
    }
    message = r"`learning_rate` is too high: .* step \d+.*The learning rate was .* ten times lower"
    with pytest.raises(RuntimeError, match=message):
        train(TEXTS, out=tmp_path / "run", **{**settings, "evaluate_every": 5})
    for path in (tmp_path / "run").glob("*.keras"):
        assert all(np.isfinite(weight).all() for weight in load_model(path).get_weights())


def test_a_run_that_learned_nothing_says_what_to_try(tmp_path):
    class Ending(Listener):
        def finish(self, lines):
            self.lines += lines

    shown = Ending()
    settings = {**SETTINGS, "learning_rate": 1e-12, "dropout": 0.0, "steps": 8, "evaluate_every": 2}
    train(TEXTS, **{**settings, "progress": shown})
    found = re.search(r"The loss did not fall: .* Try another learning rate, 1e-13 or 1e-11\.", "\n".join(shown.lines))
    assert found, shown.lines


@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_token_files_that_disappear_end_the_run_with_their_name_and_the_good_files(tmp_path, harm):
    data.prepare(TEXTS * 50, WhitespaceTokenizer().adapt(TEXTS), tmp_path / "token_files", progress=None)
    ids = tmp_path / "token_files" / "train.bin"

    def damage(row):
        if row["step"] == 4:
            os.truncate(ids, 20) if harm == "cut" else ids.unlink()

    settings = {name: value for name, value in SETTINGS.items() if name not in ("validation", "seed")}
    with pytest.raises((RuntimeError, OSError)) as ended:
        settings |= {"steps": 4000, "progress": Listener(damage)}
        train(data=tmp_path / "token_files", out=tmp_path / "run", **settings)
        pytest.skip("an open file whose name is gone is still read")
    assert "train.bin" in str(ended.value) and "at step" in str(ended.value) and "intact" in str(ended.value)
    assert archive.training(tmp_path / "run" / "last.keras")["batches"] >= 4


def test_an_overwritten_run_stays_whole_until_the_new_one_has_made_a_step(tmp_path):
    folder = tmp_path / "run"
    train(TEXTS, out=folder, **SETTINGS)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    class Early(Listener):
        def start(self, lines, steps):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, out=folder, overwrite=True, **{**SETTINGS, "seed": 5, "progress": Early()})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    train(TEXTS, out=folder, overwrite=True, **{**SETTINGS, "seed": 5})
    assert json.loads((folder / "recipe.json").read_text())["recipe"]["seed"] == 5
