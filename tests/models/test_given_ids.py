"""Arrays of ids given to Keras's methods: XLA would clamp a wrong one and say nothing."""

import keras
import numpy as np
import pytest

from tinylm_keras import data
from tinylm_keras.models import MiniLM, given_ids

SIZES = {"context_length": 6, "embed_dim": 4, "num_heads": 1, "feed_forward_dim": 4, "num_blocks": 1}
ROWS = np.arange(28, dtype="int32").reshape(4, 7) % 9
X, Y = ROWS[:, :-1], ROWS[:, 1:]
AFTER = "must hold the token that follows.*Received: .*None.*x = ids\\[:, :-1\\] and y = ids\\[:, 1:\\]"


def with_one(number, dtype=None):
    ids = X.astype(dtype or "int64")
    ids[2, 3] = number
    return ids


WRONG = {
    "beyond the vocabulary": (with_one(9), r"must hold token ids in \[0, 9\).*Received: .*=9"),
    "far beyond, without a sign": (with_one(2**63, "uint64"), r"in \[0, 9\).*9223372036854775808"),
    "negative": (with_one(-1), r"in \[0, 9\).*=-1"),
    "fractional": (with_one(2.5, "float32"), r"whole numbers.*2\.5"),
    "nan": (with_one(np.nan, "float64"), "nan"),
    "infinite": (with_one(np.inf, "float16"), "inf"),
    "a tensor": (lambda: keras.ops.convert_to_tensor(with_one(9, "int32")), r"in \[0, 9\).*=9"),
    "lists": (with_one(9).tolist(), r"in \[0, 9\).*=9"),
    "bool": (X > 3, "whole numbers.*bool"),
    "complex": (X + 1j, "whole numbers.*complex"),
    "one row": (X[0], r"shape \(B, T\).*np\.newaxis"),
    "three axes": (X[..., None], r"shape \(B, T\).*\(4, 6, 1\)"),
    "rows of several lengths": ([[1, 2], [3]], "rows of one length.*pad_id"),
    "no row": (X[:0], "at least one row"),
    "an empty list": ([], "at least one row"),
}
METHODS = ("fit", "evaluate", "train_on_batch", "test_on_batch", "predict", "predict_on_batch")


@pytest.fixture(scope="module")
def model():
    model = MiniLM(9, **SIZES)
    model.compile(jit_compile=False)
    return model


def refused(call, *args, match, **kwargs):
    with pytest.raises(ValueError, match=match) as error:
        call(*args, **kwargs)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_id_of_the_model_is_refused_by_every_method_in_inputs_targets_and_validation(model, kind):
    ids, message = WRONG[kind]
    ids = ids() if callable(ids) else ids
    for name in METHODS:
        method = getattr(model, name)
        refused(method, ids, *() if "predict" in name else [Y], match=f"^`x` .*{message}")
        if "predict" not in name:
            refused(method, X, ids, match=f"^`y` .*{message}")
    for pair in ((ids, Y), (ids, Y, np.ones(4)), [ids, Y]):
        refused(model.fit, X, Y, validation_data=pair, match="validation_data")
    refused(model.fit, X, Y, validation_data=(X, ids), match=f"^`y of validation_data` .*{message}")


def test_rows_longer_than_the_context_are_refused_before_keras_sees_them(model):
    for name in METHODS:
        arguments = (ROWS,) if "predict" in name else (ROWS, ROWS)
        refused(getattr(model, name), *arguments, match=r"^`x` must have at most 6 columns.*context_length.*\(4, 7\)")


def test_missing_inputs_and_targets_are_named_with_the_way_to_make_them(model):
    for method in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        refused(method, X, match=f"^`y` {AFTER}")
        refused(method, None, match=r"^`x` must be token ids.*data\.lines")
    refused(model.fit, match="^`x` must be token ids")
    for data_ in (X, X.tolist()):
        refused(model.fit, X, Y, validation_data=data_, match=r"^`validation_data` must be a tuple \(x, y\)")
    refused(model.fit, X, Y, validation_data=(X,), match=f"^`y of validation_data` {AFTER}")
    refused(model.fit, (X, Y), match="Pass x and y as two arguments")
    refused(model.fit, {"ids": X}, Y, match="^`x` must be token ids")
    for targets in (Y[:, 1:], Y[1:]):
        refused(model.fit, X, targets, match=r"^`y` must have the shape of x, \(4, 6\)")


