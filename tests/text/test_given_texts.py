"""Texts given in Python: what is no list of texts is never trained on."""

import re

import pytest

from tinylm_keras import data
from tinylm_keras.text.given_texts import checked
from tinylm_keras.text.sources import read
from tinylm_keras.tokenizers import WhitespaceTokenizer


def refused(message, source, error=ValueError):
    with pytest.raises(error, match=re.escape(message)) as found:
        read(source)
    assert "\n" not in str(found.value)


@pytest.fixture(autouse=True)
def in_a_folder_with_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "books").mkdir()
    for name in ("a.txt", "b.MD", "notes", "books/c", "my poem.txt"):
        (tmp_path / name).write_text("text")


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["a.txt"], "a.txt"),
        (["a.txt", "missing.txt", "gone.txt"], "a.txt"),
        (["a text", "another", "third one", "./notes"], "./notes"),
        (["a text", "another", "third one", "b.MD"], "b.MD"),
        (["a text", "my poem.txt"], "my poem.txt"),
        (["a text", "books/c", "x", "y"], "books/c"),
        (["books/", "x", "y"], "books/"),
        (["notes", "a text"], "notes"),
        (("notes", "notes", "a text", "another"), "notes"),
    ],
)
def test_a_list_with_names_of_files_is_refused_and_one_is_named(texts, name, tmp_path):
    refused(f"`source` must be one path or a list of texts, but {name!r} in this list is the name of a file.", texts)
    with pytest.raises(ValueError, match="in this list is the name of a file"):
        data.prepare(texts, WhitespaceTokenizer(), tmp_path / "token_files")
    assert not (tmp_path / "token_files").exists()


def test_names_of_files_that_are_all_missing_are_refused_too(tmp_path):
    refused("but 'x.txt' looks like the name of a file that does not exist", ["x.txt", "sub/y.txt"])
    assert read(["and/or", "1/2"]) == ["and/or", "1/2"]
    refused(f"but '{tmp_path}/a.txt' in this list is the name of a file", [tmp_path / "a.txt"])


def test_texts_that_only_happen_to_name_something_are_read(tmp_path):
    assert read(["notes", "and", "more words"]) == ["notes", "and", "more words"]  # one of three
    assert read(list("a/b.c")) == list("a/b.c")
    assert read(["yes and/or no", "1/2", "see x.txt"]) == ["yes and/or no", "1/2", "see x.txt"]
    assert len(read(["a.txt"] + ["words"] * 1_000)) == 1_001  # so many are not looked up
    assert read(["a\0b", "x" * 5_000]) == ["a\0b", "x" * 5_000]


def test_what_gives_no_texts_in_a_fixed_order_is_refused():
    class Frame(list):
        """As a DataFrame: iterating over it gives names."""

        columns = ("text",)

    for table in ({"text": ["a"]}, Frame(["text"])):
        refused("iterating over this gives the names of its columns", table, TypeError)
    refused("`source` must have an order, and a set has none", {"a", "b"}, TypeError)
    refused("must be an iterable of strings only. Received: source=b'a'", [b"a"], TypeError)


def test_half_a_surrogate_pair_is_refused_with_its_place():
    refused("but the text at index 1 has a lone surrogate. Received: source='\\udc80'", ["fine é", "a\udc80"])


def test_a_generator_is_read_once_and_can_be_passed_over_again():
    from tinylm_keras.text.documents import Documents

    documents = Documents(text for text in ("a", "b"))
    assert [list(documents.texts()) for _ in range(2)] == [["a", "b"]] * 2


@pytest.mark.parametrize("names", [["a.txt\n", "b.txt\n"], ["one", "two"], ["x.parquet", "y.parquet"]])
def test_names_with_line_ends_and_of_folders_and_tables_are_no_texts(tmp_path, monkeypatch, names):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("a.txt").write_text("text")
    for folder in ("one", "two"):
        tmp_path.joinpath(folder).mkdir()
    with pytest.raises(ValueError, match=r"(is|looks like) the name of a file"):
        checked(names)
    assert checked(["one", "three"]) == ["one", "three"]
    assert checked([" a text\n", "b"]) == [" a text\n", "b"]
