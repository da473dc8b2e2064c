"""`can_write` against the truth: every text that some tokens in a row print, and no other."""

import itertools

import pytest

from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer, WordPunctTokenizer


@pytest.mark.parametrize(
    ("tokenizer", "letters"),
    [
        (WhitespaceTokenizer(vocabulary=["a", "ba", "c.a"], end_token="e"), " abc."),
        (WordPunctTokenizer(vocabulary=["a", "ba", ".", "("]), " ab.("),
        (WordPunctTokenizer(vocabulary=["a", "-", "--"]), " a-"),
        (CharacterTokenizer(vocabulary=["a", " "]), " ab\n"),
    ],
)
def test_a_text_can_be_written_when_some_tokens_in_a_row_print_it(tokenizer, letters):
    words = range(2, 2 + len(tokenizer.get_config()["vocabulary"]))
    printed = {tokenizer.detokenize(list(ids)) for ids in itertools.product(words, repeat=6)}
    for size in (1, 2, 3, 4):
        for text in map("".join, itertools.product(letters, repeat=size)):
            assert tokenizer.can_write(text) == any(text in one for one in printed), repr(text)


def test_what_tokens_print_is_never_taken_for_impossible_where_quotes_turn():
    tokenizer = WordPunctTokenizer(vocabulary=["a", '"', "'", ",", "--"])
    for ids in itertools.product(range(2, 7), repeat=4):
        text = tokenizer.detokenize(list(ids))
        for first, last in itertools.combinations(range(len(text) + 1), 2):
            assert tokenizer.can_write(text[first:last]), (text, text[first:last])


def test_unknown_words_are_written_where_they_are_allowed():
    words, letters = WhitespaceTokenizer(vocabulary=["a"]), CharacterTokenizer(vocabulary=["a"])
    assert [words.can_write("[UNK] a"), words.can_write("[UNK] a", allow_unknown=True)] == [False, True]
    assert [letters.can_write("a\ufffd"), letters.can_write("a\ufffd", allow_unknown=True)] == [False, True]


def test_bytes_write_every_text(texts):
    assert BytePairTokenizer(max_tokens=260).adapt(texts).can_write("\n🙂\x00")
