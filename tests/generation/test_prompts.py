"""What a prompt may be, where the end token stands in one, and how a text ends whose last word is yet to come."""

import itertools
import re
import warnings

import keras
import numpy as np
import pytest

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.tokenizers import BytePairTokenizer, WhitespaceTokenizer, WordPunctTokenizer

SETTINGS = {"max_new_tokens": 12, "seed": 3, "temperature": 2.0}


@pytest.fixture(scope="module")
def byte_pair_lm(make_mini_lm, texts):
    return make_mini_lm(tokenizer=BytePairTokenizer(max_tokens=300).adapt(texts), num_blocks=1, context_length=24)


@pytest.fixture(scope="module")
def punctuated_lm(make_mini_lm):
    marks = ["the", "cat", "sat", ".", ",", "!", "?", ")", "("]
    return make_mini_lm(tokenizer=WordPunctTokenizer(vocabulary=marks), num_blocks=1)


# A blank at the end


def test_a_blank_at_the_end_of_a_byte_pair_prompt_becomes_part_of_the_next_token(byte_pair_lm):
    tokenizer = byte_pair_lm.tokenizer
    for prompt, seed in itertools.product(["the cat ", "the cat  ", "a\n ", "\ttree "], range(4)):
        text = byte_pair_lm.generate(prompt, max_new_tokens=1, seed=seed, temperature=3.0)
        known = tokenizer.tokenize(prompt[:-1]).tolist()
        ids = byte_pair_lm.generate(known, max_new_tokens=1, seed=seed, temperature=3.0)
        assert text.startswith(prompt)
        written = [
            i for i in range(tokenizer.vocabulary_size() - 1) if tokenizer.detokenize([i]) == text[len(prompt) - 1 :]
        ]
        assert written  # one token is the blank and all that is new
        if tokenizer.detokenize(ids[-1:]).startswith(" "):
            assert text == tokenizer.detokenize(ids)


def test_behind_a_blank_the_likeliest_token_that_begins_with_it_comes_first(byte_pair_lm):
    tokenizer = byte_pair_lm.tokenizer
    logits = np.array(byte_pair_lm(tokenizer.tokenize("the cat")[None]))[0, -1]
    begins = [i for i in range(tokenizer.vocabulary_size() - 1) if tokenizer.detokenize([i]).startswith(" ")]
    best = begins[int(np.argmax(logits[begins]))]
    assert byte_pair_lm.generate("the cat ", max_new_tokens=1, temperature=0) == "the cat" + tokenizer.detokenize(
        [best]
    )


def test_white_space_before_a_word_is_parsed_as_in_the_middle_of_a_text(byte_pair_lm):
    tokenizer = byte_pair_lm.tokenizer
    for prompt in ("the\n", "the\n\n", "the \n", "the cat \n\n\n", "\n\n", "a\t\t", "a\u3000\u3000"):
        ids, held, first = tokenizer.tokenize_prompt(prompt)
        assert ids.tolist() == tokenizer.tokenize(prompt + "x").tolist()[: len(ids)]
        assert (held, first) == (0, None)
    for prompt in ("the ", "the  ", "a\n ", " "):
        ids, held, first = tokenizer.tokenize_prompt(prompt)
        assert held == 1
        assert ids.tolist() == tokenizer.tokenize(prompt + "x").tolist()[: len(ids)]
        assert {tokenizer.detokenize([i])[0] for i in np.flatnonzero(first)} == {" "}
    assert tokenizer.tokenize_prompt("a\x1c\x1c")[0].tolist() == tokenizer.tokenize("a\x1c\x1c").tolist()


def test_a_blank_in_front_of_a_mark_is_never_written_behind_a_blank(punctuated_lm):
    for seed in range(8):
        text = punctuated_lm.generate("the cat ", max_new_tokens=2, seed=seed)
        assert re.match(r"the cat (the|cat|sat|\()", text), text
    assert punctuated_lm.generate("( ", max_new_tokens=1, seed=0).startswith(
        "( "
    )  # no token is written so: any may come
    assert punctuated_lm.generate("the  ", max_new_tokens=1, seed=0).startswith("the  ")


