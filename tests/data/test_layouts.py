"""`lines` and `windows`: what a batch holds, in which order, and that `fit` sees the same."""

import numpy as np
import pytest

from tinylm_keras.data import concatenate, lines, windows
from tinylm_keras.tokenizers import WhitespaceTokenizer


@pytest.fixture(scope="module")
def words():
    return WhitespaceTokenizer(vocabulary=[f"w{i}" for i in range(50)])


@pytest.fixture(scope="module")
def ending():
    return WhitespaceTokenizer(vocabulary=[f"w{i}" for i in range(50)], end_token="<end>")


NUMBERED = [f"w{i} w{i + 1} w{i + 2}" for i in range(10)]


def first_ids(data, steps):
    return [data.batch(step)[0][:, 0].tolist() for step in steps]


def test_a_row_is_the_text_and_its_targets_are_one_to_the_right(words):
    x, y = lines(["w0 w1 w2", "w5 w6"], words, context_length=9, shuffle=False).batch(0)
    assert x.tolist() == [[2, 3], [7, 8]]
    assert y.tolist() == [[3, 4], [8, 0]]
    assert x.dtype == y.dtype == np.int32


def test_an_end_token_opens_and_closes_each_line(ending):
    x, y = lines(["w0 w1"], ending, context_length=9).batch(0)
    assert x.tolist() == [[52, 2, 3]]
    assert y.tolist() == [[2, 3, 52]]


def test_long_lines_are_cut_and_counted(words, ending):
    data = lines(["w0 w1 w2 w3 w4", "w5 w6"], words, context_length=3, shuffle=False)
    assert data.cut == 1
    assert data.tokens == 4
    assert data.batch(0)[1].tolist() == [[3, 4, 5], [8, 0, 0]]
    # "w0 w1 w2 w3" of the first text is read, of which " w1 w2 w3" is predicted: 9 characters; and " w6".
    assert data.character_rates()["tokens_per_character"] == pytest.approx(4 / 12)
    cut = lines(["w0 w1 w2 w3 w4"], ending, context_length=3)
    assert cut.batch(0)[0].tolist() == [[52, 2, 3]]
    assert cut.batch(0)[1].tolist() == [[2, 3, 4]]


def test_the_last_batch_is_filled_with_padding_so_that_all_have_one_shape(words):
    data = lines(NUMBERED, words, context_length=9, batch_size=4, shuffle=False)
    assert data.steps_per_epoch == 3
    assert data.batch(2)[0].tolist() == [[10, 11], [11, 12], [0, 0], [0, 0]]


def test_each_epoch_is_another_permutation_and_depends_on_the_seed_alone(words):
    data, again, other = (lines(NUMBERED, words, context_length=9, batch_size=5, seed=s) for s in (0, 0, 1))
    epochs = [[i for ids in first_ids(data, (2 * e, 2 * e + 1)) for i in ids] for e in range(3)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(2, 12))
    assert epochs[0] != epochs[1] != epochs[2]
    assert first_ids(again, (5, 0, 3)) == first_ids(data, (5, 0, 3))
    assert first_ids(other, range(2)) != first_ids(data, range(2))


@pytest.mark.parametrize("layout", ["lines", "random windows"])
def test_fit_sees_the_batches_of_batch_in_order_over_all_epochs(words, layout):
    if layout == "lines":
        data = lines(NUMBERED, words, context_length=9, batch_size=4, seed=3)
    else:
        data = windows(np.arange(2, 52), context_length=6, batch_size=4, steps=3, seed=3)
    iterator = iter(data.for_fit(endless=True))
    for step in range(8):
        x, y = next(iterator)
        expected_x, expected_y = data.batch(step)
        assert np.array_equal(x, expected_x)
        assert np.array_equal(y, expected_y)


@pytest.mark.parametrize("endless", [True, False])
def test_no_thread_tunes_the_data_of_fit_because_the_end_of_a_process_would_wait_until_it_wakes(words, endless):
    data = lines(NUMBERED, words, context_length=9, batch_size=4, seed=3)
    assert data.for_fit(endless=endless).options().autotune.enabled is False


def test_fit_trains_on_that_order_across_epochs_and_with_metrics(words, monkeypatch):
    from tinylm_keras.models import MiniLM

    seen = []
    model = MiniLM(tokenizer=words, context_length=9, embed_dim=8)
    original = model.compute_loss
    monkeypatch.setattr(model, "compute_loss", lambda *a, **k: (seen.append(np.array(a[0])), original(*a, **k))[1])
    model.compile("sgd", metrics=["accuracy"], run_eagerly=True)
    data = lines(NUMBERED, words, context_length=9, batch_size=4, seed=3)
    model.fit(data, epochs=2, verbose=0)
    assert len(seen) >= 6  # Keras may run the first batch once more to build the metrics
    for step, x in enumerate(seen[-6:]):
        assert np.array_equal(x, data.batch(step)[0])


def test_evaluation_covers_each_text_once_every_time(words):
    data = lines(NUMBERED, words, context_length=9, batch_size=4, seed=3)
    for _ in range(2):
        rows = np.concatenate([np.array(x) for x, _ in data.for_fit(endless=False)])
        assert sorted(rows[rows[:, 0] > 0, 0].tolist()) == list(range(2, 12))
        assert len(rows) == 12


