"""Laws of `data.read`: what each source gives, and what is refused with which words."""

import os
import re
import resource
import time

import pytest

from tinylm_keras.text import documents
from tinylm_keras.text.sources import read


def refused(message, source, error=ValueError, **keywords):
    with pytest.raises(error, match=re.escape(message)):
        read(source, **keywords)


def write(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_file_with_blank_lines_is_cut_at_them(tmp_path):
    path = write(tmp_path / "a.txt", "one\ntwo\n\n \t \nthree\n\n")
    assert read(path) == ["one\ntwo", "three"]
    assert read(str(path)) == ["one\ntwo", "three"]


def test_a_file_without_blank_lines_is_cut_at_lines(tmp_path):
    assert read(write(tmp_path / "a.txt", "\n\none\n  two \nthree\n\n")) == ["one", "two", "three"]


def test_the_separator_decides_when_it_is_given(tmp_path):
    path = write(tmp_path / "a.txt", " one\ntwo\n\nthree|four")
    assert read(path, separator="\n") == ["one", "two", "three|four"]
    assert read(path, separator="\n\n") == ["one\ntwo", "three|four"]
    assert read(path, separator="|") == ["one\ntwo\n\nthree", "four"]
    assert read(path, separator=None) == [" one\ntwo\n\nthree|four"]


def test_only_line_feeds_are_line_ends(tmp_path):
    path = write(tmp_path / "a.txt", "a\u2028b\x85c\x0bd\x1ce\nf")
    assert read(path) == ["a\u2028b\x85c\x0bd\x1ce", "f"]


def test_a_byte_order_mark_is_removed_and_line_ends_become_line_feeds(tmp_path):
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read(path, separator=None) == ["one\ntwo\nthree\n"]
    assert read(write(tmp_path / "b.txt", "é\r\nü".encode("utf-16")), encoding="utf-16") == ["é", "ü"]


def test_nul_bytes_are_kept(tmp_path):
    assert read(write(tmp_path / "a.txt", "a\0b\nc")) == ["a\0b", "c"]


def test_a_folder_gives_its_text_files_sorted_and_skips_blank_ones(tmp_path):
    (tmp_path / "z").mkdir()
    (tmp_path / "folder.txt").mkdir()
    for name, content in {"b.txt": "B", "z/a.TXT": "A", "blank.txt": "\n", "empty.txt": "", "note.md": "no"}.items():
        write(tmp_path / name, content)
    assert read(tmp_path) == ["B", "A"]


def test_a_glob_gives_its_files_sorted(tmp_path):
    for name in ("b.text", "a.text", "c.md"):
        write(tmp_path / name, name)
    assert read(f"{tmp_path}/*.text") == ["a.text", "b.text"]
    assert read(write(tmp_path / "odd[1].md", "odd")) == ["odd"]


def test_a_column_of_a_table_is_read(tmp_path):
    csv = write(tmp_path / "a.csv", '\ufeffid,text\r\n1,"one, ""two""\r\nthree"\r\n2,\r\n3,four\r\n')
    assert read(csv, column="text") == ['one, "two"\nthree', "four"]
    assert read(csv, column="text", separator="\n") == ['one, "two"', "three", "four"]
    assert read(write(tmp_path / "a.tsv", "id\ttext\n1\ta, b\n"), column="text") == ["a, b"]
    assert read(write(tmp_path / "b.csv", "id;text\n1;a\n"), column="text") == ["a"]
    assert read(write(tmp_path / "a.jsonl", '{"text": "a\\u2028b"}\n\n{"text": "c"}\n'), column="text") == [
        "a\u2028b",
        "c",
    ]


def test_a_cell_may_be_long_and_the_limit_of_the_csv_module_is_left_as_it_was(tmp_path):
    import csv

    before = csv.field_size_limit()
    assert len(read(write(tmp_path / "a.csv", "text\n" + "ab " * 100_000), column="text")[0]) == 300_000
    assert csv.field_size_limit() == before


def test_an_iterable_of_strings_is_taken_as_it_is():
    assert read(["one\ntwo\n\nthree ", " ", "x"]) == ["one\ntwo\n\nthree ", "x"]
    assert read(text for text in ("a", "b")) == ["a", "b"]


def test_stories_are_written_by_name():
    assert len(read("stories:3")) == 3
    assert read("stories:3") == read("stories:3")


def test_nothing_to_read_is_refused_with_its_name(tmp_path):
    missing = tmp_path / "missing.txt"
    refused(
        f"`source` must be a file, a folder or a pattern that exists. Received: source='{missing}'. "
        "In Python, pass a text in a list.",
        missing,
    )
    refused("`source` must be a file, a folder or a pattern that exists. Received: source='xx", "x" * 5000)
    refused("`source` must be a file, a folder or a pattern that exists. Received: source='-'. For standard input", "-")
    blank = "`source` must hold text, but there is only white space or nothing. Received: source="
    for name, content in {"empty.txt": "", "blank.txt": " \n\t\r\n", "mark.txt": "\ufeff\n"}.items():
        refused(f"{blank}'{tmp_path / name}'.", write(tmp_path / name, content))
    refused(f"{blank}'{tmp_path / 'empty.txt'}'.", tmp_path / "empty.txt", separator=None)
    refused(f"{blank}[].", [])
    pattern = f"{tmp_path}/*.nothing"
    refused(f"`source` must be a pattern that some file matches. Received: source='{pattern}'.", pattern)
    (tmp_path / "folder").mkdir()
    refused("`source` must be a folder with files that end in .txt. Received: source=", tmp_path / "folder")
    refused(
        "`source` must be a folder with files that end in .csv or .tsv or .jsonl or .ndjson or .json. Received",
        tmp_path / "folder",
        column="a",
    )


def test_bytes_of_another_encoding_are_refused_with_their_place(tmp_path):
    path = write(tmp_path / "a.txt", b"abc caf\xe9 x")
    refused(
        f"`source` must be utf-8 text, but the byte 0xe9 at offset 7, in line 1, is not. Received: source='{path}'. "
        "It looks like cp1252: try encoding='cp1252'.",
        path,
    )
    assert read(path, encoding="latin-1") == ["abc café x"]
    refused("try encoding='utf-16'.", write(tmp_path / "b.txt", "é".encode("utf-16")))
    refused("`encoding` must be a text encoding that Python knows. Received: encoding='no'.", path, encoding="no")
    refused("`encoding` must be a text encoding that Python knows. Received: encoding='hex'.", path, encoding="hex")
    refused("`encoding` must be a string. Received: encoding=None.", path, TypeError, encoding=None)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = write(tmp_path / "a.txt", "a")
    path.chmod(0)
    refused("`source` must be a file that can be read (Permission denied). Received: source=", path)


def test_a_table_is_refused_with_the_reason(tmp_path):
    csv = write(tmp_path / "a.csv", "id,text\n1\n")
    refused(f"`column` must be a column of {csv}. Received: column='x'. There are: 'id', 'text'.", csv, column="x")
    refused(
        f"`column` must hold text in every row, but line 2 of {csv} has only 1 cell. Received: column='text'. "
        "Correct it, or skip such rows: pass bad_rows='skip'.",
        csv,
        column="text",
    )
    lines = write(tmp_path / "a.jsonl", '{"a": 1, "b": "x"}\n[1]\n')
    refused(
        f"`column` must hold text in every row, but line 1 of {lines} has no such key; there are: 'a', 'b'. Received",
        lines,
        column="x",
    )
    refused(f"but line 1 of {lines} holds a number there. Received: column='a'.", lines, column="a")
    refused(f"but line 2 of {lines} holds an array instead of an object. Received: column='b'.", lines, column="b")
    plain = write(tmp_path / "a.txt", "a")
    refused(
        f"`column` needs a file that ends in .csv, .tsv, .jsonl, .ndjson, .json, which {plain} does not. "
        "Received: column='a'. Leave it out to read plain text.",
        plain,
        column="a",
    )


def test_what_is_no_source_is_refused(tmp_path):
    path = write(tmp_path / "a.txt", "a")
    refused("`source` must be a path, a name or an iterable of strings. Received: source=5.", 5, TypeError)
    refused("`source` must be a path, a name or an iterable of strings. Received: source=b'a'.", b"a", TypeError)
    refused("`source` must be an iterable of strings only. Received: source=1.", ["a", 1], TypeError)
    refused("`separator` must not be the empty string. Received: separator=''. None keeps", path, separator="")
    refused("`separator` must be a string. Received: separator=1.", path, TypeError, separator=1)
    for name in ("stories:0", "stories:-1", "stories:x", "stories:"):
        refused(f"`source` must give from 1 to 10,000,000 stories. Received: source='{name}'. Try", name)


def test_big_input_is_read_in_linear_time_and_bounded_memory(tmp_path):
    """One line of 50 MB, a million repeats, a million blank lines, white space that would make a pattern backtrack."""
    big = {
        "line.txt": b"word " * 10_000_000,
        "repeats.txt": b"a\n" * 1_000_000,
        "blank.txt": b"a" + b"\n" * 1_000_000 + b"b",
        "spaces.txt": b"a\n" + b" " * 5_000_000 + b"b\n\nc",
        "tricky.txt": b"a" + b"\n \t" * 1_000_000 + b"b",
    }
    expected = {"line.txt": 1, "repeats.txt": 1_000_000, "blank.txt": 2, "spaces.txt": 2, "tricky.txt": 2}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    for name, content in big.items():
        assert len(read(write(tmp_path / name, content))) == expected[name]
    assert time.process_time() - started < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 6 * 50_000 + 100_000  # kilobytes


def test_many_small_files_are_read(tmp_path):
    for folder in range(20):
        (tmp_path / str(folder)).mkdir()
        for number in range(100):
            (tmp_path / str(folder) / f"{number:04}.txt").write_text(f"{folder} {number}")
    started = time.process_time()
    assert len(read(tmp_path)) == 2_000
    assert time.process_time() - started < 2  # 100,000 files in under 100 s


def test_the_default_number_of_stories_is_documented_by_its_name():
    assert documents.DEFAULT_STORIES >= 1_000
