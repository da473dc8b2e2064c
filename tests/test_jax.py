"""On the JAX backend, where TensorFlow cannot be imported: runs on text and on token files, and their models."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from tests.conftest import needs_no_tensorflow

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed"),
    needs_no_tensorflow,
]

CODE = """
import sys
sys.modules["tensorflow"] = sys.modules["tensorflow_text"] = None

import json, pathlib
import numpy as np
import tinylm_keras as tlm

found, folder = {}, pathlib.Path(sys.argv[1])
text = "".join(np.random.default_rng(0).choice(list("abcdefg. "), 3_000))
tokenizer = tlm.CharacterTokenizer(vocabulary=list(" .abcdefg"))
token_files = tlm.data.prepare([text], tokenizer, folder / "token_files")
shape = {"context_length": 12, "embed_dim": 8, "num_heads": 1, "num_blocks": 1, "feed_forward_dim": 8}
schedule = {"batch_size": 4, "steps": 7, "evaluate_every": 3, "max_new_tokens": 4}
silent = {**schedule, "prompt": None}
model = tlm.train(data=folder / "token_files", out=folder / "run", progress=None, **shape, **schedule)

loaded = tlm.load_model(folder / "run" / "model.keras")
validation = tlm.data.windows(token_files.validation, context_length=12, batch_size=4)
found["losses"] = [one.evaluate(validation, verbose=0)[0] for one in (model, loaded)]
found["iterations"] = int(tlm.load_model(folder / "run" / "last.keras").optimizer.iterations)
found["ids"] = loaded.generate(np.array([2, 3], "int32"), max_new_tokens=5, seed=1).tolist()
found["text"] = loaded.generate("ab", max_new_tokens=4, seed=1)
found["same text"] = model.generate("ab", max_new_tokens=4, seed=1)

batches = tlm.data.windows(token_files.train, context_length=6, batch_size=4, steps=4, seed=3)
weights = []
for by_hand in (False, True):
    small = tlm.BigramLM(tokenizer=tokenizer, context_length=6)
    small.set_weights([np.zeros(weight.shape) for weight in small.weights])
    small.compile("sgd", steps_per_execution=1 if by_hand else 2)
    if by_hand:
        for step in range(12):
            small.train_on_batch(*batches.batch(step))
    else:
        small.fit(batches, epochs=2, verbose=0)
        small.fit(batches, epochs=3, initial_epoch=2, verbose=0)
    weights.append(small.get_weights()[0])
found["difference"] = float(np.abs(weights[0] - weights[1]).max())
found["size"] = float(np.abs(weights[0]).max())
from tinylm_keras.models import chunked_loss
chunked_loss.CHUNK_BYTES = 7 * 4 * tokenizer.vocabulary_size()
weights = []
for most in (0, 10**9):  # the loss in chunks, and from all logits at once
    chunked = tlm.MiniLM(tokenizer=tokenizer, context_length=6, embed_dim=8, num_heads=1, num_blocks=1, dropout=0.0)
    chunked.set_weights([np.cos(np.arange(w.size)).reshape(w.shape) / 3 for w in chunked.get_weights()])
    chunked.LOGITS_AT_ONCE = most
    chunked.compile("sgd")
    chunked.fit(batches, epochs=1, verbose=0)
    weights.append(np.concatenate([w.ravel() for w in chunked.get_weights()]))
found["chunks"] = float(np.abs(weights[0] - weights[1]).max())

counts = tlm.NGramLM.count([text], tokenizer, order=4, context_length=12)
counts.save(folder / "counts.keras")
ids = tokenizer.tokenize(text[:200])
scores = [one.score(ids) for one in (counts, tlm.load_model(folder / "counts.keras"))]
expected = np.log(counts.counts.probabilities([ids])[0])
found["counts"] = [float(np.abs(one - expected).max()) for one in scores]
found["counted text"] = counts.generate("ab", max_new_tokens=30, seed=1)

import jax
from tinylm_keras.baselines import MixtureLM

