"""What `fit` does with a model of a run: training continues at a tenth of the peak rate, whatever the schedule."""

import shutil

import keras
import numpy as np
import pytest

from tests.training.test_resume import FIXTURES, SETTINGS, Stopper
from tests.training.test_train import TEXTS, TINY
from tinylm_keras import data, load_model, saving
from tinylm_keras.models import MiniLM, after_run
from tinylm_keras.schedules import Decay
from tinylm_keras.training import checkpoint
from tinylm_keras.training.train import train

RATE = 0.02
KINDS = {
    "constant": {},
    "cosine": {"warmup_steps": 3, "min_learning_rate_ratio": 0.0},
    "a line, two batches in an update": {
        "schedule": "linear",
        "min_learning_rate_ratio": 0.0,
        "gradient_accumulation_steps": 2,
    },
    "muon": {
        "schedule": "linear",
        "warmup_steps": 3,
        "min_learning_rate_ratio": 0.0,
        "optimizer": "muon",
        "momentum": 0.8,
    },
    "exponential": {"schedule": "exponential", "decay_every": 2, "gradient_accumulation_steps": 2, "optimizer": "sgd"},
}
STEPS = 8


class Counter(keras.callbacks.Callback):
    batches = 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1


def numbers(variables):
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def assert_same(ones, others):
    assert all(np.array_equal(*pair) for pair in zip(numbers(ones), numbers(others), strict=True))


def without_rate(optimizer):
    return [variable for variable in optimizer.variables if variable is not optimizer.learning_rate]


def batches_for(model, texts=TEXTS):
    return data.lines(texts, model.tokenizer, context_length=6, batch_size=4)


@pytest.fixture(scope="module", params=KINDS)
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, train(TEXTS, out=folder, **{**TINY, "learning_rate": RATE, "steps": STEPS, **KINDS[request.param]})


def test_a_model_of_a_run_has_a_constant_tenth_of_its_highest_rate_and_its_moments(run):
    folder, returned = run
    again = train(resume=folder, progress=None)
    pairs = [(returned, "model.keras"), (again, "model.keras")]
    pairs += [(load_model(folder / name), name) for name in ("model.keras", "last.keras", "previous.keras")]
    for model, name in pairs:
        assert float(model.optimizer.learning_rate) == pytest.approx(RATE / 10, rel=1e-6)
        in_the_run = saving.read_model(folder / name)
        assert_same(model.weights, in_the_run.weights)
        assert_same(without_rate(model.optimizer), without_rate(in_the_run.optimizer))


def test_fit_makes_exactly_the_updates_that_are_asked_for_and_calls_back_for_each_batch(run):
    folder, returned = run
    for model in (load_model(folder / "last.keras"), keras.saving.load_model(folder / "model.keras"), returned):
        counter, before = Counter(), int(model.optimizer._iterations)
        weights = numbers(model.trainable_variables)
        model.fit(batches_for(model), steps_per_epoch=6, verbose=0, callbacks=[counter])
        assert int(model.optimizer._iterations) == before + 6
        assert counter.batches == 6
        assert float(model.optimizer.learning_rate) == pytest.approx(RATE / 10, rel=1e-6)
        assert all((old != new).any() for old, new in zip(weights, numbers(model.trainable_variables), strict=True))


def test_the_rate_can_be_set_and_is_lowered_on_a_plateau(run):
    model = load_model(run[0] / "model.keras")
    model.optimizer.learning_rate = 0.25
    assert float(model.optimizer.learning_rate) == 0.25
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=100.0)
    model.fit(batches_for(model), steps_per_epoch=2, epochs=2, verbose=0, callbacks=[plateau])
    assert float(model.optimizer.learning_rate) == 0.125


def test_what_fit_has_made_of_a_model_is_saved_and_loaded_as_it_is(run, tmp_path):
    model = load_model(run[0] / "model.keras")
    model.optimizer.learning_rate = 0.003
    model.save(tmp_path / "model.keras")
    for _ in range(2):  # and not a tenth of it each time
        loaded = load_model(tmp_path / "model.keras")
        assert float(loaded.optimizer.learning_rate) == pytest.approx(0.003)
        loaded.save(tmp_path / "model.keras")
    assert_same(loaded.optimizer.variables, model.optimizer.variables)


def settled_by(way, model, tmp_path):
    """The model that one of the ways past `fit` leaves."""
    if way == "save":
        model.save(tmp_path / "model.keras")
        return saving.read_model(tmp_path / "model.keras")
    if way == "keras.saving.save_model":
        keras.saving.save_model(model, tmp_path / "model.keras")
        return saving.read_model(tmp_path / "model.keras")
    if way == "compile":
        model.compile(model.optimizer, jit_compile=False, metrics=[])
        return model
    model.train_on_batch(*batches_for(model).batch(0))
    return model


