"""Law: several devices and several processes train the same model as one; all stop together, and one of them writes."""

import importlib.util
import signal
import types

import numpy as np
import pytest

from tests.conftest import needs_no_tensorflow
from tests.distributed import processes
from tinylm_keras import data, load_model, models
from tinylm_keras.recipe import presets
from tinylm_keras.tokenizers import CharacterTokenizer
from tinylm_keras.training import connecting, run_folder
from tinylm_keras.training.distribution import Workers
from tinylm_keras.training.progress import Silent
from tinylm_keras.training.train import train

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")

# Updates are one by one, because 20 and 81 have no common divisor.
STEPS = ["--steps", "81", "--evaluate-every", "20"]
SMALLER = ["--num-blocks", "1"]  # compiles faster


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two processes with a checkpoint after every step, SIGTERM to one; two that resume; one with two devices."""
    folder = tmp_path_factory.mktemp("distributed")
    tokens = processes.token_files(folder / "tokens")
    command = ["train", "--data", tokens, "--preset", "tinylm", *processes.MODEL, *SMALLER, *STEPS]
    command += ["--distribute", "data", "--mix-counts", "true"]
    two, one, found = folder / "two", folder / "one", types.SimpleNamespace(folder=folder)
    with processes.running([*command, "--out", two], folder / "first", eager=True) as started:
        started[0].wait_for("step 20 ")
        found.files = {path.name for path in two.iterdir()}
        started[1].kill(signal.SIGTERM)
        found.codes, found.said = [one.wait() for one in started], [one.said() for one in started]
    with processes.running(["train", "--resume", two, "--distribute", "data"], folder / "second") as started:
        found.resumed_codes, found.resumed = [one.wait() for one in started], [one.said() for one in started]
    with processes.running([*command, "--out", one], folder / "alone", processes=1, devices=2) as started:
        assert started[0].wait() == 0, started[0].said()
    found.two, found.one = two, one
    return found


@needs_jax
@needs_no_tensorflow
def test_a_signal_to_one_process_stops_all_after_the_same_step(runs):
    assert runs.codes == [143, 143], runs.said
    assert "Stopped at step " in runs.said[0] and "Continue:  tinylm train --resume" in runs.said[0]
    assert "--distribute data" in runs.said[0]


@needs_jax
@needs_no_tensorflow
def test_process_0_alone_speaks(runs):
    first = "2 processes × 1 CPU, JAX, 8 rows a batch: 4 for each; process 0 writes"
    assert runs.said[0].splitlines()[0] == first
    assert runs.said[1].splitlines() == ["tinylm: terminated."]


@needs_jax
@needs_no_tensorflow
def test_two_processes_stopped_and_resumed_equal_two_devices_of_one_bit_for_bit(runs):
    assert runs.resumed_codes == [0, 0], runs.resumed
    assert "Continuing after step" in runs.resumed[0] and runs.resumed[1] == ""
    for name in ("last.keras", "model.keras"):
        assert np.array_equal(processes.weights(runs.two / name), processes.weights(runs.one / name)), name
    assert all(type(load_model(folder / "model.keras")).__name__ == "MixtureLM" for folder in (runs.two, runs.one))
    rows = [[{**row, "seconds": 0} for row in run_folder.read(folder)[0]] for folder in (runs.two, runs.one)]
    assert rows[0] == rows[1] and [row["step"] for row in rows[0]] == [20, 40, 60, 80, 81]


TINY = presets.override(presets.get("tinylm"), steps=3)


def test_a_batch_that_does_not_divide_is_refused_with_the_next_size():
    Workers(2, 0, 4, 1, "data").check(presets.override(TINY, batch_size=8))
    with pytest.raises(ValueError, match=r"`batch_size` must be divisible by 4.*batch_size=7.*Try batch_size=8\."):
        Workers(2, 0, 4, 1, "data").check(presets.override(TINY, batch_size=7))
    Workers().check(presets.override(TINY, batch_size=7))


def test_process_0_decides_where_each_has_its_own_clock():
    assert Pair("[7, 3]").of_first((9, 4)) == [7, 3]
    assert Workers().of_first((9, 4)) == (9, 4)


def test_widths_that_do_not_divide_are_refused_with_the_next_size():
    with pytest.raises(ValueError, match=r"`embed_dim` must be divisible by 3 .*Try embed_dim=66\."):
        Workers(1, 0, 3, 3, "model=3").check(presets.override(TINY, embed_dim=64, mix_counts=False))


@pytest.mark.parametrize("distribute", ["both", "model", "model=1", "model=x", 2, True])
def test_an_unknown_way_to_distribute_is_refused(distribute, tmp_path):
    with pytest.raises(ValueError, match="`distribute` must be 'data', or 'model=N'"):
        train(["a b", "c d"], preset="tinylm", out=tmp_path / "run", progress=None, distribute=distribute)
    assert not list(tmp_path.iterdir())


def test_tensorflow_is_refused_with_what_to_set(tmp_path):
    with pytest.raises(ValueError, match=r"`distribute` needs the JAX backend.*Set KERAS_BACKEND=jax"):
        train(["a b", "c d"], preset="tinylm", out=tmp_path / "run", progress=None, distribute="data")
    assert not list(tmp_path.iterdir())


def test_fit_under_a_strategy_with_several_replicas_is_refused():
    tokenizer = CharacterTokenizer(vocabulary=["a", "b"])
    model = models.MiniLM(tokenizer=tokenizer, context_length=4, embed_dim=4, num_heads=1, num_blocks=1)
    model.compile()
    batches = data.lines(["abab", "ba"], tokenizer, context_length=4, batch_size=2)
    model._distribute_strategy = types.SimpleNamespace(num_replicas_in_sync=2)
    for fit in (lambda: model.fit(batches), lambda: model.train_on_batch(*batches.batch(0))):
        with pytest.raises(ValueError, match=r"`fit` must not run under a tf.distribute strategy.*2 replicas"):
            fit()


class Pair(Workers):
    """Process 1 of two, with the answers of process 0."""

    def __init__(self, *answers):
        super().__init__(2, 1, 2, 1, "data")
        self.answers = list(answers)

    def _exchange(self, text):
        return [self.answers.pop(0), text]


def test_a_folder_that_is_not_shared_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(connecting, "PATIENCE", 0.0)
    (tmp_path / ".tinylm.lock").write_text("process 1 on a")
    Pair(connecting.lock_digest(tmp_path), "yes").share(tmp_path, "out")
    with pytest.raises(ValueError, match="`out` must be a folder that all processes share, but process 1 does not"):
        Pair("digest of another lock", "yes").share(tmp_path, "out")


def test_other_settings_or_another_text_are_refused():
    text = {"settings": "a", "text": "b"}
    pair = Pair("")
    pair._exchange = lambda words: [words, words]
    pair.agree(**text)
    pair._exchange = lambda words: ["0 0", words]
    with pytest.raises(ValueError, match="All processes must have the same settings, but process 1 has another"):
        pair.agree(**text)


def test_what_one_process_refuses_ends_the_others():
    with pytest.raises(RuntimeError, match="Process 0 ended: `out` must be"):
        Pair("failed: `out` must be a new folder").gather("yes")


def test_the_variables_of_keras_describe_the_processes(monkeypatch):
    monkeypatch.setenv(connecting.VARIABLES[0], "a:1,b:2")
    with pytest.raises(ValueError, match="KERAS_DISTRIBUTION_PROCESS_ID must be set too"):
        connecting._described_by_variables()
    monkeypatch.setenv(connecting.VARIABLES[2], "1")
    found = connecting._described_by_variables()
    assert found == {"coordinator_address": "a:1", "num_processes": 2, "process_id": 1}
    for name, value in ((connecting.VARIABLES[2], "2"), (connecting.VARIABLES[1], "3"), (connecting.VARIABLES[1], "x")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            with pytest.raises(ValueError, match="Received: "):
                connecting._described_by_variables()


def test_a_process_that_reads_writes_nothing(tmp_path):
    folder = run_folder.ReadFolder(tmp_path / "run")
    with folder.claimed():
        folder.create({"recipe": {}})
        folder.write_history([{"step": 1}])
        folder.write_samples([(1, "a")])
        folder.write_recipe({"recipe": {}})
    assert not list(tmp_path.iterdir())
    assert isinstance(Workers(2, 1, 2, 1, "data").reporter("plain"), Silent)
