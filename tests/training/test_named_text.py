"""A record is no order: what only recipe.json names is read under conditions."""

import json
import os
import re

import pytest

from tests.training.test_train import TINY
from tinylm_keras import data
from tinylm_keras.tokenizers import WhitespaceTokenizer
from tinylm_keras.training import named_text, run_record
from tinylm_keras.training.corpus import fingerprint
from tinylm_keras.training.train import train

LINES = [f"the cat number {number} sat" for number in range(40)]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "my.txt"
    path.write_text("\n".join(LINES) + "\n")
    return path


def record(source, texts=LINES, recipe=None, **corpus):
    """The record of a run whose text was `texts` and which says that it lies in `source`."""
    values = {
        "recipe": {"preset": "stories", **(recipe or {})},
        "source": str(source),
        "corpus": {"sha256": fingerprint(texts), "texts": len(texts), "characters": sum(map(len, texts)), **corpus},
    }
    return run_record.parse(values)


def refused(found):
    with pytest.raises(named_text.NotRead) as error:
        named_text.texts(found, pytest.fail)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_file_with_the_fingerprint_of_the_run_is_read_and_said(text):
    said = []
    assert named_text.texts(record(text), said.append) == LINES
    assert said == [f"Reading {text}, named by the run's record."]


def test_several_sources_a_folder_a_pattern_and_built_in_stories_are_read(text, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.txt").write_text("one\ntwo\n")
    both = [*LINES, "one", "two"]
    for sources, texts in (
        (f"{text} + {tmp_path / 'more'}", both),
        (f"{text} + {tmp_path}/more/*.txt", both),
        ("stories:5", data.read("stories:5")),
    ):
        assert named_text.texts(record(sources, texts)) == texts
    listed = record("a name to show", both)
    listed.values["sources"] = [str(text), str(tmp_path / "more")]
    assert named_text.texts(listed) == both


def test_another_file_is_neither_used_nor_shown(text, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("name,password\nroot,hunter2 hunter2 hunter2\n" * 30)
    for recipe in ({}, {"column": "text"}, {"column": "password"}, {"encoding": "utf-16"}):
        words = refused(record(secret, recipe=recipe))
        assert "secret.csv" in words and "hunter2" not in words and "name" not in words.replace("named", "")


def test_a_file_of_another_size_is_not_read_to_its_end(text, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(named_text, "_open", lambda source, record: opened.append(source))
    (tmp_path / "short.txt").write_text("short")
    with (tmp_path / "long.txt").open("wb") as file:
        file.truncate(100 << 30)
    assert "it is shorter" in refused(record(tmp_path / "short.txt"))
    assert "it is longer" in refused(record(tmp_path / "long.txt"))
    assert not opened


def test_a_longer_table_is_left_as_soon_as_it_is_longer(tmp_path, monkeypatch):
    """A table has other columns, so that only its texts tell."""
    (tmp_path / "long.csv").write_text("text\n" + "some more words\n" * 400_000)
    seen = []
    whole = named_text._open
    monkeypatch.setattr(named_text, "_open", lambda *given: (seen.append(chunk) or chunk for chunk in whole(*given)))
    assert "it is longer" in refused(record(tmp_path / "long.csv", recipe={"column": "text"}))
    assert len(seen) < 1000


@pytest.mark.parametrize("name", ["fifo", "zero", "folder/fifo.txt"])
def test_what_is_no_regular_file_is_not_opened(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    if "fifo" in name:
        os.mkfifo(tmp_path / name)
    words = refused(record(tmp_path / name))
    assert "is not a regular file" in words or "cannot be read again (" in words


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("tfds:tiny_shakespeare", "may need the network, so you must name it yourself"),
        (r"\\server\share\my.txt", "may need the network"),
        ("//server/share/my.txt", "may need the network"),
        ("stories:9000000", "is more stories than the run had"),
        ("stories", "is more stories than the run had"),
        ("no.txt", "cannot be read again (no.txt)"),
        ("~nobody-of-this-name/x", "cannot be read again ("),
        ("a\0b", "cannot be read again ("),
        ("", "cannot be read again (): it was given in Python or through a pipe"),
        ("no/*.txt", "cannot be read again ("),
    ],
)
def test_what_is_not_to_be_read_is_refused(source, why):
    assert why in refused(record(source))


def test_a_search_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(named_text, "MOST_ENTRIES", 5)
    for number in range(4):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "a.txt").write_text("a")
    for source in (tmp_path, f"{tmp_path}/**/*.txt", f"{tmp_path}/*/*.txt"):
        assert "needs a search of over 5 files" in refused(record(source))
    assert "needs a search" not in refused(record(f"{tmp_path}/*.md"))


def test_odd_encodings_of_a_record_are_not_used(text):
    assert "cannot be read as punycode" in refused(record(text, recipe={"encoding": "punycode"}))


def test_other_token_files_are_refused_by_their_index_alone(tmp_path, monkeypatch):
    data.prepare(LINES, WhitespaceTokenizer(), tmp_path / "token_files")
    found = run_record.parse(
        {"corpus": {"sha256": "0" * 64, "token_files": str(tmp_path / "token_files")}, "recipe": {}}
    )
    monkeypatch.setattr(named_text, "open_token_files", pytest.fail)
    with pytest.raises(named_text.NotRead, match="no longer holds the token files"):
        named_text.token_files(found)


def test_resume_reads_what_the_record_names_only_if_it_is_the_text_of_the_run(text, tmp_path):
    run = tmp_path / "run"
    train(str(text), out=run, **TINY)
    for name in ("last.keras", "previous.keras"):
        (run / name).unlink(missing_ok=True)
    values = json.loads((run / "recipe.json").read_text())
    (tmp_path / "other.txt").write_text("secret words here\n" * 60)
    for source in ("tfds:tiny_shakespeare", str(tmp_path / "other.txt")):
        (run / "recipe.json").write_text(json.dumps({**values, "source": source, "sources": [source]}))
        with pytest.raises(ValueError, match=r"`source` must be given again, because") as error:
            train(resume=run, progress=None)
        assert "secret" not in str(error.value)
    train(str(text), resume=run, progress=None)  # named by the user


def test_vocabulary_files_that_only_a_record_names_are_not_opened(text, tmp_path):
    run = tmp_path / "run"
    train(str(text), out=run, **TINY)
    for name in ("last.keras", "previous.keras"):
        (run / name).unlink(missing_ok=True)
    values = json.loads((run / "recipe.json").read_text())
    values["recipe"] |= {"tokenizer": "byte-pair", "vocabulary_file": "/etc/passwd", "merges_file": "/etc/passwd"}
    (run / "recipe.json").write_text(json.dumps(values))
    message = "`vocabulary_file` must be given again, because only the run's record names '/etc/passwd'"
    with pytest.raises(ValueError, match=re.escape(message)):
        train(resume=run, progress=None)
