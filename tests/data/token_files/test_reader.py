"""Laws of token files: what `prepare` writes, what `open_token_files` gives back, and what is refused."""

import json
import pathlib
import re

import keras
import numpy as np
import pytest

from tinylm_keras import _files, data
from tinylm_keras.data.token_files import part_writer, reader, split, writer
from tinylm_keras.text.chunks import Chunk
from tinylm_keras.text.documents import Documents
from tinylm_keras.tokenizers import BytePairTokenizer, CharacterTokenizer, WhitespaceTokenizer
from tinylm_keras.tokenizers.base import Tokenizer

FILES = ["index.json", "tokenizer.json", "train.bin", "validation.bin"]
SHAKESPEARE = pathlib.Path(__file__).parents[3] / "shared" / "data" / "tinyshakespeare.txt"
LINES = [f"the {animal} {verb} {place}" for animal in ("cat", "dog") for verb in ("sat", "ran") for place in "abcdefg"]
BOOK = " ".join(LINES * 20)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path):
    """A folder of token files that a test may damage."""
    data.prepare(LINES, WhitespaceTokenizer(end_token="<end>"), tmp_path / "token_files", validation=0.25)
    return tmp_path / "token_files"


@pytest.mark.parametrize("end_token", [None, "<end>"])
@pytest.mark.parametrize("make", [WhitespaceTokenizer, CharacterTokenizer, lambda **k: BytePairTokenizer(280, **k)])
@pytest.mark.parametrize("separator", [None, "\n"])
def test_the_ids_and_the_counts_are_those_of_concatenate(tmp_path, make, end_token, separator, monkeypatch):
    monkeypatch.setattr(part_writer, "CHARACTERS", 50)  # several batches
    path = tmp_path / "text.txt"
    path.write_text("\n".join([*LINES, "a yak"] * 3))
    tokenizer = make(end_token=end_token)
    token_files = data.prepare(path, tokenizer, tmp_path / "token_files", validation=0.3, separator=separator)
    if separator is None:
        parts = data.split(data.read(path, separator=None), 0.3)
    else:
        division = list(split.divide(Documents(path, separator=separator), 0.3)(Documents(path)))
        parts = [[chunk.text for part, chunk in division if part == name] for name in split.PARTS]
    again = make(end_token=end_token).adapt(parts[0])
    assert again.get_vocabulary() == token_files.tokenizer.get_vocabulary() == tokenizer.get_vocabulary()
    for texts, token_file in zip(parts, (token_files.train, token_files.validation), strict=True):
        expected = data.concatenate(texts, tokenizer)
        assert np.array_equal(token_file.ids, expected.ids)
        assert token_file.documents == len(texts)
        for name in ("pad_id", "tokens", "characters", "unknown", "first_tokens"):
            assert getattr(token_file, name) == getattr(expected, name), name
        assert token_file.unknown_bits == pytest.approx(expected.unknown_bits)


@pytest.mark.parametrize("end_token", [None, "<end>"])
def test_a_text_in_chunks_counts_like_the_text_as_a_whole(tmp_path, monkeypatch, end_token):
    from tinylm_keras.text import chunks, documents

    monkeypatch.setattr(documents, "CHUNK", 40)
    monkeypatch.setattr(chunks, "CHUNK", 40)
    monkeypatch.setattr(chunks, "HEAD", 8)
    tokenizer = WhitespaceTokenizer(max_tokens=8, end_token=end_token).adapt(BOOK)
    token_files = data.prepare([BOOK], tokenizer, tmp_path / "token_files", validation=0.1)
    for texts, token_file in zip(data.split([BOOK], 0.1), (token_files.train, token_files.validation), strict=True):
        expected = data.concatenate(texts, tokenizer)
        assert np.array_equal(token_file.ids, expected.ids)
        assert (token_file.characters, token_file.unknown) == (expected.characters, expected.unknown)
        assert (token_file.documents, token_file.first_tokens) == (1, expected.first_tokens)