@pytest.mark.filterwarnings("ignore:Words of the prompt")
@pytest.mark.parametrize("prompt", ["the cat ", " ", "the cat\n\n"])
def test_every_tokenizer_keeps_the_prompt_and_streams_what_it_generates(tiny_lm, prompt):
    if not tiny_lm.tokenizer.tokenize(prompt).size and tiny_lm.end_id is None:
        return  # nothing to begin from
    text = tiny_lm.generate(prompt, **SETTINGS)
    assert text.startswith(prompt)
    assert "".join(tiny_lm.stream(prompt, **SETTINGS)) == text
    assert tiny_lm.generate(prompt, max_new_tokens=0) == prompt
    alone = tiny_lm.generate(["the", prompt, "the cat sat on the"], **SETTINGS)
    assert alone[0] == tiny_lm.generate("the", **SETTINGS)
    assert alone[1].startswith(prompt)


def test_rows_that_hold_a_blank_back_do_not_limit_their_neighbours(byte_pair_lm):
    rows = byte_pair_lm.generate(["the cat ", "the cat", "a big dog sat "], max_new_tokens=6, temperature=0)
    for row, prompt in zip(rows, ["the cat ", "the cat", "a big dog sat "], strict=True):
        assert row == byte_pair_lm.generate(prompt, max_new_tokens=6, temperature=0)


def test_samplers_of_keras_nlp_and_stop_strings_know_of_the_blank(byte_pair_lm):
    greedy = byte_pair_lm.generate("the cat ", max_new_tokens=6, temperature=0)
    assert byte_pair_lm.generate("the cat ", max_new_tokens=6, sampler=keras_nlp.samplers.GreedySampler()) == greedy
    stopped = byte_pair_lm.generate("the cat ", max_new_tokens=6, temperature=0, stop=greedy[8:10])
    assert stopped == "the cat "
    assert "".join(byte_pair_lm.stream("the cat ", max_new_tokens=6, temperature=0, stop=greedy[8:10])) == "the cat "
    assert byte_pair_lm.generate("the cat ", max_new_tokens=6, temperature=0, stop=" ").startswith("the cat ")


# Stop strings


def test_a_stop_string_that_can_never_be_written_is_named_in_one_warning(mini_lm, byte_pair_lm):
    for stop in ("\n", "zebra", "the  cat", ["cat", "dogs."]):
        with pytest.warns(UserWarning, match=r"Stop strings that the model's tokenizer can never write") as caught:
            mini_lm.generate("the", max_new_tokens=1, stop=stop)
        assert len(caught) == 1
        assert "'cat'" not in str(caught[0].message)
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mini_lm.generate("the", max_new_tokens=1, stop=["cat sat", " a ", "og"])
        mini_lm.generate("the", max_new_tokens=1, stop="[UNK]", allow_unknown=True)
        byte_pair_lm.generate("the", max_new_tokens=1, stop=["\n", "zebra", "🙂"])


def test_the_end_token_as_a_stop_string_needs_no_warning(ending_lm):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ending_lm.generate("the", max_new_tokens=1, stop="<end>")


def test_a_stop_string_of_the_defaults_is_for_text_alone(make_mini_lm, texts):
    model = make_mini_lm(tokenizer=WhitespaceTokenizer().adapt(texts), num_blocks=1)
    free, ids = model.generate("the", **SETTINGS), model.generate([2], **SETTINGS)
    stop = free.split()[3]
    model.generation_defaults = {"stop": stop}
    assert model.generate("the", **SETTINGS) == free[: free.index(f"{stop}", 3)]
    assert model.generate([2], **SETTINGS).tolist() == ids.tolist()
    assert model.generate("the", stop=[], **SETTINGS) == free


# The end token


def test_an_empty_prompt_stays_empty_where_nothing_is_to_be_written(make_mini_lm, mini_lm):
    assert mini_lm.generate("", max_new_tokens=0) == ""
    assert mini_lm.generate(["", "the"], max_new_tokens=0) == ["", "the"]
    assert [row.tolist() for row in mini_lm.generate([[], [3]], max_new_tokens=0)] == [[], [3]]
    assert "".join(mini_lm.stream("", max_new_tokens=0)) == ""


def test_empty_ids_start_from_the_end_token_as_an_empty_text_does(ending_lm):
    ids = ending_lm.generate([[]], max_new_tokens=5, temperature=0)[0]
    assert ending_lm.tokenizer.detokenize(ids) == ending_lm.generate("", max_new_tokens=5, temperature=0)
    assert ending_lm.end_id not in ids


