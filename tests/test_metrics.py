"""Laws 5 and 6: perplexity counts real tokens only, each once, however they are batched and padded."""

import math

import keras
import numpy as np
import pytest

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.data import concatenate, lines, windows
from tinylm_keras.metrics import BitsPerCharacter, Perplexity


def total_nats(model, rows):
    """Nats and tokens of ids without any padding, one row at a time, in float64."""
    nats, count = 0.0, 0
    for row in rows:
        logits = np.array(model(np.array([row[:-1]], "int32")))[0].astype("float64")
        logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
        nats -= logits[np.arange(len(row) - 1), row[1:]].sum()
        count += len(row) - 1
    return nats, count


@pytest.fixture(scope="module")
def batches(texts, mini_lm):
    # 6 uneven texts in batches of 4: the last batch is short, and filled with padding.
    return lines(texts, mini_lm.tokenizer, context_length=12, batch_size=4, shuffle=False)


def test_perplexity_of_an_epoch_is_exp_of_total_nats_over_real_tokens(make_model, texts, mini_lm, batches):
    model = make_model(tokenizer=mini_lm.tokenizer)
    model.compile(jit_compile=False)
    result = model.evaluate(batches, verbose=0, return_dict=True)
    nats, count = total_nats(model, [ids[:13] for ids in mini_lm.tokenizer.tokenize(texts)])
    assert count == batches.tokens
    assert result["perplexity"] == pytest.approx(math.exp(nats / count), rel=1e-5)
    assert math.exp(result["loss"]) == pytest.approx(result["perplexity"], rel=1e-6)
    assert {type(value) for value in result.values()} == {float}
    assert [type(value) for value in model.evaluate(batches, verbose=0)] == [float, float]


def test_loss_and_perplexity_of_fit_agree_epoch_by_epoch(make_trained_model, mini_lm, batches):
    model = make_trained_model(tokenizer=mini_lm.tokenizer)
    model.compile("sgd", jit_compile=False)
    history = model.fit(batches, validation_data=batches, epochs=3, verbose=0).history
    for prefix in ("", "val_"):
        assert np.exp(history[f"{prefix}loss"]) == pytest.approx(history[f"{prefix}perplexity"], rel=1e-5)
    assert history["val_loss"][0] > history["val_loss"][2]


def test_perplexity_equals_that_of_keras_nlp(mini_lm, batches):
    theirs = keras_nlp.metrics.Perplexity(from_logits=True, mask_token_id=mini_lm.pad_id)
    ours = Perplexity(pad_id=mini_lm.pad_id)
    # Before 0.27, keras-hub averages batches by their examples, not by their tokens: there one batch has to do.
    by_examples = hasattr(theirs, "_number_of_samples")
    for x, y in list(batches)[: 1 if by_examples else None]:
        logits = mini_lm(x)
        theirs.update_state(y, logits)
        ours.update_state(y, logits)
    assert float(ours.result()) == pytest.approx(float(theirs.result()), rel=1e-5)


def test_more_padding_changes_neither_logits_nor_loss(make_model, mini_lm, batches):
    model = make_model(tokenizer=mini_lm.tokenizer)
    model.compile(jit_compile=False)
    x, y = batches.batch(0)
    x, y = x[:, :9], y[:, :9]
    wide = [np.concatenate([part, np.zeros((4, 3), "int32")], axis=1) for part in (x, y)]
    rows = [np.concatenate([part, np.zeros((5, 12), "int32")]) for part in wide]
    results = [model.evaluate(*pair, batch_size=9, verbose=0, return_dict=True) for pair in ((x, y), wide, rows)]
    assert np.abs(np.array(model(wide[0]))[:, :9] - np.array(model(x))).max() <= 1e-5
    for result in results[1:]:
        assert result["loss"] == pytest.approx(results[0]["loss"], rel=1e-5)
        assert result["perplexity"] == pytest.approx(results[0]["perplexity"], rel=1e-5)