def test_a_character_corpus_has_the_usual_split(tmp_path):
    if not SHAKESPEARE.exists():
        pytest.skip("tinyshakespeare.txt is not here")
    token_files = data.prepare(SHAKESPEARE, CharacterTokenizer(), tmp_path / "token_files", separator=None)
    (train,), (validation,) = data.split(data.read(SHAKESPEARE, separator=None), 0.1)
    assert token_files.tokenizer.detokenize(token_files.train.ids) == train
    assert token_files.tokenizer.detokenize(token_files.validation.ids) == validation
    assert (len(train), len(validation)) == (1_003_856, 111_538)  # two characters from 90 %, after white space
    assert token_files.train.unknown == token_files.validation.unknown == 0


def test_the_folder_says_what_it_holds(folder):
    assert names(folder) == FILES
    index = json.loads((folder / "index.json").read_text())
    tokenizer = keras.saving.deserialize_keras_object(json.loads((folder / "tokenizer.json").read_text()))
    assert (index["version"], index["dtype"], index["vocabulary_size"], index["pad_id"]) == (1, "uint16", 15, 0)
    assert index["tokenizer"] == {"class": "WhitespaceTokenizer", "sha256": tokenizer.fingerprint()}
    assert index["sources"] == ["texts given in Python"]
    for part in ("train", "validation"):
        ids = np.fromfile(folder / f"{part}.bin", "<u2")
        facts = index["splits"][part]
        assert (facts["file"], facts["count"], facts["tokens"]) == (f"{part}.bin", len(ids), len(ids) - 1)
        assert ids[0] == ids[-1] == tokenizer.end_id
        assert np.sum(ids == tokenizer.end_id) == facts["documents"] + 1


def test_a_large_vocabulary_takes_32_bits(tmp_path):
    words = [f"w{number}" for number in range(70_000)]
    token_files = data.prepare(
        [" ".join(words)], WhitespaceTokenizer(vocabulary=words), tmp_path / "token_files", validation=0
    )
    assert token_files.train.ids.dtype == np.uint32
    assert token_files.validation is None
    assert int(token_files.train.ids.max()) == 70_001
    assert names(tmp_path / "token_files") == [name for name in FILES if name != "validation.bin"]


