"""What holds for every tokenizer of the table in conftest.py."""

import json
import pathlib

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.id_rules import strings
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer, WordPunctTokenizer

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Letters, marks and every kind of space, dense enough that rules about neighbours are met.
DENSE = st.text(
    alphabet="abcé'’-.,:!\"([0 \t\n\r\v\f\x1c\x1f\x85\xa0\u200b\u2028\u3000🙂\u200d\ufe0f中、\0", max_size=40
)
TEXT = st.one_of(st.text(max_size=30), DENSE)


def rebuilt(tokenizer, **changes):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(tokenizer)))
    config["config"].update(changes)
    return keras.saving.deserialize_keras_object(config)


def test_it_is_a_keras_nlp_tokenizer(tokenizer):
    assert isinstance(tokenizer, keras_nlp.tokenizers.Tokenizer)


def test_tokenize_returns_unpadded_int32_and_lists_give_lists(tokenizer):
    ids = tokenizer.tokenize("the cat sat")
    assert isinstance(ids, np.ndarray)
    assert ids.dtype == np.int32
    assert ids.shape == (len(tokenizer.token_strings("the cat sat")),)
    rows = tokenizer.tokenize(["the cat", "", "a"])
    assert [len(row) for row in rows] == [len(tokenizer.token_strings("the cat")), 0, 1]
    assert [row.dtype for row in rows] == [np.int32] * 3
    assert tokenizer.tokenize([]) == []


def test_text_of_the_vocabulary_comes_back(tokenizer, texts):
    assert tokenizer.detokenize(tokenizer.tokenize(texts)) == texts


def test_ids_and_tokens_name_each_other(tokenizer):
    vocabulary = tokenizer.get_vocabulary()
    assert len(vocabulary) == tokenizer.vocabulary_size() == len(set(vocabulary))
    for index, token in enumerate(vocabulary):
        assert tokenizer.id_to_token(index) == token
        assert tokenizer.token_to_id(token) == index
    assert tokenizer.token_to_id("zebra") == tokenizer.unk_id
    assert tokenizer.id_to_token(tokenizer.pad_id) == ""


@QUICK
@given(st.data())
def test_detokenizing_any_ids_never_raises_and_batches_equal_loops(tokenizer, data):
    ids = st.lists(st.integers(0, tokenizer.vocabulary_size() - 1), max_size=9)
    rows = data.draw(st.lists(ids, min_size=1, max_size=4))
    assert tokenizer.detokenize([np.array(row, "int32") for row in rows]) == [tokenizer.detokenize(r) for r in rows]


@QUICK
@given(st.lists(TEXT, min_size=1, max_size=4))
def test_any_text_gives_valid_ids_and_the_token_strings_are_the_text_in_order(tokenizer, texts):
    rows = tokenizer.tokenize(texts)
    for text, row in zip(texts, rows, strict=True):
        assert np.array_equal(tokenizer.tokenize(text), row)
        token_strings = tokenizer.token_strings(text)
        assert len(token_strings) == len(row)
        place = 0
        for token in token_strings:
            place = text.index(token, place) + len(token)
        assert not set(row.tolist()) & {tokenizer.pad_id, tokenizer.end_id}
        assert all(0 <= id < tokenizer.vocabulary_size() for id in row)


@QUICK
@given(DENSE, st.integers(1, 12))
@example("a     b\n\n\n\n\n c", 1)
def test_a_text_may_be_cut_before_white_space_that_follows_a_non_space(tokenizer, text, size):
    parts = list(strings.parts(text, size))
    assert "".join(parts) == text
    assert np.concatenate(tokenizer.tokenize(parts)).tolist() == tokenizer.tokenize(text).tolist()


@QUICK
@given(st.data(), TEXT)
def test_ids_that_come_one_by_one_join_to_the_same_text(tokenizer, data, prompt):
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocabulary_size() - 1), max_size=15))
    text, pending = prompt, []
    for id in ids:
        pending.append(id)
        decided = len(pending) - tokenizer.unfinished(pending)
        text += tokenizer.continuation(text, pending[:decided])
        pending = pending[decided:]
    text += tokenizer.continuation(text, pending)
    assert text == prompt + tokenizer.continuation(prompt, ids)


def test_the_config_rebuilds_the_same_tokenizer(tokenizer, texts):
    again = rebuilt(tokenizer)
    assert again.get_vocabulary() == tokenizer.get_vocabulary()
    assert again.character_counts == tokenizer.character_counts
    assert (again.pad_id, again.unk_id, again.end_id) == (tokenizer.pad_id, tokenizer.unk_id, tokenizer.end_id)
    for row, expected in zip(again.tokenize(texts), tokenizer.tokenize(texts), strict=True):
        assert np.array_equal(row, expected)


def test_the_fingerprint_is_of_all_that_decides_ids_and_of_nothing_else(tokenizer):
    fingerprint = tokenizer.fingerprint()
    assert len(fingerprint) == 64
    assert rebuilt(tokenizer, sequence_length=7, max_tokens=1000, name="other").fingerprint() == fingerprint
    assert rebuilt(tokenizer, end_token="<other end>").fingerprint() != fingerprint
    vocabulary = tokenizer.get_config()["vocabulary"]
    assert rebuilt(tokenizer, vocabulary=[*vocabulary[1:], vocabulary[0]]).fingerprint() != fingerprint


