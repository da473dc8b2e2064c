"""What counts as a word and as a mark, that both engines split alike, and the spacing of the text given back."""

import pathlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm_keras import stories
from tinylm_keras.id_rules.spacing import Spacing
from tinylm_keras.id_rules.word_punct import MARK, PATTERN, SPACE
from tinylm_keras.tokenizers import WordPunctTokenizer

DATA = pathlib.Path(__file__).parents[2] / ".." / "shared" / "data"

PARAGRAPHS = [
    """"Where is the key?" asked the keeper. "I don't know," said Ann; "it's not mine." She'd looked twice.""",
    "The old lighthouse (built in 1867) is 38.5 metres high: 1,204 steps lead up, says the well-worn sign!",
    "They met at 10:30 on the 3rd of May... and nobody, not even Mr. O'Neil, was late—or so he said.",
    "“It’s cold,” he said. “Shall we go in?” The dogs’ bowls were full; the cats [both of them] slept on.",
    "It cost $4.99, 12% less than in April/May--a bargain!",
    """'Tell her "no"', he said. He had the keys and/or tools #7 and #8.""",
]


def given_back(text):
    spacing = Spacing()
    return "".join(map(spacing.add, PATTERN.findall(text)))


@pytest.mark.parametrize(
    ("text", "token_strings"),
    [
        ("don't", ["don't"]),
        ("don’t o'er rock'n'roll", ["don’t", "o'er", "rock'n'roll"]),
        ("dogs' 'tis ''", ["dogs", "'", "'", "tis", "'", "'"]),
        ("well-known -5 a- wait--no", ["well-known", "-", "5", "a", "-", "wait", "--", "no"]),
        ("3.14 1,000,000 10:30 5. 3rd v2.0", ["3.14", "1,000,000", "10:30", "5", ".", "3rd", "v2", ".", "0"]),
        ("Hi!? (yes)...", ["Hi", "!", "?", "(", "yes", ")", ".", ".", "."]),
        ("snake_case a@b.c", ["snake_case", "a", "@", "b", ".", "c"]),
        ("naïve Straße नमस्ते e\u0301a", ["naïve", "Straße", "नमस्ते", "e\u0301a"]),
        ("a\u00a0b\u2028c\x85d\u3000e", ["a", "b", "c", "d", "e"]),
        ("cat🙂🙂 ❤\ufe0f 👩‍👩‍👧 👍🏽", ["cat", "🙂", "🙂", "❤\ufe0f", "👩‍👩‍👧", "👍🏽"]),
        ("你好，世界。«x»", ["你好", "，", "世界", "。", "«", "x", "»"]),
        ("a\0b", ["a", "\0", "b"]),
    ],
)
def test_words_and_marks(text, token_strings):
    assert WordPunctTokenizer(vocabulary=["a"]).token_strings(text) == token_strings


CHARACTERS = "".join(map(chr, range(0x250))) + "".join(chr(code) for code in range(0x2000, 0x2070)) + "❤🏽🙂\u0301。々०"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.text(alphabet=CHARACTERS, max_size=30), st.text(max_size=20)), min_size=1, max_size=5))
def test_both_engines_split_every_string_alike(texts):
    tokenizer = WordPunctTokenizer(vocabulary=["a"])
    split = tokenizer._split(texts).to_list()
    assert [[token.decode() for token in row] for row in split] == [tokenizer.token_strings(text) for text in texts]


def test_both_engines_agree_on_every_character_of_unicode():
    tokenizer = WordPunctTokenizer(vocabulary=["a"])
    texts = [f"a{chr(code)}a" for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    split = tokenizer._split(texts)
    assert split.row_lengths().numpy().tolist() == [len(tokenizer.token_strings(text)) for text in texts]


def test_the_classes_are_those_of_unicode_no_letter_is_a_mark():
    space, mark = re.compile(f"[{SPACE}]"), re.compile(f"[{MARK}]")
    for code in range(0x110000):
        character = chr(code)
        assert bool(space.match(character)) == character.isspace()
        assert not (mark.match(character) and (character.isspace() or character.isalpha()))


@pytest.mark.parametrize("text", PARAGRAPHS)
def test_english_comes_back_as_it_is_printed(text):
    assert given_back(text) == text


def test_every_built_in_story_comes_back_exactly():
    texts = stories.write(3000)
    assert [given_back(text) for text in texts] == texts


def test_nearly_all_of_a_real_corpus_comes_back_exactly():
    path = DATA / "tinyshakespeare.txt"
    if not path.exists():
        pytest.skip("tinyshakespeare.txt is not beside the repository")
    lines = [" ".join(line.split()) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert sum(given_back(line) == line for line in lines) / len(lines) > 0.98


def test_unknown_words_and_lost_spacing_come_back_as_the_docstring_says():
    tokenizer = WordPunctTokenizer(end_token="<end>").adapt("a b, U.S. R&B <end>")
    assert tokenizer.detokenize(tokenizer.tokenize("a \n\t b ,zebra")) == "a b, [UNK]"
    assert tokenizer.detokenize(tokenizer.tokenize("U.S. R&B")) == "U. S. R & B"
    assert tokenizer.detokenize([tokenizer.end_id, 0, *tokenizer.tokenize("a"), tokenizer.end_id]) == "a"


def test_a_continuation_knows_which_quotes_the_prompt_left_open():
    tokenizer = WordPunctTokenizer(vocabulary=["Go", '"', "said", ",", "'"])
    go, quote, said, comma, single = range(2, 7)
    assert tokenizer.continuation("", [quote, go, comma, quote, said]) == '"Go," said'
    assert tokenizer.continuation('Tom: "', [go, quote, said]) == 'Go" said'
    assert tokenizer.continuation('"Go', [quote, said]) == '" said'
    assert tokenizer.continuation('"Go"', [said]) == " said"
    assert tokenizer.continuation('"Go\n', [quote, go]) == '"Go'  # a new paragraph opens its own
    assert tokenizer.continuation("the dogs'", [go]) == " Go"
    assert tokenizer.continuation("I don't", [single, go, single, said]) == " 'Go' said"
    assert tokenizer.continuation("Go ", [go]) == "Go"
    assert tokenizer.continuation("Go", [comma]) == ","


ODD = ["a", "'", '"', "`", "'s", "s'", "-'", "--", "-", "/", "(", ".", "\n", "a\nb", "x'\n", " y", "z "]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="aZ 1'\"`\n-(.", max_size=12), st.lists(st.integers(0, len(ODD) - 1), max_size=8))
def test_tokens_of_any_kind_read_on_alike_one_by_one(text, numbers):
    tokenizer = WordPunctTokenizer(vocabulary=ODD)
    ids = [number + 2 for number in numbers]
    whole, one_by_one = text + tokenizer.continuation(text, ids), text
    for id in ids:
        one_by_one += tokenizer.continuation(one_by_one, [id])
    assert one_by_one == whole