def test_ids_stay_on_disk_and_cannot_be_written(folder):
    token_files = data.open_token_files(folder)
    assert isinstance(token_files.train.ids, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        token_files.train.ids[0] = 1


# How texts are divided


def test_whole_texts_are_chosen_by_their_hash_in_any_order():
    texts = [f"text {number}" for number in range(500)]

    def validation(texts, seed=0):
        stream = Documents(texts)
        return {chunk.text for part, chunk in split.divide(stream, 0.1, seed)(stream) if part == "validation"}

    chosen = validation(texts)
    assert len(chosen) == 50
    assert validation(texts[::-1]) == chosen != validation(texts, seed=1)
    assert len(validation(texts * 2)) == 50  # equal texts stay on one side


@pytest.mark.parametrize("seed", range(6))
def test_many_equal_texts_are_not_held_out_because_their_hash_is_the_smallest(tmp_path, seed):
    texts = ["the same words"] * 50 + ["another one of them", "and another one"]
    opened = data.prepare(texts, WhitespaceTokenizer(), tmp_path / "out", validation=0.1, seed=seed)
    assert opened.validation.documents <= 2


def test_the_hash_of_a_text_does_not_depend_on_how_much_of_it_is_read_at_once(tmp_path, monkeypatch):
    from tinylm_keras.text import chunks, files

    monkeypatch.setattr(chunks, "HEAD", 12)
    monkeypatch.setattr(split, "HEAD", 12)
    monkeypatch.setattr(chunks, "CHUNK", 16)
    path = tmp_path / "text.txt"
    path.write_text("\n".join(f"{number} is the number of this long text" for number in range(100)))
    chosen = set()
    for block in (7, 50, 100_000):
        monkeypatch.setattr(files, "BLOCK", block)
        stream = Documents(path)
        divided = split.divide(stream, 0.2)(stream)
        chosen.add(tuple(chunk.text[:12] for part, chunk in divided if part == "validation" and chunk.first))
    assert len(chosen) == 1


def test_a_cut_between_two_chunks_closes_the_one_and_opens_the_other():
    chunks = [Chunk("one", True, False), Chunk(" two", False, False), Chunk(" three", False, True)]
    assert list(split._cut_ends(chunks, [3])) == [
        ("train", Chunk("one", True, True)),
        ("validation", Chunk(" two", True, False)),
        ("validation", Chunk(" three", False, True)),
    ]
    assert list(split._cut_ends(chunks, [5])) == [
        ("train", Chunk("one", True, False)),
        ("train", Chunk(" t", False, True)),
        ("validation", Chunk("wo", True, False)),
        ("validation", Chunk(" three", False, True)),
    ]
    assert {part for part, _ in split._cut_ends(chunks, [None])} == {"train"}


@pytest.mark.parametrize(("texts", "counts"), [(["a", "b"], "1 texts for training and 0"), (["a a", "a a"], "0")])
def test_a_part_that_would_be_empty_is_refused(texts, counts):
    if len(set(texts)) == 2:  # two different texts can be divided, whatever the share
        stream = Documents(texts)
        assert len({part for part, _ in split.divide(stream, 0.01)(stream)}) == 2
        return
    with pytest.raises(ValueError, match=re.escape(f"gives {counts} texts for training and 2 for validation")):
        split.divide(Documents(texts), 0.1)


def test_files_kept_whole_lose_their_ends_and_short_ones_stay_whole(tmp_path):
    for name, text in {"a.txt": "a b c d e f g h i j\n", "b.txt": "k l m n o p q r s t", "c.txt": "  u"}.items():
        (tmp_path / name).write_text(text)
    stream = Documents(tmp_path, separator=None)
    found = {"train": [], "validation": []}
    for part, chunk in split.divide(stream, 0.2)(stream):
        assert chunk.first and chunk.last
        found[part].append(chunk.text)
    train, validation = data.split(data.read(tmp_path, separator=None), 0.2, whole=False)
    assert found == {"train": train, "validation": validation}


# Whole or not at all


def test_a_prepare_that_fails_leaves_nothing(tmp_path):
    class Failing(WhitespaceTokenizer):
        def tokenize(self, inputs):
            raise KeyboardInterrupt

    keras.saving.register_keras_serializable("tests")(Failing)
    with pytest.raises(KeyboardInterrupt):
        data.prepare(LINES, Failing(vocabulary=["a"]), tmp_path / "new" / "token_files")
    assert not list(tmp_path.iterdir())
    (tmp_path / "text.txt").write_bytes(b"abc\nd" * 500_000 + b"\xff\n")
    with pytest.raises(ValueError, match="byte 0xff at offset 2,500,000"):
        data.prepare(
            tmp_path / "text.txt", WhitespaceTokenizer(vocabulary=["a"]), tmp_path / "token_files", validation=0
        )
    assert names(tmp_path) == ["text.txt"]


def test_token_files_are_replaced_only_on_demand_and_never_mixed(folder, monkeypatch):
    with pytest.raises(ValueError, match=re.escape("`out` must be a new folder, but it exists.")):
        data.prepare(LINES, WhitespaceTokenizer(), folder)
    before = (folder / "train.bin").read_bytes()
    (folder / "note.txt").write_text("mine")
    (folder / ".train.12345678.tmp.bin").write_text("left by a process that was killed")
    with pytest.raises(ValueError, match="must leave text in both parts"):
        data.prepare(["a b"] * 9, WhitespaceTokenizer(), folder, overwrite=True)
    assert (folder / "train.bin").read_bytes() == before
    data.open_token_files(folder)

    replaced = []

    def replace(source, target):
        replaced.append(pathlib.Path(target).name)
        if len(replaced) == 2:
            raise OSError("the disk is gone")
        return original(source, target)

    original = _files.os.replace
    with monkeypatch.context() as context, pytest.raises(OSError, match="the disk is gone"):
        context.setattr(_files.os, "replace", replace)
        data.prepare(LINES[:9], WhitespaceTokenizer(), folder, overwrite=True)
    assert "index.json" not in names(folder)  # neither the old token files nor the new ones
    data.prepare(LINES[:9], WhitespaceTokenizer(), folder, overwrite=True, validation=0)
    assert names(folder) == ["index.json", "note.txt", "tokenizer.json", "train.bin"]


def test_the_index_is_renamed_last(tmp_path, monkeypatch):
    order, original = [], _files.os.replace
    monkeypatch.setattr(_files.os, "replace", lambda a, b: (order.append(pathlib.Path(b).name), original(a, b)))
    data.prepare(LINES, WhitespaceTokenizer(), tmp_path / "token_files")
    assert sorted(order) == FILES
    assert order[-1] == "index.json"


def test_progress_is_told_with_stages_bytes_and_tokens(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(LINES))
    told = []
    data.prepare(path, WhitespaceTokenizer(), tmp_path / "token_files", progress=lambda *facts: told.append(facts))
    assert [stage for stage, *_ in told][:3] == list(writer.STAGES)
    size = path.stat().st_size
    assert told[-1][1:3] == (size, size)
    assert told[-1][3] == 4 * len(LINES)


# What is refused


def damaged(folder, change):
    index = json.loads((folder / "index.json").read_text())
    change(index)
    (folder / "index.json").write_text(json.dumps(index))


def rewrite(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def change(*keys, to):
    """Change one entry of the index."""

    def change(index):
        *path, last = keys
        for key in path:
            index = index[key]
        if to is None:
            del index[last]
        else:
            index[last] = to

    return lambda folder: damaged(folder, change)


def in_tokenizer(**changes):
    def damage(folder):
        content = json.loads((folder / "tokenizer.json").read_text())
        content["config"].update(changes)
        (folder / "tokenizer.json").write_text(json.dumps(content))

    return damage


def other_tokenizer(folder):
    content = json.loads((folder / "tokenizer.json").read_text())
    content["config"]["vocabulary"][0] = "other"
    (folder / "tokenizer.json").write_text(json.dumps(content))


def other_ids(folder):
    ids = np.fromfile(folder / "train.bin", "<u2")
    ids[5] = 3 if ids[5] != 3 else 4
    ids.tofile(folder / "train.bin")


def large_id(folder):
    ids = np.fromfile(folder / "train.bin", "<u2")
    ids[5] = 15
    ids.tofile(folder / "train.bin")


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda f: (f / "tokenizer.json").unlink(), "there is no tokenizer.json"),
        (lambda f: (f / "train.bin").unlink(), "there is no train.bin"),
        (lambda f: (f / "validation.bin").unlink(), "there is no validation.bin"),
        (lambda f: (f / "index.json").unlink(), "there is no index.json"),
        (rewrite("index.json", b"{"), "index.json cannot be parsed as JSON"),
        (rewrite("index.json", b"\xff\xfe{}"), "index.json cannot be parsed as JSON"),
        (rewrite("index.json", b"[" * 100_000), "index.json cannot be parsed as JSON"),
        (rewrite("index.json", b"[]"), "index.json is not a JSON object"),
        (rewrite("index.json", b" " * 1_048_577), "index.json has 1,048,577 bytes, more than 1,048,576"),
        (rewrite("tokenizer.json", b"{}"), "tokenizer.json holds no known tokenizer (None)"),
        (
            rewrite("tokenizer.json", b'{"registered_name": "tinylm_keras>MiniLM", "config": {}}'),
            "tokenizer.json holds no known tokenizer ('tinylm_keras>MiniLM')",
        ),
        (
            rewrite("tokenizer.json", b'{"registered_name": "tinylm_keras>WhitespaceTokenizer", "config": {"x": 1}}'),
            "tokenizer.json names None of None, registered as 'tinylm_keras>WhitespaceTokenizer'",
        ),
        (in_tokenizer(x=1), "tokenizer.json has an entry in its WhitespaceTokenizer that this version does not know"),
        (in_tokenizer(vocabulary="/etc/passwd"), "tokenizer.json has a vocabulary that is not a list of texts"),
        (in_tokenizer(vocabulary=["a", "a"]), "tokenizer.json holds a tokenizer that cannot be created"),
        (other_tokenizer, "tokenizer.json is not the tokenizer of the index"),
        (change("version", to=2), "index.json has version 2, but this package reads 1"),
        (change("version", to=None), "index.json has version None"),
        (change("dtype", to="float32"), "index.json must have uint16 or uint32 at dtype, not 'float32'"),
        (change("dtype", to=None), "index.json must have uint16 or uint32 at dtype, not nothing"),
        (change("dtype", to="uint32"), "train.bin has "),
        (change("vocabulary_size", to=16), "the index has vocabulary_size=16, but its tokenizer has 15"),
        (change("vocabulary_size", to=True), "must have a whole number from 1 to 2**32 at vocabulary_size, not True"),
        (change("pad_id", to=3), "the index has pad_id=3, but its tokenizer has 0"),
        (change("pad_id", to=99), "index.json has a pad_id of 99 in a vocabulary of 15"),
        (change("tokenizer", to="x"), "index.json must have an object with a sha256 at tokenizer, not 'x'"),
        (change("sources", to=[1]), "index.json must have a list of strings at sources, not [1]"),
        (change("splits", to=[]), "index.json must have an object at splits, not []"),
        (change("splits", "train", to=None), "index.json must have an object at splits.train, not nothing"),
        (change("splits", "test", to={}), "index.json has a split 'test'; valid splits are train, validation"),
        (change("splits", "train", "count", to=7), "index.json has 7 ids and "),
        (change("splits", "train", "count", to="7"), "must have a whole number of at least 2 at splits.train.count"),
        (change("splits", "train", "count", to=1e9), "must have a whole number of at least 2 at splits.train.count"),
        (change("splits", "validation", to=3), "index.json must have an object at splits.validation"),
        (change("splits", "train", "unknown_bits", to=float("nan")), "it contains NaN"),
        (change("splits", "train", "unknown_bits", to=-1), "a number of at least 0 at splits.train.unknown"),
        (change("splits", "train", "first_tokens", to=[[1]]), "a list of pairs of whole numbers at splits.train.first"),
        (
            change("splits", "train", "first_tokens", to=[[15, 1]]),
            "has the first token 15 in train, but a vocabulary of",
        ),
        (change("splits", "train", "file", to="../train.bin"), "the name of a .bin file in the folder at splits.train"),
        (change("splits", "train", "file", to="/etc/x.bin"), "the name of a .bin file in the folder at splits.train"),
        (change("splits", "train", "file", to="..\\x.bin"), "the name of a .bin file in the folder at splits.train"),
        (change("splits", "train", "file", to="index.json"), "the name of a .bin file in the folder at splits.train"),
        (change("splits", "train", "sha256", to="0" * 64), "train.bin is not the file that the index describes"),
        (rewrite("train.bin", b"\1\0\2\0"), "train.bin has 2 ids, but the index has "),
        (rewrite("train.bin", b"\1\0\2"), "train.bin has 3 bytes, not a multiple of 2 of at least 4"),
        (rewrite("train.bin", b""), "train.bin has 0 bytes, not a multiple of 2 of at least 4"),
        (other_ids, "train.bin is not the file that the index describes: its checksum differs"),
        (large_id, "train.bin has the id 15, but the vocabulary is [0, 15)"),
    ],
)
def test_a_folder_that_does_not_hold_what_it_says_is_refused_in_one_line(folder, damage, problem):
    damage(folder)
    with pytest.raises(ValueError, match=re.escape(problem)) as error:
        data.open_token_files(folder)
    assert str(error.value).startswith("`folder` must hold token files, but ")
    assert f"Received: folder='{folder}'." in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"`folder` must be a folder of token files. Received: folder='.*missing'. Make"
    ):
        data.open_token_files(tmp_path / "missing")
    with pytest.raises(TypeError, match=r"`folder` must be the path of a folder. Received: folder=5."):
        data.open_token_files(5)