programs, jit = [], jax.jit
def spied(function, **kwargs):
    compiled = jit(function, **kwargs)
    def call(*arguments):
        traced = compiled.trace(*arguments)
        largest = max([0, *(np.size(one) for one in traced.jaxpr.consts)])
        programs.append((len(traced.lower().as_text()), largest))
        return jax.tree.map(lambda one: np.ones(one.shape, one.dtype), traced.out_info)  # it is not compiled
    return call
jax.jit = spied
for order in (4, 12):
    network = tlm.MiniLM(tokenizer=tokenizer, context_length=24, embed_dim=8, num_heads=1, num_blocks=1)
    counted = tlm.NGramLM.count([text], tokenizer, order=order, context_length=24)
    mixture = MixtureLM(network, counted)
    programs.clear()
    for known in (20, 30):  # inside the context and past it
        mixture.generate(text[:known], max_new_tokens=2, seed=1)
    found[f"programs {order}"] = list(programs)
found["tables"] = counted.counts.numbers
jax.jit = jit

from tinylm_keras import schedules
from tinylm_keras.training import optimizers, plan
uncompiled = tlm.BigramLM(tokenizer=tokenizer, context_length=6)
rate = schedules.Decay(1.0, steps=10**6, shape="linear")
uncompiled.compile(tlm.models.language_model.keras.optimizers.SGD(rate), jit_compile=False)
uncompiled.save(folder / "uncompiled.keras")
found["compiled"] = [uncompiled.jit_compile, tlm.load_model(folder / "uncompiled.keras").jit_compile]
uncompiled.jit_compile = True
moved = []
for steps in (10**6, 10):  # the second step of a run has a rate of 1, or of half of it
    run_plan = plan.Plan(steps, 1, 1, 1, True, 0, 1.0)
    optimizers.resize_in_run(uncompiled, run_plan)
    uncompiled.set_weights([np.zeros(weight.shape) for weight in uncompiled.weights])
    uncompiled.optimizer.iterations.assign(5)
    uncompiled.fit_in_run(batches, steps_per_epoch=1, epochs=1, verbose=0)
    moved.append(float(np.abs(uncompiled.get_weights()[0]).max()))
found["moved"] = moved

found["int8"] = loaded.generate("ab", max_new_tokens=8, seed=1, quantize="int8")

class Stop(tlm.training.progress.Silent):
    def evaluation(self, row, sample, best):
        raise KeyboardInterrupt
try:
    tlm.train(data=folder / "token_files", out=folder / "stopped", progress=Stop(), **shape, **silent)
except KeyboardInterrupt:
    pass
resumed = tlm.train(resume=folder / "stopped", progress=None)

from tinylm_keras.training import checkpoint_manager
class Impatient(checkpoint_manager.CheckpointManager):
    due = True
    def write(self, state):
        super().write(state)
        if state.batches == 5:
            raise KeyboardInterrupt
patient, tlm.training.run.CheckpointManager = tlm.training.run.CheckpointManager, Impatient
try:
    tlm.train(data=folder / "token_files", out=folder / "between", progress=None, **shape, **silent)
except KeyboardInterrupt:
    pass
tlm.training.run.CheckpointManager = patient
found["between"] = int(tlm.load_model(folder / "between" / "last.keras").optimizer.iterations)
tlm.train(resume=folder / "between", progress=None)
last = [tlm.load_model(folder / name / "last.keras").get_weights() for name in ("run", "stopped", "between")]
found["resumed"] = [all(np.array_equal(*pair) for pair in zip(last[0], other)) for other in last[1:]]

out = folder / "two devices"
two = tlm.train(data=folder / "token_files", out=out, progress=None, distribute="data", **shape, **silent)
spread = [tlm.load_model(folder / name / "last.keras").get_weights() for name in ("run", "two devices")]
found["two devices"] = max(float(np.abs(one - other).max()) for one, other in zip(*spread))
two.fit(batches, epochs=1, verbose=0)
found["continues"] = two.generate("ab", max_new_tokens=2, seed=1)

