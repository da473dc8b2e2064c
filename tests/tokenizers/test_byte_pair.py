"""Byte-pair encoding: GPT-2's ids as facts, nothing lost for any text, and vocabularies that are not whole."""

import json
import pathlib

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm_keras._keras_nlp import keras_nlp
from tinylm_keras.id_rules import byte_level
from tinylm_keras.tokenizers import BytePairTokenizer

DATA = pathlib.Path(__file__).parents[2] / ".." / "shared" / "data"
LETTERS = list(byte_level.alphabet())
TOKENS, MERGES = [*LETTERS, "th", "the"], ["t h", "th e"]

# What tiktoken 0.14 gives for GPT-2; 20,000 random strings and two corpora agreed when this was written.
GPT2 = {
    "\n\n": [628],
    "a\n\nb": [64, 198, 198, 65],
    "a  b   c    ": [64, 220, 275, 220, 220, 269, 220, 220, 220, 220],
    " \n \n x": [220, 198, 220, 198, 2124],
    "🙂👩‍👩": [8582, 25081, 41840, 102, 447, 235, 41840, 102],
    "你好，世界。": [19526, 254, 25001, 121, 171, 120, 234, 10310, 244, 45911, 234, 16764],
    "don't I'LL they've 're": [9099, 470, 314, 6, 3069, 484, 1053, 705, 260],
    "<|endoftext|> a": [27, 91, 437, 1659, 5239, 91, 29, 257],
    "\xa0 b\u2028c\x85d": [1849, 275, 447, 101, 66, 126, 227, 67],
    "é e\u0301": [2634, 304, 136, 223],
    "123 4567 ½ ²": [10163, 4153, 3134, 25208, 1587, 110],
    "\x00\x01 \x1c\x1d a": [188, 189, 220, 216, 217, 257],
    "def f(x):\n    return x\n\n\n": [4299, 277, 7, 87, 2599, 198, 220, 220, 220, 1441, 2124, 628, 198],
}


@pytest.fixture(scope="module")
def small():
    return BytePairTokenizer(max_tokens=300, end_token="<end>").adapt(["the cat and the hat 🙂"] * 2)


@pytest.fixture(scope="module")
def gpt2_files():
    files = [DATA / "gpt2" / name for name in ("vocab.json", "merges.txt")]
    if not all(file.exists() for file in files):
        pytest.skip("GPT-2's vocab.json and merges.txt are not beside the repository")
    return files


@pytest.fixture(scope="module")
def gpt2(gpt2_files):
    return BytePairTokenizer.from_files(*gpt2_files, end_token="<|endoftext|>")


def test_gpt2_has_its_ids_and_padding_after_them(gpt2, gpt2_files):
    assert (gpt2.vocabulary_size(), gpt2.pad_id, gpt2.end_id, gpt2.unk_id) == (50258, 50257, 50256, None)
    for text, ids in GPT2.items():
        assert gpt2.tokenize(text).tolist() == ids
        assert gpt2.detokenize(ids) == text
    assert gpt2.detokenize([50256, 64, 50257]) == "a"
    plain = BytePairTokenizer.from_files(*gpt2_files)
    assert (plain.pad_id, plain.end_id, plain.detokenize([50256])) == (50257, None, "<|endoftext|>")


def test_gpt2_equals_keras_nlp_where_that_equals_gpt2(gpt2, gpt2_files):
    other = keras_nlp.tokenizers.BytePairTokenizer(*map(str, gpt2_files))
    for text in ("The quick brown fox jumps.", "don't stop, I'll wait", "naïve 123", "a b\nc"):
        assert gpt2.tokenize(text).tolist() == np.array(other(text)).tolist()


def test_gpt2_survives_its_config(gpt2):
    again = BytePairTokenizer.from_config(json.loads(json.dumps(gpt2.get_config())))
    assert again.get_vocabulary() == gpt2.get_vocabulary()
    assert again.tokenize("the\n\n cat").tolist() == gpt2.tokenize("the\n\n cat").tolist()
    assert again.fingerprint() == gpt2.fingerprint()