def test_the_gradient_does_not_see_padding(make_trained_model, mini_lm, batches):
    x, y = batches.batch(0)
    weights = []
    for pad in (0, 3):
        model = make_trained_model(tokenizer=mini_lm.tokenizer, dropout=0.0)
        model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
        extra = np.zeros((pad, 12), "int32")
        model.train_on_batch(np.concatenate([x, extra]), np.concatenate([y, extra]))
        weights.append([np.array(v) for v in model.trainable_variables])
    for one, other in zip(*weights, strict=True):
        assert np.abs(one - other).max() < 1e-5


def test_sample_weight_of_one_number_per_text_weighs_its_tokens(make_model, mini_lm):
    model = make_model(tokenizer=mini_lm.tokenizer)
    model.compile(jit_compile=False)
    x = np.random.default_rng(0).integers(2, 9, (4, 4)).astype("int32")  # B == T: the silent trap
    weights = np.array([1.0, 0.0, 2.0, 0.5], "float32")
    per_text = model.evaluate(x, x, sample_weight=weights, verbose=0, return_dict=True)
    model.compile(jit_compile=False)
    per_token = model.evaluate(x, x, sample_weight=np.repeat(weights[:, None], 4, 1), verbose=0, return_dict=True)
    assert per_text["loss"] == pytest.approx(per_token["loss"], rel=1e-6)
    with pytest.raises(ValueError, match=r"`sample_weight` must keep its rank.*Call compile"):
        model.evaluate(x, x, sample_weight=weights, verbose=0)
    with pytest.raises(ValueError, match=r"`sample_weight` must have the shape \(B,\), \(B, 1\) or \(B, T\)"):
        Perplexity().update_state(x, np.zeros((4, 4, 9)), np.ones((4, 4, 1)))


def test_own_loss_and_metrics_still_get_a_perplexity(make_model, mini_lm, batches):
    model = make_model(tokenizer=mini_lm.tokenizer)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile("sgd", loss, metrics=["accuracy"], jit_compile=False)
    result = model.evaluate(batches, verbose=0, return_dict=True)
    assert set(result) == {"loss", "perplexity", "accuracy"}
    model.compile(jit_compile=False)
    expected = model.evaluate(batches, verbose=0, return_dict=True)["perplexity"]
    assert result["perplexity"] == pytest.approx(expected, rel=1e-5)


def test_bits_per_character_is_total_bits_over_characters(make_model, texts, mini_lm):
    tokenizer = mini_lm.tokenizer
    model = make_model(tokenizer=tokenizer)
    model.compile(jit_compile=False)
    known = [text for text in texts if len(text.split()) <= 13]
    batches = lines(known, tokenizer, context_length=12, batch_size=8)
    result = model.evaluate(batches, verbose=0, return_dict=True)
    nats, _ = total_nats(model, tokenizer.tokenize(known))
    characters = sum(len(text) - len(text.split()[0]) for text in known)  # the first word is not predicted
    expected = nats / math.log(2) / characters
    assert batches.bits_per_character(result["loss"]) == pytest.approx(expected, rel=1e-5)
    metric = BitsPerCharacter(**batches.character_rates(), pad_id=0)
    for x, y in batches:
        metric.update_state(y, model(x))
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


def test_unknown_words_pay_for_their_spelling(texts, mini_lm):
    tokenizer = mini_lm.tokenizer
    plain = concatenate(["the cat sat on the mat"], tokenizer)
    strange = concatenate(["the cat sat on the xyz"], tokenizer)
    assert (plain.unknown, plain.unknown_bits) == (0, 0)
    assert strange.unknown == 1
    assert strange.unknown_bits == pytest.approx(tokenizer.spelling_bits("xyz"))
    counts = tokenizer.character_counts
    choices = sum(counts.values()) + len(counts) + 2
    expected = math.log2(choices) + sum(math.log2(choices / (counts[c] + 1)) for c in "cat")
    assert tokenizer.spelling_bits("cat") == pytest.approx(expected)
    assert tokenizer.spelling_bits("ü") > 21
    batches = windows(strange, context_length=3, batch_size=2)
    extra = strange.unknown_bits / strange.characters
    assert batches.bits_per_character(0.0) == pytest.approx(extra)


def test_bits_per_character_of_bare_ids_is_refused():
    with pytest.raises(ValueError, match="needs the text"):
        windows(np.arange(9), context_length=3, batch_size=2, pad_id=0).bits_per_character(1.0)