(folder / "my.txt").write_text(text)
found["from text"] = {}
for tokens in ("character", "whitespace"):
    how = {"steps": 2, "evaluate_every": 2, "max_new_tokens": 4, "progress": None}
    model = tlm.train(folder / "my.txt", preset="bigram", tokenizer=tokens, out=folder / tokens, **how)
    loaded = tlm.load_model(folder / tokens / "model.keras")
    written = [one.generate("a", max_new_tokens=5, seed=1) for one in (model, loaded)]
    words = [word for word in loaded.tokenizer.get_vocabulary()[2:] if word != loaded.tokenizer.end_token]
    found["from text"][tokens] = {"written": written, "words": words}

found["tensorflow"] = [name for name in sys.modules if name.startswith("tensorflow") and sys.modules[name]]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("jax")


@pytest.fixture(scope="module")
def found(folder):
    """What a process on JAX found that cannot import TensorFlow."""
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    environment["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    command = [sys.executable, "-c", CODE, str(folder)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_a_run_on_token_files_makes_its_steps_and_writes_its_files(found, folder):
    assert found["iterations"] == 7
    history = (folder / "run" / "history.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in history[1:]] == ["3", "6", "7"]
    assert (folder / "run" / "samples.txt").read_text().count("--- step") == 3
    assert json.loads((folder / "run" / "recipe.json").read_text())["versions"]["backend"] == "jax"


def test_the_file_holds_the_model(found):
    trained, loaded = found["losses"]
    assert loaded == pytest.approx(trained, rel=1e-6)
    assert found["text"] == found["same text"]


def test_ids_and_text_are_written(found):
    assert found["ids"][:2] == [2, 3] and 2 < len(found["ids"]) <= 7
    assert found["text"].startswith("ab") and len(found["text"]) <= 6


def test_fit_learns_from_the_batches_in_their_order_over_all_epochs(found):
    assert found["difference"] < 1e-6 < found["size"]


@pytest.mark.parametrize("tokens", ["character", "whitespace"])
def test_a_run_on_text_learns_its_vocabulary(found, folder, tokens):
    text, learned = (folder / "my.txt").read_text(), set(found["from text"][tokens]["words"])
    assert learned == set(text) if tokens == "character" else len(learned) > 100 and learned <= set(text.split())
    written = found["from text"][tokens]["written"]
    assert written[0] == written[1] != "a"


def test_tensorflow_is_not_imported(found):
    assert found["tensorflow"] == []


def test_the_loss_in_chunks_is_the_loss(found):
    assert found["chunks"] < 1e-5


def test_weights_in_fewer_bits_write_text(found):
    assert found["int8"].startswith("ab") and len(found["int8"]) == 10


def test_counts_score_and_write(found):
    assert max(found["counts"]) < 1e-5
    assert found["counted text"].startswith("ab") and len(found["counted text"]) == 32


def test_the_tables_of_counts_are_arguments_of_small_programs(found):
    short, long = found["programs 4"], found["programs 12"]
    assert len(short) == len(long) >= 3 and found["tables"] > 1_000
    assert all(largest < 100 for _, largest in [*short, *long])
    assert all(more < 1.3 * few for (few, _), (more, _) in zip(short, long, strict=True))


def test_a_short_run_and_a_loaded_model_are_compiled(found, folder):
    assert json.loads((folder / "run" / "recipe.json").read_text())["plan"]["jit_compile"] is True
    assert found["compiled"] == [False, True]


def test_a_run_that_changes_its_length_compiles_its_step_again(found):
    whole, half = found["moved"]
    assert half == pytest.approx(whole / 2, rel=1e-3)


def test_a_stopped_run_goes_on_to_the_same_bits_also_from_a_checkpoint_between_two_evaluations(found):
    assert found["between"] == 5
    assert found["resumed"] == [True, True]


def test_two_devices_train_the_model_of_one_and_leave_it_on_one(found):
    assert found["two devices"] < 1e-5
    assert found["continues"].startswith("ab")
