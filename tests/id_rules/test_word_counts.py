"""Counts of words: however a text collection is divided and merged, the same is learned."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinylm_keras import id_rules
from tinylm_keras.id_rules import WordCounts, word_counts

TOKENIZERS = ("WhitespaceTokenizer", "WordPunctTokenizer", "CharacterTokenizer")
# Few characters, so that ties are frequent. The order of the last two is another one in UTF-16.
TEXTS = st.lists(st.text(alphabet="abé .\n\0\uffff\U00010000", max_size=20), min_size=1, max_size=6)


def untaught(kind, **config):
    """The rules of a tokenizer without a vocabulary."""
    return id_rules.restore({"class_name": kind, "config": config})


@pytest.mark.parametrize("kind", TOKENIZERS)
@settings(max_examples=60, deadline=None)
@given(TEXTS, st.randoms(use_true_random=False))
@example(["a b", "b a", "c"], None)
def test_counts_merged_in_any_order_are_those_of_all_texts(kind, texts, random):
    rules = untaught(kind)
    parts = [rules.count([text]) for text in texts]
    if random:
        random.shuffle(parts)
    merged = WordCounts()
    for part in parts:
        copy = pickle.loads(pickle.dumps(part))  # as between processes
        assert merged.merge(part) is merged
        assert part == copy
    whole = rules.count(texts)
    assert merged == whole
    assert merged.most_frequent() == whole.most_frequent()
    if any(token.strip("\0") for token in whole.words):
        once, again = untaught(kind).learn(merged), untaught(kind).learn(whole)
        assert once.get_vocabulary() == again.get_vocabulary()
        assert list(once.character_counts.items()) == list(again.character_counts.items())


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_the_order_is_that_of_a_sort_by_count_and_bytes(texts):
    counts = untaught("WhitespaceTokenizer").count(texts)
    words = np.array([word.encode() for word in counts.words], dtype=object)
    order = np.lexsort((words, list(counts.words.values())))[::-1]
    assert counts.most_frequent() == [words[index].decode() for index in order]


def test_words_and_all_characters_are_counted_as_they_are_written():
    counts = untaught("WordPunctTokenizer").count(["the cat,\n", "", "the 🙂\0"])
    assert counts.words == {"the": 2, "cat": 1, ",": 1, "🙂": 1, "\0": 1}
    assert counts.characters == {**dict.fromkeys("ca,\n🙂\0", 1), "t": 3, "h": 2, "e": 2, " ": 2}
    assert repr(counts) == "<WordCounts: 5 different words, 10 different characters>"


def test_the_characters_of_long_texts_are_counted_alike(monkeypatch):
    texts = ["the 🙂\0", "", "\n\U0010ffff"]
    expected = WordCounts().add(texts, list)
    monkeypatch.setattr(word_counts, "LONG", 0)
    for counts in (WordCounts().add(texts, list), WordCounts().add([texts[0]], list).add(texts[1:], list)):
        assert counts == expected
        assert counts.characters == counts.words
        assert all(type(count) is int for count in counts.characters.values())
    assert WordCounts().add([], list) == WordCounts()


def test_one_string_is_one_text():
    assert WordCounts().add("to be", str.split) == WordCounts().add(["to be"], str.split)


@pytest.mark.parametrize("texts", [[], [""], ""])
def test_nothing_is_counted_in_no_text(texts):
    assert untaught("CharacterTokenizer").count(texts) == WordCounts() == WordCounts().add(texts, list)


def test_all_rules_of_words_count_before_and_after_they_learned():
    for kind in TOKENIZERS:
        rules = untaught(kind)
        with pytest.raises(ValueError, match="has no vocabulary yet"):
            rules.get_vocabulary()
        counts = rules.count("to be")
        assert counts == rules.learn(counts).count("to be")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda rules: rules.learn(["to be"]), TypeError, r"`counts` must be a WordCounts.*Use learn\(count"),
        (lambda rules: rules.learn(WordCounts()), ValueError, "must hold at least one token"),
        (lambda rules: rules.learn(untaught(TOKENIZERS[0]).count("to be")), ValueError, "`counts` must hold single"),
        (lambda rules: rules.count(3), TypeError, "`texts` must be a str or an iterable of str"),
        (lambda rules: rules.count([3]), TypeError, "`texts` must be a string"),
        (lambda rules: rules.count(["a\ud800"]), ValueError, "`texts` must be valid Unicode"),
        (lambda rules: WordCounts().add(["a", "\ud800"], list), ValueError, "`texts` must be valid Unicode"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(call, error, message):
    with pytest.raises(error, match=message) as refused:
        call(untaught("CharacterTokenizer"))
    assert "\n" not in str(refused.value)


def test_counting_imports_neither_keras_nor_tensorflow():
    code = (
        "import sys; from tinylm_keras import id_rules;"
        "rules = id_rules.restore({'class_name': 'WordPunctTokenizer', 'config': {}});"
        "assert rules.learn(rules.count(['a b']).merge(id_rules.WordCounts())).tokenize('b').tolist() == [2];"
        "print([name for name in ('keras', 'keras_hub', 'tensorflow', 'tokenizers') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