def test_covering_windows_predict_every_token_once():
    ids = np.arange(1, 31)
    data = windows(ids, context_length=7, batch_size=2, pad_id=0)
    targets = np.concatenate([y.reshape(-1) for _, y in data])
    assert targets[targets > 0].tolist() == list(range(2, 31))
    assert data.tokens == 29
    x, y = data.batch(0)
    assert np.array_equal(x[0, 1:], y[0, :-1])


def test_random_windows_are_a_pure_function_of_seed_and_step():
    ids = np.arange(100)
    data = windows(ids, context_length=8, batch_size=3, steps=10, seed=4)
    x, y = data.batch(7)
    assert np.array_equal(y, x + 1)
    assert np.array_equal(windows(ids, context_length=8, batch_size=3, steps=99, seed=4).batch(7)[0], x)
    assert not np.array_equal(data.batch(8)[0], x)
    starts = {int(data.batch(step)[0][0, 0]) for step in range(2000)}
    assert starts == set(range(92))  # every window, the last included


def test_a_stream_opens_and_closes_each_document_with_the_end_token(ending, words):
    assert concatenate(["w0 w1", "w2"], ending).ids.tolist() == [52, 2, 3, 52, 4, 52]
    assert concatenate(["w0 w1", "w2"], words).ids.tolist() == [2, 3, 4]
    stream = concatenate(["w0 w1", "w2"], words)
    assert stream.tokens == 2
    assert stream.characters == 5  # " w1" and "w2"
    assert stream.first_tokens == [(2, 1), (4, 1)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: lines("w0 w1", t, context_length=4), r"`texts` must be a list of strings"),
        (lambda t: lines(["w0", ""], t, context_length=4), r"a text with a token to predict"),
        (lambda t: lines(["w0 w1"], t, context_length=0), r"`context_length` must be a whole number of at least 1"),
        (lambda t: lines(["w0 w1"], t, context_length=4, batch_size=0), r"`batch_size` must be a whole number"),
        (lambda t: windows(np.arange(8), context_length=8, batch_size=1, steps=1), r"at least 9 tokens.*Received: 8"),
        (lambda t: windows(np.arange(1), context_length=8, batch_size=1, pad_id=0), r"at least 2 tokens"),
        (lambda t: windows(np.arange(9), context_length=4, batch_size=1), r"`pad_id` is needed to fill"),
        (lambda t: windows(np.ones(9), context_length=4, batch_size=1, steps=1), r"`ids` must be a row of whole"),
        (lambda t: windows(-np.arange(9), context_length=4, batch_size=1, steps=1), r"`ids` must not be negative"),
        (lambda t: windows(np.arange(9), context_length=4, batch_size=1, steps=0), r"`steps` must be a whole number"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(words, call, message):
    with pytest.raises(ValueError, match=message) as error:
        call(words)
    assert "\n" not in str(error.value)


def small_model(tokenizer, **sizes):
    import keras

    from tinylm_keras.models import MiniLM

    keras.utils.set_random_seed(2)
    model = MiniLM(tokenizer=tokenizer, **{"context_length": 9, "embed_dim": 8, "dropout": 0.0, **sizes})
    model.compile("sgd", jit_compile=False)
    return model


@pytest.mark.parametrize("layout", ["lines", "random windows"])
def test_fit_from_a_later_epoch_goes_on_with_its_batches(words, layout):
    if layout == "lines":
        data = lines(NUMBERED, words, context_length=9, batch_size=4, seed=3)
    else:
        data = windows(np.arange(2, 52), context_length=6, batch_size=4, steps=3, seed=3, pad_id=0)
    whole = small_model(words).fit(data, epochs=4, verbose=0).history["loss"]
    model = small_model(words)
    parts = model.fit(data, epochs=2, verbose=0).history["loss"]
    parts += model.fit(data, epochs=4, initial_epoch=2, verbose=0).history["loss"]
    assert parts == pytest.approx(whole, rel=1e-6)


def test_batches_that_do_not_fit_the_model_are_refused_before_they_are_fed(words):
    model = small_model(words)
    for call in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=r"`ids` must be in \[0, 52\), the model's vocabulary. Received: ids=99"):
            call(windows(np.arange(100), context_length=6, batch_size=2, pad_id=0), verbose=0)
        with pytest.raises(ValueError, match=r"`token_ids` must have at most `context_length` columns"):
            call(windows(np.arange(2, 50), context_length=12, batch_size=2, pad_id=0), verbose=0)


def test_a_text_that_just_fits_a_row_is_not_counted_as_cut(texts):
    tokenizer = WhitespaceTokenizer().adapt(texts)
    fits, longer = "the cat sat on", "the cat sat on the"  # a row of 3 columns predicts 3 tokens of 4
    assert lines([fits], tokenizer, context_length=3).cut == 0
    assert lines([fits, longer], tokenizer, context_length=3).cut == 1
    assert lines([fits], tokenizer, context_length=3).tokens == 3