def test_the_fingerprint_is_of_the_class_too():
    one, other = WhitespaceTokenizer(vocabulary=["a"]), CharacterTokenizer(vocabulary=["a"])
    assert one.fingerprint() != other.fingerprint()
    # Kept in the index of token files on disk, so it must not change between versions.
    assert one.fingerprint() == "70e13a6a12a496692e4d11366eb1a6f8d6a02167830d11d535cbe1596c898142"


def test_a_call_pads_and_cuts_what_tokenize_returns(tokenizer):
    texts = ["the cat sat", "a", "", "the mat and the mat and the mat"]
    rows = tokenizer.tokenize(texts)
    for length in (None, 6):
        columns = length or max(map(len, rows))
        expected = np.full((4, columns), tokenizer.pad_id)
        for index, row in enumerate(rows):
            expected[index, : len(row)] = row[:columns]
        padding = rebuilt(tokenizer, sequence_length=length)
        padded = padding(texts)
        assert keras.backend.standardize_dtype(padded.dtype) == "int32"
        assert np.array(padded).tolist() == expected.tolist()
        assert np.array(padding("the cat")).tolist() == np.array(padding(["the cat"]))[0].tolist()


def test_a_call_maps_over_a_dataset(tokenizer):
    tf = pytest.importorskip("tensorflow")
    padding = rebuilt(tokenizer, sequence_length=6)  # first used inside the graph
    texts = ["the cat", "the mat and the mat", "é🙂"]
    dataset = tf.data.Dataset.from_tensor_slices(texts)
    mapped = dataset.batch(3).map(padding)
    assert mapped.element_spec.shape.as_list() == [None, 6]
    assert next(iter(mapped)).numpy().tolist() == np.array(padding(texts)).tolist()
    assert np.array(padding(tf.constant(texts))).tolist() == np.array(padding(texts)).tolist()
    one_by_one = [row.numpy().tolist() for row in dataset.map(padding)]
    assert one_by_one == np.array(padding(texts)).tolist()


@pytest.mark.parametrize("kind", [WhitespaceTokenizer, WordPunctTokenizer, CharacterTokenizer, BytePairTokenizer])
def test_adapt_takes_any_iterable_and_a_dataset_and_returns_the_tokenizer(kind):
    tf = pytest.importorskip("tensorflow")
    texts = ["the cat", "the dog and the cat"]
    expected = kind().adapt(texts).get_vocabulary()
    assert kind().adapt(text for text in texts).get_vocabulary() == expected
    assert kind().adapt(tf.data.Dataset.from_tensor_slices(texts)).get_vocabulary() == expected
    assert kind().adapt(tf.data.Dataset.from_tensor_slices(texts).batch(2)).get_vocabulary() == expected
    assert kind().adapt(" ".join(texts)).vocabulary_size() >= len(expected)


@pytest.mark.parametrize("texts", [None, 3, pathlib.Path("my.txt"), np.array("a")], ids=repr)
@pytest.mark.parametrize("kind", [WhitespaceTokenizer, BytePairTokenizer])
def test_adapt_refuses_what_holds_no_texts_and_names_the_argument(kind, texts):
    with pytest.raises(TypeError, match=r"`texts` must be a str or an iterable of str\. Received: texts="):
        kind().adapt(texts)


def test_a_long_text_is_adapted_to_in_parts_of_bounded_length(monkeypatch):
    monkeypatch.setattr(strings, "MOST_CHARACTERS", 8)
    batches = list(strings.batches(["to be or not to be", "that", "is", "the", "question"]))
    assert ["".join(batch) for batch in batches] == ["to be or", " not to be", "thatisthe", "question"]


@pytest.mark.parametrize("kind", [WhitespaceTokenizer, WordPunctTokenizer, CharacterTokenizer])
@QUICK
@given(st.lists(TEXT, min_size=1, max_size=4), st.data())
def test_learning_and_looking_up_equal_those_of_a_text_vectorization_layer(kind, texts, data):
    if not any(token.strip("\0") for text in texts for token in kind().token_strings(text)):
        with pytest.raises(ValueError, match="must hold at least one token"):
            kind().adapt(texts)
        return
    tokenizer = kind().adapt(texts)
    assert rebuilt(tokenizer).get_vocabulary() == tokenizer.get_vocabulary()
    seen = {token.rstrip("\0") for text in texts for token in tokenizer.token_strings(text)} - {""}
    assert set(tokenizer.get_vocabulary()[2:]) == seen - {"[UNK]"}
    texts = [*texts, data.draw(TEXT)]
    for padded, ids in zip(np.array(tokenizer.vectorization(texts)), tokenizer.tokenize(texts), strict=True):
        assert padded[: len(ids)].tolist() == ids.tolist()
        assert not padded[len(ids) :].any()