@pytest.mark.parametrize("way", ["save", "keras.saving.save_model", "compile", "train_on_batch"])
def test_what_keras_loads_has_the_rate_of_fit_whatever_is_done_first(run, tmp_path, way):
    in_the_run = saving.read_model(run[0] / "last.keras")
    model = settled_by(way, keras.saving.load_model(run[0] / "last.keras"), tmp_path)
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE / 10, rel=1e-6)
    made = int(way == "train_on_batch")
    assert int(model.optimizer._iterations) == int(in_the_run.optimizer._iterations) + made
    if not made:
        assert_same(without_rate(model.optimizer), without_rate(in_the_run.optimizer))


def test_a_checkpoint_of_a_run_that_goes_on_keeps_the_schedule(run, tmp_path):
    model, state = checkpoint.read(run[0] / "last.keras")
    checkpoint.write(model, state.to_json(), tmp_path / "last.keras")
    again, same_state = checkpoint.read(tmp_path / "last.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert same_state == state
    assert_same(again.optimizer.variables, model.optimizer.variables)


def test_a_hundred_updates_more_on_the_same_text_learn_and_do_no_harm(tmp_path):
    settings = {
        **TINY,
        "steps": 60,
        "evaluate_every": 20,
        "warmup_steps": 6,
        "min_learning_rate_ratio": 0.0,
        "optimizer": "adamw",
    }
    train(TEXTS, out=tmp_path / "run", **settings)
    model = load_model(tmp_path / "run" / "model.keras")
    training, validation = data.split(TEXTS, 0.25, seed=0)
    every, evaluated = (batches_for(model, part) for part in (training, validation))
    before = [model.evaluate(part, verbose=0, return_dict=True)["loss"] for part in (every, evaluated)]
    model.fit(every, steps_per_epoch=100, verbose=0)
    after = [model.evaluate(part, verbose=0, return_dict=True)["loss"] for part in (every, evaluated)]
    assert after[0] < before[0]
    assert after[1] < 1.02 * before[1]


def test_a_model_that_ctrl_c_left_in_the_middle_goes_on_at_a_tenth_too(tmp_path):
    model = train(TEXTS, **{**TINY, "steps": 1})
    settings = {
        "preset": "tinylm",
        "steps": 40,
        "warmup_steps": 4,
        "min_learning_rate_ratio": 0.0,
        "learning_rate": RATE,
    }
    with pytest.raises(KeyboardInterrupt):
        train(TEXTS, init=model, out=tmp_path / "run", prompt=None, progress=Stopper(2), **settings)
    for stopped in (model, load_model(tmp_path / "run" / "last.keras")):
        assert float(stopped.optimizer.learning_rate) == pytest.approx(RATE / 10, rel=1e-6)
        assert stopped.steps_per_execution == 1


def test_files_of_earlier_versions_go_on_in_the_same_way(tmp_path):
    shutil.copy(FIXTURES / "checkpoint_2.keras", tmp_path / "last.keras")
    model = load_model(tmp_path / "last.keras")
    assert float(model.optimizer.learning_rate) == pytest.approx(SETTINGS["learning_rate"] / 10, rel=1e-6)


def compiled(schedule, tmp_path, batches, **arguments):
    """A model that its user compiled, as it stands in a file after so many batches."""
    model = MiniLM(vocabulary_size=9, context_length=4, embed_dim=4, num_blocks=1)
    model.compile(keras.optimizers.Adam(schedule), jit_compile=False, **arguments)
    model.optimizer.iterations.assign(batches)
    model.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_a_schedule_that_has_ended_gives_way_and_one_that_has_not_goes_on(tmp_path):
    schedules = keras.optimizers.schedules
    for schedule in (
        schedules.CosineDecay(0.0, 10, warmup_target=0.04, warmup_steps=5),
        schedules.PolynomialDecay(0.04, 15, end_learning_rate=0.0),
        schedules.PiecewiseConstantDecay([5, 14], [0.02, 0.04, 0.0]),
        Decay(0.04, 15, 5),
    ):
        path = compiled(schedule, tmp_path, 15)
        assert float(load_model(path).optimizer.learning_rate) == pytest.approx(0.004)
        by_keras = keras.saving.load_model(path)
        after_run.settle(by_keras)  # as `fit` does
        assert float(by_keras.optimizer.learning_rate) == pytest.approx(0.004)
        path = compiled(schedule, tmp_path, 8)
        assert load_model(path).optimizer.get_config()["learning_rate"]["class_name"] == type(schedule).__name__
    path = compiled(schedules.CosineDecay(0.04, 10, alpha=0.2), tmp_path, 20)  # it learns where it has ended
    assert float(load_model(path).optimizer.learning_rate) == pytest.approx(0.008)


def test_steps_per_execution_of_a_file_is_one_and_never_makes_an_epoch_longer(tmp_path):
    path = compiled(0.01, tmp_path, 3, steps_per_execution=4)
    x = np.tile(np.arange(1, 5, dtype="int32"), (40, 1))
    model = load_model(path)
    assert model.steps_per_execution == 1
    model.compile(jit_compile=False, steps_per_execution=4)
    counter = Counter()
    model.fit(x, x, batch_size=4, steps_per_epoch=6, verbose=0, callbacks=[counter])
    assert int(model.optimizer.iterations) == 6
    assert counter.batches == 3
