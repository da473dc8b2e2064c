"""Units together have exactly the texts of the source, wherever a file is cut."""

import json
import pathlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinylm_keras.text import units
from tinylm_keras.text.documents import Documents, Joined


def texts_of(parts):
    return [text for unit in parts for text in units.UnitDocuments(units.Unit(**json.loads(as_json(unit)))).texts()]


def as_json(unit):
    return json.dumps(vars(unit))


def texts(documents):
    try:
        return list(documents.texts())
    except ValueError:  # only white space
        return []


SEPARATORS = ["\n%\r%\n", "auto", "\n", "\n\n", "\n%\n", "--", " | ", "|", "\n\n\n", "aba", "\u3000", None]
CONTENT = st.lists(
    st.sampled_from(
        [
            *"ab%-|\n\r \t\u3000é",
            "\r\n",
            "\n\n",
            "\n%\n",
            "\n % \n",
            " | ",
            "----",
            "ababa",
            "\n \n",
            "\x85",
            "word",
            "\ufeff",
            "\\\n",
        ]
    ),
    max_size=60,
).map("".join)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("units") / "file.txt"


@pytest.mark.parametrize("separator", SEPARATORS)
@settings(max_examples=200, deadline=None)
@given(
    content=CONTENT,
    size=st.integers(1, 30),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16", "gbk", "unicode_escape"]),
)
@example(content="a |  | b | c | d", size=2, encoding="utf-8")
@example(content="a\n\ufeffb\nc\n\ufeffd", size=1, encoding="utf-8-sig")
@example(content="x------y--z", size=1, encoding="utf-8")
@example(content="a\u3000\u3000b\u3000c", size=3, encoding="utf-8")
def test_a_file_that_is_cut_has_the_texts_of_the_whole(path, content, separator, size, encoding):
    path.write_bytes(content.encode(encoding, "replace"))
    source = Documents(path, separator=separator, encoding=encoding)
    assert texts_of(units.divide(source, size)) == texts(source)


def test_large_files_are_cut_and_small_ones_are_read_together(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(["a line"] * 100), encoding="utf-8")
    for name in "bcd":
        (tmp_path / f"{name}.txt").write_text(f"{name}\n", encoding="utf-8")
    source = Documents(tmp_path)
    found = units.divide(source, 100)
    assert len(found) == 8
    assert [len(unit.parts) for unit in found] == [1] * 7 + [3]
    assert texts_of(found) == list(source.texts())
    assert len(units.divide(source)) == 1  # all of it is small


def test_json_lines_are_cut_at_rows_and_other_tables_are_not(tmp_path):
    rows = [{"text": f"text {number}\nof two lines"} for number in range(50)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "b.csv").write_text("text\n" + "\n".join(f'"row\n{number}"' for number in range(50)), encoding="utf-8")
    for name, several in (("a.jsonl", True), ("b.csv", False)):
        source = Documents(tmp_path / name, column="text")
        found = units.divide(source, 200)
        assert (len(found) > 1) == several
        assert texts_of(found) == list(source.texts())


def test_joined_sources_keep_their_order_and_their_settings(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text("\n".join(f"{name} {number}" for number in range(20)), encoding="utf-8")
    source = Joined([Documents(tmp_path / "one", separator=None), Documents(tmp_path / "two", separator="\n")])
    found = units.divide(source, 50)
    assert texts_of(found) == list(source.texts())
    assert {unit.source for unit in found} == {0, 1}


def test_an_error_in_a_later_part_names_the_place_in_the_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"line\n" * 30 + b"caf\xe9\n" + b"line\n" * 30)
    with pytest.raises(ValueError, match="offset 153, in line 31") as whole:
        list(Documents(path, separator="\n"))
    with pytest.raises(ValueError, match="offset 153, in line 31") as part:
        texts_of(units.divide(Documents(path, separator="\n"), 100))
    assert str(part.value) == str(whole.value)


def test_a_file_that_changed_since_it_was_divided_is_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    found = units.divide(Documents(path), 4)
    path.write_text("one\ntwo\nthree\n", encoding="utf-8")
    with pytest.raises(ValueError, match="must not change while it is read"):
        texts_of(found)


@pytest.mark.parametrize("source", ["stories:10", ["a", "b"]])
def test_what_is_no_file_is_refused(source):
    with pytest.raises(ValueError, match="must be files for several workers"):
        units.divide(Documents(source))


def test_an_address_is_refused_unless_beam_reads_it():
    with pytest.raises(ValueError, match="must be local or mounted, not an address"):
        Documents("gs://bucket/books/")
    assert not pathlib.Path("gs:").exists()
