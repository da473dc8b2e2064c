"""Weights in fewer bits: the text is that of the rounded weights, and the perplexity hardly moves."""

import functools

import keras
import numpy as np
import pytest

from tests.conftest import MODELS
from tinylm_keras import data
from tinylm_keras.baselines import BigramLM
from tinylm_keras.generation import lower_precision
from tinylm_keras.layers.dense import Dense
from tinylm_keras.models import MiniLM
from tinylm_keras.tokenizers import CharacterTokenizer

KINDS = pytest.mark.parametrize("kind", lower_precision.KINDS)


@pytest.fixture(scope="module")
def small_model(every_model):
    """Call with a model's name: the model, built once, of one block if it has blocks. Its programs serve all tests."""

    @functools.cache
    def build(name):
        model = every_model[name](vocabulary_size=30)
        return every_model[name](vocabulary_size=30, num_blocks=1) if "num_blocks" in model.get_config() else model

    return build


@KINDS
@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_text_is_that_of_a_model_with_the_rounded_weights(small_model, name, kind):
    model = small_model(name)
    if not any(isinstance(layer, Dense) for layer in model._flatten_layers()):
        pytest.skip("a model without a dense layer; see the refusal below")
    prompts = [np.array([3]), np.array([5, 2, 9]), np.arange(1, 25)]  # the last is longer than SHORT_PROMPT
    alone = [model.generate(prompt, max_new_tokens=20, temperature=0, quantize=kind) for prompt in prompts]
    together = model.generate(prompts, max_new_tokens=20, temperature=0, quantize=kind)
    with lower_precision.rounded(model, kind):
        expected = [model.generate(prompt, max_new_tokens=20, temperature=0) for prompt in prompts]
    for one, row, right in zip(alone, together, expected, strict=True):
        assert one.tolist() == row.tolist() == right.tolist()


@KINDS
@pytest.mark.parametrize(("width", "length"), [(24, 1), (7, 1), (2, 1), (24, 5)])
def test_the_product_is_that_of_the_widened_kernel(kind, width, length):
    layer = Dense(10, activation="relu", bias_initializer="ones")
    layer.build((None, None, width))
    x = np.random.default_rng(0).normal(size=(1, length, width)).astype("float32")
    stored = lower_precision.LowerPrecision([layer], kind)
    stored.refresh()
    found = np.array(stored.use(layer)(x))
    exact = np.array(layer(x))
    layer.kernel.assign(lower_precision._widen(*stored.stored[0]))
    np.testing.assert_allclose(found, np.array(layer(x)), rtol=1e-5, atol=1e-5)
    assert 0 < np.abs(found - exact).max() < 0.05


@KINDS
def test_a_rounded_weight_is_as_near_as_its_kind_allows(kind):
    kernel = np.random.default_rng(0).normal(size=(36, 8)).astype("float32") * np.logspace(-3, 3, 8, dtype="float32")
    kernel[:, 5] = 0
    error = np.abs(np.array(lower_precision._widen(*lower_precision._narrow(kernel, kind))) - kernel)
    if kind == "bfloat16":
        assert (error <= np.abs(kernel) * 2**-8).all()
    else:
        assert (error <= np.abs(kernel).max(axis=0) / 127 * 0.501).all()
    assert not error[:, 5].any()


@KINDS
def test_a_change_of_weights_is_seen(small_model, kind):
    model = small_model("mini_lm_post")
    settings = {"max_new_tokens": 20, "temperature": 0, "quantize": kind}
    before = model.generate([3], **settings)
    kernels = [layer.kernel for layer in lower_precision.dense_layers(model, kind)]
    old = [np.array(kernel) for kernel in kernels]
    kernels[-1].assign(old[-1][:, ::-1])  # the same numbers in another order
    assert model.generate([3], **settings).tolist() != before.tolist()
    kernels[-1].assign(old[-1])
    assert model.generate([3], **settings).tolist() == before.tolist()


def test_weights_prompts_and_seeds_do_not_compile_again_and_the_model_is_left_as_it_is(make_mini_lm):
    model = make_mini_lm(vocabulary_size=30)
    weights, names = model.get_weights(), [variable.path for variable in model.variables]
    for seed, prompt in enumerate(([1], [2, 3], [4, 5, 6])):
        model.generate(prompt, max_new_tokens=3, seed=seed, quantize="int8")
    programs = model.__dict__["_programs"]
    assert list(programs) == [("cached_steps", 0, True, "int8")]
    if hasattr(programs["cached_steps", 0, True, "int8"], "programs"):
        assert len(programs["cached_steps", 0, True, "int8"].programs) == 1
    assert [variable.path for variable in model.variables] == names
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


@KINDS
def test_streaming_equals_generating(mini_lm, kind):
    settings = {"max_new_tokens": 20, "seed": 4, "quantize": kind}
    assert "".join(mini_lm.stream("the cat", **settings)) == mini_lm.generate("the cat", **settings)


def test_the_stored_weights_are_read_inside_the_loop():
    """XLA would rather widen all kernels before the loop, and the gain in speed would be gone without a sign."""
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the text of the program is TensorFlow's")
    layer = Dense(24, use_bias=False)
    layer.build((None, None, 24))
    stored = lower_precision.LowerPrecision([layer], "int8")
    stored.refresh()
    step = stored.use(layer)

    @tf.function(jit_compile=True)
    def run(x, count):
        return tf.while_loop(lambda i, x: i < count, lambda i, x: (i + 1, step(x)), (0, x))[1]

    arguments = tf.ones((1, 1, 24)), tf.constant(9)
    text = run.experimental_get_compiler_ir(*arguments)(stage="optimized_hlo")
    loop = next(line for line in text.splitlines() if " while(" in line)
    assert "s8[12,2,24]" in loop


@pytest.fixture(scope="module")
def learned(texts):
    """A model that has learned a text, batches of that text, and its perplexity on them."""
    keras.utils.set_random_seed(3)
    text = "\n".join(texts * 4)
    tokenizer = CharacterTokenizer().adapt(text)
    model = MiniLM(tokenizer=tokenizer, context_length=16, embed_dim=24, num_blocks=2, dropout=0.0)
    model.compile(optimizer=keras.optimizers.AdamW(0.01), jit_compile=False)
    ids = data.concatenate([text], tokenizer)
    model.fit(data.windows(ids, context_length=16, batch_size=8, steps=150, seed=0), verbose=0)
    evaluated = data.windows(ids, context_length=16, batch_size=8)
    return model, evaluated, model.evaluate(evaluated, return_dict=True, verbose=0)["perplexity"]


@KINDS
def test_the_perplexity_moves_by_less_than_a_hundredth(learned, kind):
    model, evaluated, exact = learned
    before = model.get_weights()
    with lower_precision.rounded(model, kind):
        found = model.evaluate(evaluated, return_dict=True, verbose=0)["perplexity"]
    assert exact < 3  # it has learned: a blind guess has more than 20
    assert exact != found == pytest.approx(exact, rel=0.01)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_are_put_back_after_an_error(make_mini_lm):
    model = make_mini_lm(vocabulary_size=30)
    before = model.get_weights()
    with pytest.raises(KeyboardInterrupt), lower_precision.rounded(model, "int8"):
        raise KeyboardInterrupt
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_without_a_dense_layer_is_refused():
    model = BigramLM(vocabulary_size=9, context_length=4)
    with pytest.raises(ValueError, match="`quantize` must be None, because a BigramLM has no dense layer"):
        model.generate([1], quantize="int8")