def test_an_address_is_refused_because_windows_are_read_here_and_there():
    with pytest.raises(ValueError, match="must be a local or mounted folder, not an address"):
        data.open_token_files("gs://bucket/tokens")


def test_what_a_killed_prepare_left_does_not_stand_in_the_way_of_the_next(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in (".tinylm.lock", ".train.0123abcd.tmp.bin", ".index.0123abcd.tmp.json"):
        (out / name).write_bytes(b"")
    data.prepare(["a b", "b c"], WhitespaceTokenizer(), out, validation=0)
    assert sorted(path.name for path in out.iterdir() if path.name != ".tinylm.lock") == [
        "index.json",
        "tokenizer.json",
        "train.bin",
    ]


def test_val_bin_stands_in_for_validation_bin(folder):
    expected = data.open_token_files(folder).validation.ids.tolist()
    (folder / "validation.bin").rename(folder / "val.bin")
    assert data.open_token_files(folder).validation.ids.tolist() == expected


def test_bare_ids_are_opened_only_when_the_caller_says_what_they_are(tmp_path, folder):
    tokenizer = WhitespaceTokenizer(vocabulary=["a", "b"])
    for name in ("train", "val"):
        np.array([2, 3, 2, 1], "<u4").tofile(tmp_path / f"{name}.bin")
    with pytest.raises(ValueError, match=re.escape('open_token_files(folder, dtype="uint16", tokenizer=…)')):
        data.open_token_files(tmp_path, dtype="uint32")
    token_files = data.open_token_files(tmp_path, dtype="uint32", tokenizer=tokenizer)
    assert token_files.train.ids.tolist() == token_files.validation.ids.tolist() == [2, 3, 2, 1]
    assert (token_files.train.characters, token_files.train.pad_id) == (0, 0)
    with pytest.raises(ValueError, match=r"`dtype` must be one of 'uint16', 'uint32'. Received: dtype='int8'."):
        data.open_token_files(tmp_path, dtype="int8", tokenizer=tokenizer)
    with pytest.raises(ValueError, match=re.escape("train.bin has the id 3, but the vocabulary is [0, 3)")):
        data.open_token_files(tmp_path, dtype="uint32", tokenizer=WhitespaceTokenizer(vocabulary=["a"]))
    with pytest.raises(TypeError, match=r"`tokenizer` must be a Tokenizer. Received: tokenizer='gpt2'."):
        data.open_token_files(tmp_path, dtype="uint32", tokenizer="gpt2")
    with pytest.raises(ValueError, match=re.escape("`dtype` must be left out, because there is an index.json.")):
        data.open_token_files(folder, dtype="uint16")


class Unregistered(Tokenizer):
    """A tokenizer that no file could name."""


class Liar(CharacterTokenizer):
    """A tokenizer whose ids do not fit its vocabulary."""

    def tokenize(self, inputs):
        return [np.array([99], "int32") for _ in inputs]


keras.saving.register_keras_serializable("tests")(Liar)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"validation": 1}, "`validation` must be a number in [0, 1). Received: validation=1."),
        ({"seed": -1}, "`seed` must be a whole number from 0 to"),
        ({"tokenizer": "whitespace"}, "`tokenizer` must be a Tokenizer. Received: tokenizer='whitespace'."),
        ({"tokenizer": Unregistered()}, "`tokenizer` must be of a registered class. Received: tokenizer='Unreg"),
        ({"tokenizer": Liar(vocabulary=["a"])}, "`tokenizer` must give ids in [0, 3), its vocabulary. Received: t"),
        ({"source": ["a"], "validation": 0}, "`source` must give each part at least 2 tokens, but one has 1."),
        ({"source": "missing.txt"}, "`source` must be a file, a folder or a pattern that exists."),
        ({"out": 5}, "`out` must be the path of a folder"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(tmp_path, arguments, message):
    tokenizer = WhitespaceTokenizer(vocabulary=["a"])
    settings = {"source": LINES, "tokenizer": tokenizer, "out": tmp_path / "token_files", **arguments}
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        data.prepare(settings.pop("source"), settings.pop("tokenizer"), settings.pop("out"), **settings)
    assert not list(tmp_path.iterdir())


# In training


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("token_files") / "book"
    return data.prepare([BOOK], CharacterTokenizer(), folder, validation=0.2)


@pytest.mark.parametrize("steps", [None, 7])
def test_windows_on_disk_are_those_in_memory(opened, steps, monkeypatch):
    from tinylm_keras.data import batches

    monkeypatch.setattr(batches, "BLOCK", 300)  # several blocks
    shape = {"context_length": 16, "batch_size": 5, "steps": steps, "seed": 3}
    disk = data.windows(opened.validation, **shape)
    memory = data.windows(np.array(opened.validation.ids, "int32"), **shape, pad_id=0)
    assert disk.on_disk and not memory.on_disk
    assert (len(disk), disk.tokens, disk.largest_id()) == (len(memory), memory.tokens, memory.largest_id())
    for x, y in ((disk, memory), (disk.for_fit(endless=False), memory)):
        for got, expected in zip(x, y, strict=True):
            assert all(np.array_equal(one, other) for one, other in zip(got, expected, strict=True))
            assert np.asarray(got[0]).dtype == np.int32
    stream = iter(disk.for_fit(endless=True, first=2))
    for step in range(2, 12):
        assert np.array_equal(next(stream)[0], disk.batch(step)[0])


def own_memory():
    """Kilobytes of this process that are no part of a file: mapped pages of a file are given back when needed."""
    status = pathlib.Path("/proc/self/status")
    found = re.search(r"RssAnon:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) if found else pytest.skip("only Linux tells how much memory belongs to no file")


def test_a_token_file_is_never_in_memory_as_a_whole(tmp_path):
    """A sparse file of 500 MB: looked through when it is opened, then read in places."""
    before = own_memory()
    with (tmp_path / "train.bin").open("wb") as file:
        file.truncate(500_000_000)
    tokenizer = WhitespaceTokenizer(vocabulary=["a"])
    token_file = data.open_token_files(tmp_path, dtype="uint16", tokenizer=tokenizer).train
    layouts = [data.windows(token_file, context_length=64, batch_size=8, steps=steps) for steps in (None, 50)]
    streams = [iter(batches.for_fit(endless=True)) for batches in layouts]
    assert [next(stream)[0].shape for stream in streams] == [(8, 64), (8, 64)]
    assert [batches.largest_id() for batches in layouts] == [0, 0]
    assert own_memory() - before < 100_000


def test_the_ids_that_were_looked_through_are_those_that_are_mapped(tmp_path, monkeypatch):
    texts = ["a b a", "b a b", "a a b b"]
    data.prepare(texts, WhitespaceTokenizer().adapt(texts), tmp_path / "token_files", validation=0)
    good, look = data.open_token_files(tmp_path / "token_files").train.ids.tolist(), reader._look_through

    def swapped(file, dtype):
        found = look(file, dtype)
        np.full(len(good), 60_000, dtype).tofile(tmp_path / "other")
        (tmp_path / "other").replace(tmp_path / "token_files" / "train.bin")
        return found

    monkeypatch.setattr(reader, "_look_through", swapped)
    assert data.open_token_files(tmp_path / "token_files").train.ids.tolist() == good
