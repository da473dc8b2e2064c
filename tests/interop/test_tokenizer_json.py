"""tokenizer.json: the `tokenizers` package gives the ids of the package's tokenizers."""

import json

import pytest
import tokenizers
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinylm_keras.interop import tokenizer_json
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer

PIECES = st.sampled_from(["<end>", "[PAD ]", "[UNK]", "the", "cat", "the cat", " ", "\n", "'s", "\u2028", "1,000"])
TEXT = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("".join))
NAMES = ["whitespace", "word_punct", "character", "byte_pair"]


def engine(tokenizer):
    made = tokenizers.Tokenizer.from_str(json.dumps(tokenizer_json.describe(tokenizer)))
    made.encode_special_tokens = True  # what "split_special_tokens" sets
    return made


@pytest.mark.parametrize("name", NAMES)
def test_the_ids_of_any_text_are_the_same_with_the_end_token_in_front(tokenizer_named, name):
    tokenizer = tokenizer_named(name)
    theirs, start = engine(tokenizer), [] if tokenizer.end_id is None else [tokenizer.end_id]

    @settings(max_examples=150, deadline=None, database=None)
    @given(TEXT)
    @example("a\x1c b\x85c\u3000d\0e\ufeff")
    @example("")
    def same(text):
        assert theirs.encode(text).ids == [*start, *tokenizer.tokenize(text).tolist()]

    same()


@pytest.mark.parametrize("name", NAMES)
def test_text_comes_back_as_from_the_tokenizer(tokenizer_named, name):
    tokenizer = tokenizer_named(name)
    for text in ("the cat sat on the mat", "The cat's mat: (red) mats!", "", "unheard words"):
        ids = tokenizer.tokenize(text).tolist()
        assert engine(tokenizer).decode(ids, skip_special_tokens=True) == tokenizer.detokenize(ids)


@pytest.mark.parametrize(
    "tokenizer",
    [
        CharacterTokenizer(vocabulary=["a", "\ufffd"], end_token="b"),
        WhitespaceTokenizer(vocabulary=["[PAD", "a"], end_token="a b"),
        BytePairTokenizer(max_tokens=260).adapt("the cat, the cat"),
    ],
    ids=["character", "whitespace", "byte-pair"],
)
def test_tokens_that_are_named_like_control_tokens_keep_their_ids(tokenizer):
    theirs, start = engine(tokenizer), [] if tokenizer.end_id is None else [tokenizer.end_id]
    for text in ("a", "a b", "\ufffd", "[PAD ]", "[UNK] b"):
        assert theirs.encode(text).ids == [*start, *tokenizer.tokenize(text).tolist()]
    assert theirs.get_vocab_size() == tokenizer.vocabulary_size()


def test_an_end_token_in_the_middle_of_byte_pairs_keeps_its_id():
    learned = BytePairTokenizer(max_tokens=259).adapt("the cat, the cat")
    words, merges = learned.get_vocabulary()[:-1], learned.get_config()["merges"]
    tokenizer = BytePairTokenizer(vocabulary=["<end>", *words], merges=merges, end_token="<end>")
    assert tokenizer.end_id == 0
    assert engine(tokenizer).encode("the <end>").ids == [0, *tokenizer.tokenize("the <end>").tolist()]
