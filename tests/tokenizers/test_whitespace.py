"""What the white-space tokenizer promises (law 8: it says what it loses)."""

import json

import keras
import numpy as np
import pytest

from tinylm_keras.tokenizers import WhitespaceTokenizer

STRANGE = [
    "a\nb",
    "a\r",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "a\u2028b",
    "\u2029",
    "é",
    "🙂👩‍👩‍👧",
    "[unk]",
    "\x00a",
    "'\"\\",
]


def rebuilt(tokenizer):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(tokenizer)))
    return keras.saving.deserialize_keras_object(config)


@pytest.mark.parametrize("token", STRANGE)
def test_vocabularies_with_strange_tokens_survive(token):
    tokenizer = WhitespaceTokenizer(vocabulary=["before", token, "after"])
    again = rebuilt(tokenizer)
    assert again.get_vocabulary() == ["", "[UNK]", "before", token, "after"]
    assert again.tokenize("before after").tolist() == [2, 4]


def test_white_space_becomes_one_blank_and_unknown_words_unk():
    tokenizer = WhitespaceTokenizer().adapt("to be or not to be")
    assert tokenizer.detokenize(tokenizer.tokenize("  to\tbe\n\nor  zebra ")) == "to be or [UNK]"


def test_the_most_frequent_words_are_kept_and_the_special_tokens_count():
    texts = ["a a a a b b b c c d"]
    assert WhitespaceTokenizer(max_tokens=4).adapt(texts).get_vocabulary() == ["", "[UNK]", "a", "b"]
    with_end = WhitespaceTokenizer(max_tokens=4, end_token="<end>").adapt(texts)
    assert with_end.get_vocabulary() == ["", "[UNK]", "a", "<end>"]
    assert with_end.end_id == 3


def test_the_text_of_a_control_token_never_becomes_its_id():
    tokenizer = WhitespaceTokenizer(end_token="<end>", max_tokens=5).adapt(["<end> <end> [UNK] [UNK] a a b"])
    assert tokenizer.get_vocabulary() == ["", "[UNK]", "a", "b", "<end>"]
    assert tokenizer.tokenize("<end> [UNK] a").tolist() == [1, 1, 2]


def test_a_nul_at_the_end_of_a_word_makes_it_unknown_not_a_second_entry():
    tokenizer = WhitespaceTokenizer().adapt(["a a a\0 a\0 b"])
    assert sorted(tokenizer.get_vocabulary()) == ["", "[UNK]", "a", "b"]
    assert tokenizer.tokenize("a\0").tolist() == [tokenizer.unk_id]


def test_a_call_pads_and_cuts_while_tokenize_does_not():
    tokenizer = WhitespaceTokenizer(sequence_length=3, vocabulary=["a", "b"])
    assert np.array(tokenizer(["a b", "b", "a b a b"])).tolist() == [[2, 3, 0], [3, 0, 0], [2, 3, 2]]
    assert np.array(tokenizer("a")).tolist() == [2, 0, 0]
    assert tokenizer.tokenize("a b a b").tolist() == [2, 3, 2, 3]
    free = WhitespaceTokenizer(vocabulary=["a", "b"])
    assert np.array(free(["a b", "b"])).tolist() == [[2, 3], [3, 0]]
    assert keras.backend.standardize_dtype(free(["a"]).dtype) == "int32"


def test_unknown_words_are_counted_as_they_are_written():
    tokenizer = WhitespaceTokenizer(vocabulary=["the"])
    assert tokenizer.unknown_tokens(["the zebra the", "zebra 🙂"]) == {"zebra": 2, "🙂": 1}


def test_a_continuation_is_set_off_by_one_blank():
    tokenizer = WhitespaceTokenizer(vocabulary=["a", "b"], end_token="<end>")
    assert tokenizer.continuation("x", [2, 3]) == " a b"
    assert tokenizer.continuation("x\n", [2]) == "a"
    assert tokenizer.continuation("", [2, 0, 4]) == "a"
    assert tokenizer.continuation("x", [4]) == ""


def test_words_that_end_in_another_space_are_set_off_however_they_come():
    tokenizer = WhitespaceTokenizer(vocabulary=["a\u2028", "\u3000"])
    text = ""
    for id in (2, 3, 2):
        text += tokenizer.continuation(text, [id])
    assert text == tokenizer.continuation("", [2, 3, 2]) == "a\u2028 \u3000 a\u2028"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: WhitespaceTokenizer(max_tokens=2), r"`max_tokens` must be a whole number of at least 3"),
        (lambda: WhitespaceTokenizer(max_tokens=True), r"`max_tokens` must be a whole number"),
        (lambda: WhitespaceTokenizer(sequence_length=0), r"`sequence_length` must be a whole number of at least 1"),
        (lambda: WhitespaceTokenizer(end_token=""), r"`end_token` must be a non-empty string or None"),
        (lambda: WhitespaceTokenizer(end_token="[UNK]"), r"`end_token` must differ from '\[UNK\]'"),
        (lambda: WhitespaceTokenizer(vocabulary="words.txt"), r"`vocabulary` must be a list of strings.*A path is not"),
        (lambda: WhitespaceTokenizer(vocabulary=["a", 3]), r"`vocabulary` must hold non-empty strings"),
        (lambda: WhitespaceTokenizer(vocabulary=[]), r"`vocabulary` must hold at least one word"),
        (lambda: WhitespaceTokenizer().adapt(["a \ud800"]), r"`texts` must be valid Unicode"),
        (lambda: WhitespaceTokenizer(vocabulary=["a"]).tokenize(None), r"`inputs` must be a str or a list of str"),
        (lambda: WhitespaceTokenizer(vocabulary=["a\0"]), r"do not end in NUL"),
        (lambda: WhitespaceTokenizer(vocabulary=["a", "b", "a"]), r"must not hold a word twice. Received: .*'a'"),
        (
            lambda: WhitespaceTokenizer(max_tokens=4, vocabulary=["a", "b", "c"]),
            r"`vocabulary` must not be longer than `max_tokens`.*Received: 5 tokens, max_tokens=4",
        ),
        (lambda: WhitespaceTokenizer().tokenize("a"), r"has no vocabulary yet. Call adapt"),
        (lambda: WhitespaceTokenizer().adapt(["", " \n"]), r"`texts` must hold at least one token"),
        (lambda: WhitespaceTokenizer(vocabulary=["a"]).detokenize([7]), r"`id` must be in \[0, 3\).*id=7"),
        (lambda: WhitespaceTokenizer(vocabulary=["a"]).detokenize([-1]), r"`id` must be in \[0, 3\).*id=-1"),
        (lambda: WhitespaceTokenizer(vocabulary=["a"]).detokenize([0.5]), r"`ids` must be whole numbers"),
        (lambda: WhitespaceTokenizer(vocabulary=["a"]).id_to_token(3), r"`id` must be a whole number from 0 to 2"),
        (lambda: WhitespaceTokenizer(vocabulary=["a"]).tokenize([b"a"]), r"`inputs` must be a string"),
        (lambda: WhitespaceTokenizer(vocabulary=["a"]).token_to_id(2), r"`token` must be a string"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(call, message):
    with pytest.raises((ValueError, TypeError), match=message) as error:
        call()
    assert "\n" not in str(error.value)
