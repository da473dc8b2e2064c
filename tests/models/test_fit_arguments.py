"""What `fit` is given: text is refused in one line, and callbacks know which perplexity is better."""

import keras
import numpy as np
import pytest

from tinylm_keras.data import concatenate, lines, windows
from tinylm_keras.metrics import BitsPerCharacter


@pytest.fixture
def model(make_mini_lm, mini_lm):
    model = make_mini_lm(tokenizer=mini_lm.tokenizer, num_blocks=1)
    model.compile(jit_compile=False, metrics=[BitsPerCharacter()])
    return model


@pytest.fixture
def data(texts, mini_lm):
    return lines(texts, mini_lm.tokenizer, context_length=12)


@pytest.mark.parametrize("text", ["the cat", ["the cat"], [["the cat"]], np.array(["the"]), np.array(["the"], object)])
def test_text_in_the_place_of_ids_is_refused_in_one_line_that_says_how_to_lay_it_out(model, data, text):
    for call in (model.fit, model.evaluate, lambda x: model.fit(data, validation_data=x)):
        with pytest.raises(ValueError, match=r"must be token ids, not text.*data\.lines.*data\.concatenate") as error:
            call(text)
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match=r"^`ids` must be token ids, not text.*data\.concatenate.*data\.lines"):
        windows(text, context_length=4, batch_size=2)


def test_a_dataset_of_strings_is_text_too(model):
    import tensorflow as tf

    strings = tf.data.Dataset.from_tensor_slices(["the cat", "a dog"])
    for dataset in (strings.batch(2), strings.batch(2).map(lambda text: (text, text)), tf.constant(["the"])):
        with pytest.raises(ValueError, match=r"must be token ids, not text"):
            model.fit(dataset)


def test_one_str_is_not_a_list_of_texts_to_concatenate(mini_lm, texts):
    with pytest.raises(ValueError, match=r"`texts` must be a list of strings.*Try data\.read or \[text\]"):
        concatenate("the cat", mini_lm.tokenizer)
    whole = concatenate(texts, mini_lm.tokenizer)
    assert concatenate((text for text in texts), mini_lm.tokenizer).ids.tolist() == whole.ids.tolist()


def test_less_perplexity_is_better_for_callbacks_without_a_mode(model, data, tmp_path):
    callbacks = [
        keras.callbacks.EarlyStopping("val_perplexity", patience=9),
        keras.callbacks.ReduceLROnPlateau("perplexity"),
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", "val_perplexity", save_best_only=True),
        keras.callbacks.EarlyStopping("val_bits_per_character", patience=9),
    ]
    history = model.fit(data, validation_data=data, epochs=2, verbose=0, callbacks=callbacks).history
    assert history["val_perplexity"][1] < history["val_perplexity"][0]
    for callback in callbacks:
        assert callback.monitor_op is keras.ops.less
    assert callbacks[2].best == history["val_perplexity"][1]


def test_a_mode_that_was_given_is_kept(model, data):
    callback = keras.callbacks.EarlyStopping("perplexity", mode="max")
    model.fit(data, verbose=0, callbacks=callback)
    assert callback.mode == "max"
