"""The engine of the page gives the ids, prompts and texts of each tokenizer, for any text."""

import random
import unicodedata

import keras
import numpy as np
import pytest

from tinylm_keras import id_rules
from tinylm_keras.explain import payload as payloads
from tinylm_keras.id_rules import byte_level
from tinylm_keras.writing.prompts import Prompt

WORDS = (
    *("the", "cat", "Cat's", "don't", "[UNK]", "<end>", "é", "e\u0301", "🙂", "👩\u200d👩\u200d👧", "👍🏽", "❤\ufe0f"),
    *("1,000.5", "3:4", "-", "--", "---", "well-made", "'", "''", '"', "`", "(", ")", "“", "”", "—", "。", "「", "」"),
    *("\0", "\ufeff", "\u00b7", "\u200b", "it's", "we'LL", "I'm", "you're", "a_b", "ß", "İ", "ﬁ", "…", "x²", "٣٤"),
    *("中文", "한국어", "हिन्दी", "１２", "½"),
)
SPACES = (
    *("", " ", "  ", "\n", "\r\n", "\t", "\v", "\f", "\x1c", "\x1f", "\x85", "\xa0", "\u1680", "\u2028", "\u2029"),
    "\u3000",
)
CATEGORIES = (
    *("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm"),
    *("Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co"),
)
BYTES = (
    *(b"\xef\xbb\xbf", b"\xed\xa0", b"\xed\x9f", b"\xe0\x80", b"\xf0\x9f\x98", b"\xf4\x90", b"\xc1", b"\xc3"),
    b"\xf5\x80",
)
QUOTED = ("He said 'I don't '", "He said 'I don't", "'", "'a", "x'", "\"I\n'", "the dogs'", "`it's", "\"it's")


@pytest.fixture(scope="module")
def hard_texts():
    """Texts of all classes of Unicode, and what tokenizers trip over: 1,200 of them."""
    generator, by_category = random.Random(1), {name: [] for name in CATEGORIES}
    for code in range(0x110000):
        # What this version of Python does not know yet, others may already call a letter.
        by_category.get(unicodedata.category(chr(code)), []).append(chr(code))
    characters = list(by_category.values())

    def piece():
        kind = generator.random()
        if kind < 0.3:
            return generator.choice(generator.choice(characters))
        if kind < 0.4:
            return "".join(generator.choices("abc'\"- .,1é\n", k=generator.randint(1, 12)))
        return generator.choice(WORDS if kind < 0.75 else SPACES)

    texts = ["".join(piece() for _ in range(generator.randint(0, 16))) for _ in range(1150)]
    texts += [word + space + other for word in WORDS[:10] for space in SPACES for other in ("x", "", " ")][:440:9]
    return [*texts, "a" * 3000, "ab" * 2000 + " ", " " * 700 + "x"]


@pytest.fixture(scope="module")
def both(run_engine, read, tokenizer, hard_texts, make_mini_lm):
    """A tokenizer without Keras, rows of ids by chance, a model of it, and what the engine says of texts and rows."""
    model = read(make_mini_lm(tokenizer=tokenizer, first_tokens=[(2, 1)]))
    size, generator = tokenizer.vocabulary_size(), np.random.default_rng(1)
    rows = [generator.integers(0, size, generator.integers(0, 12)).tolist() for _ in range(500)]
    rules = id_rules.restore(keras.saving.serialize_keras_object(tokenizer))
    rows += [rules.tokenize(text).tolist() for text in ("\ufeffx", "\ufeff", "don't' \"it's\" '")]
    if rules.unk_id is None:  # bytes that begin characters, or look as if they did
        letters = {byte: letter for letter, byte in byte_level.alphabet().items()}
        rows += [[rules.token_to_id(letters[byte]) for byte in data] for data in BYTES]
    pairs = [*zip(hard_texts, rows, strict=False), *((text, rows[-1]) for text in QUOTED)]
    calls = [["tokenize", hard_texts], ["strings", hard_texts], ["prompts", hard_texts]]
    calls += [["detokenize", rows], ["unfinished", rows], ["continuations", pairs]]
    [results] = run_engine([{"payload": payloads.payload(model, "the"), "calls": calls}])
    return rules, rows, pairs, model, dict(zip([name for name, _ in calls], results, strict=True))


def test_ids_and_strings_are_those_of_python(both, hard_texts):
    rules, _, _, _, results = both
    assert results["tokenize"] == [ids.tolist() for ids in rules.tokenize(hard_texts)]
    assert results["strings"] == [rules.token_strings(text) for text in hard_texts]


def test_prompts_are_those_of_python(both, hard_texts):
    _, _, _, model, results = both
    allowed = np.ones(model.vocabulary_size, bool)
    allowed[[token for token in (model.pad_id, model.tokenizer.unk_id) if token is not None]] = False
    for text, found in zip(hard_texts, results["prompts"], strict=True):
        wanted = Prompt.from_text(model, text, allowed)
        assert (found["ids"], found["held"]) == (wanted.ids.tolist(), wanted.held)
        assert found["first"] == (None if wanted.first is None else wanted.first.tolist())


def test_texts_of_ids_are_those_of_python(both):
    rules, rows, pairs, _, results = both
    assert results["detokenize"] == [rules.detokenize(np.array(row, "int32")) for row in rows]
    assert results["unfinished"] == [rules.unfinished(row) for row in rows]
    assert results["continuations"] == [rules.continuation(text, row) for text, row in pairs]


def test_half_a_character_is_refused_as_in_python(both, run_engine):
    rules, _, _, model, _ = both
    calls = [["tokenize", [text]] for text in ("a\ud800b", "\udc00", "\udc00\ud800", "x\ud83d")]
    for _, [text] in calls:
        with pytest.raises(ValueError, match="lone surrogate"):
            rules.tokenize(text)
    [results] = run_engine([{"payload": payloads.payload(model, "the"), "calls": calls}])
    assert all("unpaired surrogate" in result["error"] for result in results)