def test_lists_whole_floats_and_tables_are_taken_as_the_ids_that_they_are(model):
    class Table:
        shape, dtype = X.shape, X.dtype

        def __array__(self, dtype=None, copy=None):
            return X

    wanted = model.predict(X, verbose=0)
    for ids in (X.tolist(), list(X), X.astype("float32"), X.astype("uint8"), Table()):
        assert np.array_equal(model.predict(ids, verbose=0), wanted)
    loss = model.test_on_batch(X, Y, return_dict=True)["loss"]
    assert model.test_on_batch(X.tolist(), Y.tolist(), return_dict=True)["loss"] == pytest.approx(loss)
    assert np.isfinite(model.fit(X.tolist(), Y.astype("float32"), verbose=0).history["loss"]).all()


def test_float_ids_keep_their_value_where_layers_compute_in_half_the_bits():
    model = MiniLM(1000, dtype="mixed_bfloat16", **SIZES)
    ids = np.array([[513, 515, 777, 999]])
    assert np.array_equal(model.predict(ids.astype("float32"), verbose=0), model.predict(ids, verbose=0))


def test_the_padding_passes_wherever_it_lies():
    model = MiniLM(9, pad_id=9, **SIZES)
    model.compile(jit_compile=False)
    ids = with_one(9)
    assert given_ids.check(model, ids, ids) == (ids, ids)
    assert np.isfinite(model.train_on_batch(X, ids)).all()
    refused(model.train_on_batch, with_one(10), Y, match=r"\[0, 9\), the model's vocabulary, or 9, the padding")


def test_targets_of_an_own_loss_may_be_something_else_than_ids():
    model = MiniLM(9, **SIZES)
    model.compile(loss=lambda y, logits: keras.ops.mean((y - logits[:, 0, 0]) ** 2), jit_compile=False)
    given = []
    model.perplexity.update_state = lambda y, *_: given.append(y.shape)
    assert np.isfinite(model.train_on_batch(X, np.full(4, 0.5, "float32"), return_dict=True)["loss"])
    assert given
    refused(model.train_on_batch, X, with_one(12), match="^`y` must hold token ids")


def test_a_subclass_with_an_own_loss_needs_no_targets():
    class Copy(MiniLM):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return keras.ops.mean(y_pred**2)

    model = Copy(9, **SIZES)
    model.compile(jit_compile=False)
    assert np.isfinite(model.train_on_batch(X)).all()
    refused(model.train_on_batch, with_one(9), match="^`x` must hold token ids")


def test_data_sets_and_generators_are_not_consumed_by_the_check(model):
    taken = []

    def batches():
        for step in range(3):
            taken.append(step)
            yield X, Y

    model.fit(batches(), steps_per_epoch=1, verbose=0, shuffle=False)
    assert taken[0] == 0 and len(taken) <= 2  # Keras looks at the first


def test_predict_takes_what_lines_and_windows_return(model):
    windows = data.windows(np.arange(30) % 9, context_length=6, batch_size=2, steps=2)
    expected = np.concatenate([model.predict_on_batch(x) for x, _ in windows])
    assert np.allclose(model.predict(windows, verbose=0), expected, atol=1e-6)


@pytest.mark.parametrize("steps", [0, -1, 2.5, True])
def test_a_number_of_steps_without_an_end_is_refused(model, steps):
    windows = data.windows(np.arange(30) % 9, context_length=6, batch_size=2, steps=2)
    for x, y in ((windows, None), (X, Y)):
        rule = "must be a whole number of at least 1"
        refused(model.fit, x, y, steps_per_epoch=steps, match=f"^`steps_per_epoch` {rule}")
        refused(model.fit, x, y, validation_steps=steps, match=f"^`validation_steps` {rule}")
        refused(model.evaluate, x, y, steps=steps, match=f"^`steps` {rule}")
        refused(model.predict, x, steps=steps, match=f"^`steps` {rule}")


def test_steps_per_epoch_of_none_is_that_of_the_data_and_arguments_may_come_by_place(model):
    windows = data.windows(np.arange(30) % 9, context_length=6, batch_size=2, steps=2)
    before = int(model.optimizer.iterations)
    model.fit(windows, steps_per_epoch=None, verbose=0)
    assert int(model.optimizer.iterations) == before + 2
    history = model.fit(X, Y, 2, 1, 0, None, 0.0, (X, Y)).history
    assert "val_loss" in history and int(model.optimizer.iterations) == before + 4
    assert model.fit(windows, None, None, 1, 0, None, 0.0, windows).history["val_loss"]


def test_compile_without_a_loss_is_the_own_one_again_after_another():
    model = MiniLM(9, **SIZES)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.compile(jit_compile=False)
    assert set(model.test_on_batch(X, Y, return_dict=True)) == {"loss", "perplexity"}
