"""The loss of many logits, computed in chunks: the same numbers, and the logits never exist at once."""

import contextlib
import threading

import keras
import numpy as np
import pytest
from keras import ops

from tinylm_keras import counting
from tinylm_keras.baselines import BigramLM, MixtureLM, NGramLM
from tinylm_keras.layers import SoftCappedDense
from tinylm_keras.metrics import token_nats, weigh
from tinylm_keras.models import LanguageModel, MiniLM, RotaryLM, chunked_loss

VOCABULARY_SIZE, LENGTH, ROWS = 50, 12, 5
SIZES = {"vocabulary_size": VOCABULARY_SIZE, "context_length": LENGTH, "embed_dim": 16, "num_heads": 2, "num_blocks": 1}
IDS = np.random.default_rng(0).integers(1, VOCABULARY_SIZE, (ROWS, LENGTH + 1)).astype("int32")
IDS[:, 9:] = 0  # padding
X, Y = IDS[:, :-1], IDS[:, 1:]
SAMPLE_WEIGHT = np.array([1.0, 2.0, 0.5, 0.0, 1.0], "float32")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Seven tokens: 60 are nine chunks of which the last is uneven."""
    monkeypatch.setattr(chunked_loss, "CHUNK_BYTES", 7 * 4 * VOCABULARY_SIZE)


@pytest.fixture
def calls(monkeypatch):
    """How often the loss was computed in chunks, as traced."""
    seen, real = [], chunked_loss.total_nats
    monkeypatch.setattr(chunked_loss, "total_nats", lambda *args: seen.append(args) or real(*args))
    return seen


def model_of(chunked, kind=MiniLM, optimizer=None, compiled=(), **arguments):
    keras.utils.set_random_seed(1)
    model = kind(**{**SIZES, "pad_id": 0, **arguments})
    for variable in model.trainable_variables:  # the head of a RotaryLM starts at zero
        variable.assign(variable + np.random.default_rng(1).normal(0, 0.1, variable.shape))
    model.LOGITS_AT_ONCE = 0 if chunked else 1e9
    model.compile(optimizer or keras.optimizers.SGD(0.1), **{"jit_compile": False, **dict(compiled)})
    return model


def trained(chunked, steps=3, **arguments):
    """Weights after some steps, what `fit` and `evaluate` said, and the model."""
    model = model_of(chunked, **arguments)
    data = {"x": X, "y": Y, "sample_weight": SAMPLE_WEIGHT}
    history = model.fit(**data, batch_size=ROWS, epochs=steps, shuffle=False, verbose=0).history
    said = [*history["loss"], *history["perplexity"], *model.evaluate(**data, batch_size=ROWS, verbose=0)]
    return model.get_weights(), said, model


@pytest.mark.parametrize("cap, use_bias", [(None, True), (None, False), (3.0, False)])
def test_loss_and_every_gradient_equal_those_of_all_logits(cap, use_bias):
    tf = pytest.importorskip("tensorflow")
    generator = np.random.default_rng(2)
    hidden = tf.constant(generator.normal(0, 1, (ROWS, LENGTH, 16)).astype("float32"))
    head = SoftCappedDense(VOCABULARY_SIZE, soft_cap=cap, use_bias=use_bias, kernel_initializer="normal")
    head.build((None, None, 16))
    head.set_weights([generator.normal(0, 1, weight.shape) for weight in head.get_weights()])
    ids, weights = weigh(Y, 0, SAMPLE_WEIGHT)

    def plain():
        nats, weights = token_nats(Y, head(hidden), 0, SAMPLE_WEIGHT)
        return ops.sum(nats * weights)

    found = []
    for loss in (plain, lambda: chunked_loss.total_nats(head, hidden, ids, weights, True)):
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            total = loss() * 3.0  # what comes from above reaches every gradient
        sources = [hidden, *(variable.value for variable in head.trainable_variables)]
        found.append([np.array(total), *map(np.array, tape.gradient(total, sources))])
    for expected, got in zip(*found, strict=True):
        assert np.abs(expected - got).max() <= 1e-5 * max(1, np.abs(expected).max())
    for training in (True, False):
        assert float(chunked_loss.total_nats(head, hidden, ids, weights, training)) == pytest.approx(
            float(found[0][0]) / 3, rel=1e-5
        )


@pytest.mark.parametrize(
    "arguments",
    [
        {"compiled": {"jit_compile": True, "steps_per_execution": 2}, "norm": "pre"},
        {"compiled": {"run_eagerly": True}},
        {"optimizer": lambda: keras.optimizers.Adam(0.01, gradient_accumulation_steps=2)},
        {"kind": RotaryLM},
    ],
    ids=["xla", "eager", "accumulated", "capped"],
)
def test_training_in_chunks_equals_training_with_all_logits(arguments, calls):
    results = []
    for chunked in (False, True):
        made = {**arguments, "optimizer": arguments["optimizer"]()} if "optimizer" in arguments else arguments
        weights, said, model = trained(chunked, **made)
        assert bool(calls) is chunked
        results.append((weights, said))
        assert model(X).shape == model.predict(X, verbose=0).shape == (ROWS, LENGTH, VOCABULARY_SIZE)
    assert results[1][1] == pytest.approx(results[0][1], rel=1e-5)
    for expected, got in zip(results[0][0], results[1][0], strict=True):
        assert np.abs(expected - got).max() < 1e-5


def test_a_mixture_trains_its_network_in_chunks(calls):
    found = []
    for chunked in (False, True):
        network = model_of(chunked, norm="pre")
        counts = NGramLM.of(counting.count(list(IDS), VOCABULARY_SIZE, 2, pad_id=0), context_length=LENGTH, pad_id=0)
        model = MixtureLM(network, counts)
        model.LOGITS_AT_ONCE = 0 if chunked else 1e9
        model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
        history = model.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0).history
        assert bool(calls) is chunked
        found.append(([*history["loss"]], network.get_weights()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for expected, got in zip(found[0][1], found[1][1], strict=True):
        assert np.abs(expected - got).max() < 1e-5


def test_under_mixed_precision_chunks_change_little(calls):
    (plain, plain_said, _), (chunked, said, _) = (trained(chunked, dtype="mixed_bfloat16") for chunked in (False, True))
    assert calls and said == pytest.approx(plain_said, rel=1e-3)
    assert max(np.abs(one - other).max() for one, other in zip(plain, chunked, strict=True)) < 1e-3


@pytest.mark.parametrize("training", [True, False])
def test_no_compiled_step_holds_the_logits_of_all_tokens(training, monkeypatch):
    tf = pytest.importorskip("tensorflow")

    def largest(chunked):
        model = model_of(chunked)
        step = tf.function(model.train_step if training else model.test_step, autograph=False)
        graph = step.get_concrete_function((tf.constant(X), tf.constant(Y))).graph
        return max(_executed_sizes(graph, {output.op for output in graph.outputs} | set(graph.control_outputs)))

    assert largest(False) >= ROWS * LENGTH * VOCABULARY_SIZE  # some versions of Keras pad a tensor of the loss
    assert largest(True) == 16 * VOCABULARY_SIZE  # the kernel of the head
    monkeypatch.setattr(chunked_loss, "CHUNK_BYTES", 4 * ROWS * LENGTH * VOCABULARY_SIZE)  # one chunk: found inside it
    assert largest(True) == ROWS * LENGTH * VOCABULARY_SIZE


def _executed_sizes(graph, ends):
    """Sizes of the tensors over the vocabulary that a graph computes for its ends, inner functions included."""
    waiting, executed = list(ends), set(ends)
    while waiting:
        operation = waiting.pop()
        new = {tensor.op for tensor in operation.inputs} | set(operation.control_inputs)
        waiting += new - executed
        executed |= new
    for operation in executed:
        for tensor in operation.outputs:
            if tensor.shape.is_fully_defined() and list(tensor.shape)[-1:] == [VOCABULARY_SIZE]:
                yield np.prod(tensor.shape)
        for name in ("body", "f"):  # of loops and calls
            with contextlib.suppress(ValueError):
                inner = graph._functions[operation.get_attr(name).name].graph
                yield from _executed_sizes(inner, inner.get_operations())


class SeesLogits(MiniLM):
    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        assert y_pred.shape[-1] == VOCABULARY_SIZE
        return super().compute_metrics(x, y, y_pred, sample_weight)


class Halved(MiniLM):
    def call(self, token_ids, training=None):
        return super().call(token_ids, training=training) / 2


@pytest.mark.parametrize(
    "kind, settings",
    [
        (MiniLM, {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}),
        (MiniLM, {"metrics": ["accuracy"]}),
        (Halved, {}),
        (lambda **sizes: BigramLM(VOCABULARY_SIZE, LENGTH), {}),
    ],
    ids=["loss", "metrics", "override", "identity"],
)
def test_a_loss_that_needs_the_logits_gets_them_all(kind, settings, calls):
    model = model_of(True, kind, compiled=settings)
    assert np.isfinite(model.train_on_batch(X, Y)).all()
    assert not calls


def test_few_logits_are_computed_at_once(calls):
    model = model_of(True)
    model.LOGITS_AT_ONCE = 4 * ROWS * LENGTH * VOCABULARY_SIZE
    model.train_on_batch(X, Y)
    assert not calls
    assert LanguageModel.LOGITS_AT_ONCE > 2**20


def test_an_own_compute_metrics_gets_the_logits(calls):
    assert np.isfinite(model_of(True, SeesLogits).train_on_batch(X, Y)).all()
    assert calls


def test_a_call_returns_logits_in_a_step_too_and_only_a_step_keeps_hidden_states():
    model, kept = model_of(True), []

    def look():
        logits = model(X)
        kept.append(chunked_loss.kept(logits) is not None)
        assert logits.shape[-1] == VOCABULARY_SIZE

    with chunked_loss.step_of(model):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        look()
        assert chunked_loss.kept(model(X) / 2) is None
    look()
    assert kept == [False, True, False]