@pytest.mark.parametrize("length", [3, 40])  # through the loop; through the prefill, longer than the context
def test_an_end_token_inside_a_prompt_ends_nothing(ending_lm, logits_after, length):
    end = ending_lm.end_id
    ids = [2 + index % 5 for index in range(length)]
    ids[1] = ids[-1] = end
    alone = ending_lm.generate(ids, max_new_tokens=4, temperature=0)
    assert alone[:length].tolist() == ids
    logits = logits_after(ending_lm, ids)
    logits[[0, 1]] = -np.inf
    best = int(np.argmax(logits))
    assert alone[length:].tolist() == [] if best == end else alone[length] == best
    greedy = keras_nlp.samplers.GreedySampler()
    assert ending_lm.generate(ids, max_new_tokens=4, sampler=greedy).tolist() == alone.tolist()
    rows = ending_lm.generate([ids, [3, 4]], max_new_tokens=4, temperature=0)
    assert rows[0].tolist() == alone.tolist()
    assert rows[1].tolist() == ending_lm.generate([3, 4], max_new_tokens=4, temperature=0).tolist()


def test_the_text_of_the_end_token_in_a_prompt_is_said_to_be_text(ending_lm, make_mini_lm, texts):
    with pytest.warns(UserWarning, match=r"does not know: '<end>'\.$") as caught:
        assert ending_lm.generate("the <end> cat", max_new_tokens=2).startswith("the <end> cat")
    assert len(caught) == 1
    tokenizer = BytePairTokenizer(max_tokens=300, end_token="<end>").adapt(texts)
    model = make_mini_lm(tokenizer=tokenizer, num_blocks=1, context_length=24)
    with pytest.warns(UserWarning, match=r"holds the text '<end>'.*not the end token.*pass ids"):
        assert model.generate("the<end>cat", max_new_tokens=2).startswith("the<end>cat")


# Kinds of prompts


class Titled(str):
    def __str__(self):
        return "another text"


def test_prompts_of_every_kind_give_what_plain_ones_do(mini_lm):
    settings = {"max_new_tokens": 3, "temperature": 0}
    one, two = mini_lm.generate("the", **settings), mini_lm.generate("a", **settings)
    for prompt in (Titled("the"), np.str_("the"), np.array("the")):
        text = mini_lm.generate(prompt, **settings)
        assert (text, type(text)) == (one, str)
    nothing = mini_lm.generate(Titled("the"), max_new_tokens=0)
    assert (nothing, type(nothing)) == ("the", str)
    for prompts in (
        ("the", "a"),
        (text for text in ("the", "a")),
        np.array(["the", "a"]),
        np.array(["the", "a"], object),
    ):
        assert mini_lm.generate(prompts, **settings) == [one, two]
    row = mini_lm.generate([2, 3], **settings).tolist()
    kinds = (
        np.array([2, 3], "uint8"),
        (2, 3),
        range(2, 4),
        [np.int64(2), np.int32(3)],
        keras.ops.array([2, 3], "int32"),
    )
    for ids in kinds:
        assert mini_lm.generate(ids, **settings).tolist() == row
    for rows in (np.array([[2, 3]]), iter([[2, 3]]), keras.ops.array([[2, 3]], "int32"), [np.array([2, 3])]):
        assert [ids.tolist() for ids in mini_lm.generate(rows, **settings)] == [row]
    assert mini_lm.generate(np.zeros((0, 3), int)) == []


@pytest.mark.parametrize(
    "prompts",
    [
        3,
        np.int64(3),
        b"the",
        [b"the"],
        {"the"},
        {"the": 1},
        np.array([1.0, 2.0]),
        [1.5],
        [True, False],
        [[1, 2], 3],
        [[[1, 2], [3]]],
        np.zeros((1, 1, 1), int),
        ["the", [2]],
        [2**70],
        [None],
    ],
)
def test_what_is_no_prompt_is_refused_in_one_line(mini_lm, prompts):
    with pytest.raises(ValueError, match=r"^`prompts` must (be a str, ids, or a list|be all text or all ids)") as error:
        mini_lm.generate(prompts)
    assert "\n" not in str(error.value)


def test_ragged_ids_are_no_text_to_score(mini_lm):
    with pytest.raises(ValueError, match=r"^`text` must be a str, ids"):
        mini_lm.score([[1, 2], [3]])


def test_a_model_called_with_one_row_says_that_the_batch_is_missing(mini_lm):
    with pytest.raises(ValueError, match=r"`token_ids` must have the shape \(B, T\).*Add the axis of the batch"):
        mini_lm(np.array([2, 3]))
    with pytest.raises(ValueError, match=r"`token_ids` must have the shape \(B, T\)"):
        mini_lm(np.array([[[2, 3]]]))