def test_the_letters_of_bytes_are_those_of_the_engine():
    assert set(LETTERS) == set(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    assert sorted(byte_level.alphabet().values()) == list(range(256))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_every_text_comes_back(small, text):
    ids = small.tokenize(text)
    assert small.detokenize(ids) == text
    assert "".join(small.token_strings(text)) == text


def test_learning_is_deterministic_and_merges_the_most_frequent_pairs():
    texts = ["the cat and the hat and the mat", "a bat at a hat 🙂🙂"] * 3
    configs = [BytePairTokenizer(max_tokens=290).adapt(texts).get_config() for _ in range(5)]
    assert all(config["merges"] == configs[0]["merges"] for config in configs)
    assert all(config["vocabulary"] == configs[0]["vocabulary"] for config in configs)
    tokenizer = BytePairTokenizer(max_tokens=258).adapt("xyxyxy ab")
    assert tokenizer.get_config()["merges"] == ["x y"]
    assert tokenizer.vocabulary_size() == 258
    assert len(BytePairTokenizer().adapt("abcd").get_config()["merges"]) == 0  # no pair comes twice


def test_the_default_limit_is_4096_ids_with_the_special_ones(monkeypatch):
    monkeypatch.setattr("tinylm_keras.tokenizers.byte_pair.DEFAULT_MAX_TOKENS", 260)
    for end in (None, "<end>"):
        assert BytePairTokenizer(end_token=end).adapt("abcdefgh" * 9).vocabulary_size() == 260


def test_ids_do_not_depend_on_how_a_long_text_is_cut(small, monkeypatch):
    text = "the cat  and\n\n the hat \t 🙂 " * 20
    whole = small.tokenize(text).tolist()
    monkeypatch.setattr("tinylm_keras.id_rules.byte_pair_engine.PART", 7)
    monkeypatch.setattr("tinylm_keras.id_rules.strings.MOST_CHARACTERS", 50)
    assert [ids.tolist() for ids in small.tokenize([text, "", text])] == [whole, [], whole]


def test_the_text_of_the_end_token_never_becomes_its_id(small):
    assert small.end_id == small.vocabulary_size() - 2
    assert small.end_id not in small.tokenize("<end> <end>")
    assert small.detokenize(small.tokenize("<end>")) == "<end>"
    assert small.detokenize([small.end_id, small.pad_id]) == ""
    learned = BytePairTokenizer(end_token="<end>").adapt("<end> <end>\n<end>" * 9)
    assert learned.end_id not in learned.tokenize("<end> <end>")


def test_a_character_belongs_to_the_last_of_its_tokens(small):
    rare = "ß"
    assert small.token_strings(f"a{rare}b") == ["a", "", rare, "b"]
    first, second = small.tokenize(rare)
    assert small.unfinished([first]) == 1
    assert small.unfinished([first, second]) == 0
    assert small.unfinished([second]) == 0  # no character begins with it, so nothing can complete it
    assert small.detokenize([first]) == "\ufffd"
    emoji = small.token_to_id("ð"), small.token_to_id("Ł")
    assert small.unfinished([65, *emoji]) == 2


def test_a_call_takes_strings_and_rows_of_strings_alone(small):
    assert np.array(small(["a", "a b"])).shape == (2, 3)
    with pytest.raises(ValueError, match="`inputs` must be one string or a row of strings"):
        small([["a"], ["b"]])


def test_files_with_and_without_a_version_line_and_with_line_ends_of_windows(tmp_path):
    vocabulary = tmp_path / "vocab.json"
    vocabulary.write_text(json.dumps({token: id for id, token in enumerate(TOKENS)}), encoding="utf-8")
    for content in ("t h\nth e", "#version: 0.2\nt h\nth e\n", "#version: 0.2\r\nt h\r\nth e\r\n"):
        (tmp_path / "merges.txt").write_bytes(content.encode())
        tokenizer = BytePairTokenizer.from_files(str(vocabulary), tmp_path / "merges.txt", end_token="<end>")
        assert tokenizer.tokenize("the").tolist() == [257]
        assert (tokenizer.end_id, tokenizer.pad_id) == (258, 259)


@pytest.mark.parametrize(
    ("vocabulary", "merges", "error", "message"),
    [
        (None, "t h", FileNotFoundError, r"vocab\.json does not exist or is not a file"),
        ('{"a": 0}', None, FileNotFoundError, r"merges\.txt does not exist or is not a file"),
        ("not json", "t h", ValueError, r"vocab\.json is not JSON: Expecting value"),
        ("[1]", "t h", ValueError, r"vocab\.json must hold a JSON object of ids by token, not a list"),
        ("{}", "t h e", ValueError, r"merges\.txt must have two tokens on each line, not 't h e' on line 1"),
        ("{}", "t h\nthe", ValueError, r"merges\.txt must have two tokens on each line, not 'the' on line 2"),
        (b"\xff\xfe", "t h", ValueError, r"vocab\.json is not UTF-8 text; byte 0 is wrong"),
        ('{"a": 0}', "", ValueError, r"`vocabulary` must hold the 256 letters .* 255 are missing"),
    ],
)
def test_wrong_files_are_named_in_one_line(vocabulary, merges, error, message, tmp_path):
    for name, content in (("vocab.json", vocabulary), ("merges.txt", merges)):
        if content is not None:
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(error, match=message) as caught:
        BytePairTokenizer.from_files(tmp_path / "vocab.json", tmp_path / "merges.txt")
    assert "\n" not in str(caught.value)


def make(vocabulary=TOKENS, merges=MERGES, **arguments):
    return BytePairTokenizer(vocabulary=vocabulary, merges=merges, **arguments)


IDS = {token: id for id, token in enumerate(TOKENS)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BytePairTokenizer(max_tokens=256), r"`max_tokens` must be a whole number of at least 257"),
        (lambda: BytePairTokenizer(256 + 1, end_token="<e>"), r"`max_tokens` must be a whole number of at least 258"),
        (lambda: BytePairTokenizer(sequence_length=0), r"`sequence_length` must be a whole number of at least 1"),
        (
            lambda: make("vocab.json"),
            r"`vocabulary` must be a list of strings, or a dict.*use BytePairTokenizer\.from_f",
        ),
        (
            lambda: make(merges="https://x/merges.txt"),
            r"`merges` must be a list of strings.*BytePairTokenizer\.from_files",
        ),
        (lambda: make(merges=None), r"`merges` must be given when the other"),
        (lambda: make(None), r"`vocabulary` must be given when the other"),
        (lambda: make([*TOKENS, 3]), r"`vocabulary` must hold non-empty strings. Received: vocabulary=3"),
        (lambda: make([*TOKENS, ""]), r"`vocabulary` must hold non-empty strings. Received: vocabulary=''"),
        (lambda: make([*TOKENS, "the"]), r"`vocabulary` must not hold a token twice. Received: vocabulary='the'"),
        (lambda: make(TOKENS[1:]), r"`vocabulary` must hold the 256 letters .*; 1 are missing, such as '!'"),
        (lambda: make({**IDS, "the": 300}), r"must give each id from 0 to 257 to one token; no token has the id 257"),
        (lambda: make({**IDS, "the": 256}), r"must give each id from 0 to 257 to one token; no token has the id 257"),
        (lambda: make({**IDS, "the": "257"}), r"must give each id from 0 to 257 to one token; no token has the id 257"),
        (lambda: make(merges=["t h", "th  e"]), r"`merges` must hold strings of two tokens and one blank between"),
        (lambda: make(merges=[("t", "h")]), r"`merges` must hold strings of two tokens"),
        (
            lambda: make(merges=["t h", "h e"]),
            r"`merges` must join two tokens of `vocabulary` to a third; 'he' is not",
        ),
        (lambda: make(merges=["xy z"]), r"`merges` must join two tokens of `vocabulary` to a third; 'xy' is not"),
        (lambda: make(merges=["t h", "t h"]), r"`merges` must not hold a merge twice. Received: merges='t h'"),
        (lambda: make(max_tokens=258), r"`vocabulary` must not be longer than `max_tokens`.*Received: 259 tokens"),
        (lambda: make(end_token="the"), r"`end_token` must not be a token of text. Received: end_token='the'. Choose"),
        (lambda: make(end_token="t"), r"`end_token` must not be a token of text"),
        (lambda: BytePairTokenizer(end_token="ab").adapt("abab"), r"`end_token` must not be a token of text"),
        (lambda: BytePairTokenizer().tokenize("a"), r"has no vocabulary yet. Call adapt"),
        (lambda: BytePairTokenizer().adapt(["", ""]), r"`texts` must hold at least one token"),
        (lambda: BytePairTokenizer().adapt(["a", "\ud800"]), r"`texts` must be valid Unicode"),
        (lambda: BytePairTokenizer().adapt([1]), r"`texts` must be a string"),
        (lambda: make().detokenize([259]), r"`id` must be in \[0, 259\)"),
        (lambda: make().id_to_token(259), r"`id` must be a whole number from 0 to 258"),
        (lambda: make().tokenize("\ud800"), r"`inputs` must be valid Unicode"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(call, message):
    with pytest.raises((ValueError, TypeError), match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_preset_is_fetched_by_name_only_when_asked_for(monkeypatch):
    asked = []

    def fetch(name, *arguments, **keywords):
        asked.append(name)
        if name == "gpt2":
            model = tokenizers.models.BPE(dict(IDS), [tuple(merge.split()) for merge in MERGES])
            fetched = tokenizers.Tokenizer(model)
            fetched.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
            fetched.add_special_tokens(["<|endoftext|>"])
            return fetched
        if name == "bert":
            return tokenizers.Tokenizer(tokenizers.models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
        raise OSError("No network.\nMany lines follow")

    monkeypatch.setattr(tokenizers.Tokenizer, "from_pretrained", staticmethod(fetch))
    with pytest.raises(ValueError, match=r"`preset` could not be fetched \(No network\).*from_files\.$") as caught:
        BytePairTokenizer.from_preset("nothing")
    assert "\n" not in str(caught.value)
    preset = BytePairTokenizer.from_preset("gpt2", end_token="<|endoftext|>")
    assert (preset.end_id, preset.pad_id, preset.tokenize("the").tolist()) == (258, 259, [257])
    with pytest.raises(ValueError, match="`preset` must be a byte-level byte-pair tokenizer that splits as GPT-2"):
        BytePairTokenizer.from_preset("bert")
    assert asked == ["nothing", "gpt2", "bert"]
