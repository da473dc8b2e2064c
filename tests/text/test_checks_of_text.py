"""Checks 13 to 19 of text, where no test beside the code covers them; a name says which check it is of."""

import codecs
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import TOKENIZERS
from tinylm_keras import data, load_model
from tinylm_keras.models import MiniLM
from tinylm_keras.tokenizers import CharacterTokenizer, WhitespaceTokenizer, WordPunctTokenizer

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BREAKS = ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("kind", [WhitespaceTokenizer, WordPunctTokenizer, CharacterTokenizer])
def test_check_13_odd_tokens_keep_their_ids_in_a_model_file(kind, tmp_path):
    words = [*BREAKS, *"é🙂猫"]
    if kind is not CharacterTokenizer:
        words = [*(f"a{mark}b" for mark in BREAKS), "[unk]", "🙂\u200d", "猫"]
    tokenizer = kind(vocabulary=words)
    MiniLM(tokenizer=tokenizer, context_length=4, embed_dim=4, num_blocks=1).save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras").tokenizer
    assert loaded.get_vocabulary() == tokenizer.get_vocabulary()
    assert [loaded.token_to_id(word) for word in words] == [tokenizer.token_to_id(word) for word in words]
    assert loaded.fingerprint() == tokenizer.fingerprint()


def test_check_13_unk_as_a_word_and_the_empty_token_are_not_learned_as_words():
    for name, make in TOKENIZERS.items():
        tokenizer = type(make())(**({"max_tokens": 300} if "byte_pair" in name else {})).adapt(
            ["[UNK] a [UNK]", " ", "a b"]
        )
        vocabulary = tokenizer.get_vocabulary()
        assert len(vocabulary) == len(set(vocabulary)), name
        again = keras.saving.deserialize_keras_object(
            json.loads(json.dumps(keras.saving.serialize_keras_object(tokenizer)))
        )
        assert again.get_vocabulary() == vocabulary


@QUICK
@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_check_14_a_batch_is_tokenized_and_put_together_as_each_text_alone(tokenizer, texts):
    rows = tokenizer.tokenize(texts)
    alone = [tokenizer.tokenize(text) for text in texts]
    assert all(np.array_equal(row, one) for row, one in zip(rows, alone, strict=True))
    assert tokenizer.detokenize(rows) == [tokenizer.detokenize(row) for row in alone]


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n ", "\ufeff\n".encode()], ids=["empty", "blank", "mark"])
def test_check_15_a_file_without_text_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "nothing.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"nothing\.txt"):
        data.read(path)


def test_check_15_too_few_ids_for_a_window_are_refused_with_both_numbers():
    with pytest.raises(ValueError) as refused:
        data.windows(np.arange(7, dtype="int32"), context_length=64, batch_size=2, steps=3, seed=0)
    assert "7" in str(refused.value) and "64" in str(refused.value) and "\n" not in str(refused.value)


MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
ENCODINGS = ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "cp932", "gb18030", "koi8-r"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_check_16_every_encoding_and_line_end_gives_the_same_texts(tmp_path, encoding, end):
    letters = {"latin-1": "é", "cp1252": "é", "cp932": "猫", "koi8-r": "ж"}.get(encoding, "é猫ж🙂")
    path = tmp_path / "text.txt"
    for mark in (b"", MARKS[encoding]) if encoding in MARKS else (b"",):
        path.write_bytes(mark + end.join([f"a {letters}", "b", "", "c", ""]).encode(encoding))
        assert data.read(path, encoding=encoding) == [f"a {letters}\nb", "c"]
        assert data.read(path, encoding=encoding, separator="\n") == [f"a {letters}", "b", "c"]
        assert data.read(path, encoding=encoding, separator=None) == [f"a {letters}\nb\n\nc\n"]


@pytest.mark.parametrize("name", [name for name in sorted(TOKENIZERS) if name.endswith("_with_end")])
def test_check_17_the_text_of_a_special_token_never_becomes_its_id(name):
    tokenizer = TOKENIZERS[name]()
    for text in ("<end>", "a <end> b", "<end><end>", "\n<end>\n", "[UNK]", ""):
        assert tokenizer.end_id not in tokenizer.tokenize(text)
        assert tokenizer.pad_id not in tokenizer.tokenize(text)
    learned = type(tokenizer)(**({"max_tokens": 300} if "byte_pair" in name else {}), end_token="<end>")
    learned.adapt(["a <end> b <end>"] * 9)
    assert learned.get_vocabulary().count("<end>") == 1
    assert learned.end_id not in learned.tokenize("a <end> b <end>")


HOSTILE_SIZES = """
import pathlib, resource, sys
from tinylm_keras import data
import tinylm_keras as tlm

what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
tokenizers = [
    tlm.WhitespaceTokenizer(max_tokens=50), tlm.WordPunctTokenizer(max_tokens=50), tlm.CharacterTokenizer(),
    tlm.BytePairTokenizer(max_tokens=300),
]
for tokenizer in tokenizers:
    tokenizer.adapt(["a few words first", "aaa"])  # what that imports and makes once does not count
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + (int(sys.argv[3]) << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
if what == "repeats":
    text = "a" * 1_000_000
    for tokenizer in tokenizers:
        made = type(tokenizer)(max_tokens=300).adapt([text])
        assert made.detokenize(made.tokenize(text)) == text, type(tokenizer)
elif what == "line":
    path = folder / "line.txt"
    with path.open("wb") as file:
        for _ in range(500):
            file.write(b"word " * 20_000)
    token_files = data.prepare(path, tokenizers[0].adapt(["word and word"]), folder / "token_files")
    assert len(token_files.train.ids) + len(token_files.validation.ids) == 10_000_000
else:
    for number in range(30_000):
        if number % 1_000 == 0:
            (folder / str(number)).mkdir()
        (folder / str(number - number % 1_000) / f"{number}.txt").write_bytes(b"a word")
    assert len(data.read(folder)) == 30_000
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")
@pytest.mark.parametrize(("what", "megabytes"), [("repeats", 800), ("line", 400), ("files", 140)])
def test_check_18_hostile_sizes_stay_within_their_memory(what, megabytes, tmp_path):
    """A million times one letter, one line of 50 MB to token files, 30,000 small files: the limit is address space."""
    command = [sys.executable, "-c", HOSTILE_SIZES, what, str(tmp_path), str(megabytes)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.stdout.splitlines()[-1:] == ["done"], ended.stderr[-2000:]


def test_check_19_windows_of_validation_hold_nothing_of_training():
    """Ids that name their place: what one part's windows hold, the other's never do."""
    text = " ".join(f"w{number}" for number in range(400))
    train, validation = data.split([text], 0.25, seed=1)
    tokenizer = WhitespaceTokenizer().adapt([text])
    seen = []
    for part in (train, validation):
        stream = data.concatenate(part, tokenizer)
        batches = data.windows(stream, context_length=8, batch_size=4, steps=60, seed=2)
        seen.append({int(one) for step in range(60) for rows in batches.batch(step) for one in rows.ravel()})
    assert seen[0] and seen[1] and not seen[0] & seen[1]
