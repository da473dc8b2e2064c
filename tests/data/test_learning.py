"""`prepare` and `train` learn byte pairs from the same sample, and say so."""

import json

import pytest

from tinylm_keras import data
from tinylm_keras.data import learning
from tinylm_keras.id_rules.byte_pair import BytePairRules
from tinylm_keras.recipe import presets
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer
from tinylm_keras.training import corpus

TEXTS = [f"the {word} of {number} " + word * 3 for number in range(60) for word in ("sun", "moon", "star", "sea")]


def learned(texts):
    tokenizer = BytePairTokenizer(max_tokens=300)
    return tokenizer, learning.learn(tokenizer, learning.whole(texts))


def test_a_small_text_gives_the_byte_pairs_of_all_of_it_in_any_order():
    tokenizer, sample = learned(TEXTS)
    assert tokenizer.fingerprint() == BytePairTokenizer(max_tokens=300).adapt(TEXTS).fingerprint()
    assert learned(TEXTS[::-1])[0].fingerprint() == tokenizer.fingerprint()
    assert sample["bytes"] == sample["of_bytes"] == sum(len(text.encode()) for text in TEXTS)


def test_a_large_text_gives_those_of_the_same_part_of_it_in_any_order(monkeypatch):
    monkeypatch.setattr(BytePairRules, "learning_limit", 1_000)
    tokenizer, sample = learned(TEXTS)
    assert learned(TEXTS[::-1])[0].fingerprint() == tokenizer.fingerprint()
    assert tokenizer.fingerprint() != BytePairTokenizer(max_tokens=300).adapt(TEXTS).fingerprint()
    assert 900 < sample["bytes"] <= 1_000 < sample["of_bytes"]


def test_other_tokenizers_learn_from_all_of_the_text():
    assert learning.learn(CharacterTokenizer(), learning.whole(["ab", "c"])) is None


@pytest.mark.parametrize("limit", [1_000, 100_000_000])
def test_train_and_prepare_learn_the_same_and_record_it(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(BytePairRules, "learning_limit", limit)
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    settings = {"tokenizer": "byte-pair", "max_tokens": 300, "validation": 0.0, "end_token": "<|endoftext|>"}
    recipe = presets.override(presets.get("stories"), **settings)
    trained = corpus.make(data.read(path), recipe)
    opened = data.prepare(path, corpus.new_tokenizer(recipe), tmp_path / "tokens", validation=0)
    assert opened.tokenizer.fingerprint() == trained.tokenizer.fingerprint()
    index = json.loads((tmp_path / "tokens" / "index.json").read_text(encoding="utf-8"))
    assert index["tokenizer"]["learned_from"] == trained.record()["learned_from"]
    assert (index["tokenizer"]["learned_from"]["bytes"] < sum(map(len, TEXTS))) == (limit == 1_000)
