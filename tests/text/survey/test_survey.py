"""Laws of `tlm.survey`: what is counted, in one bounded pass, and what is refused."""

import dataclasses
import json
import re
import tracemalloc

import pytest

import tinylm_keras as tlm
from tinylm_keras.text import documents
from tinylm_keras.text.survey import sample

VERSE = "Of stars and stones,\n  and of the sea\nI sang. The sea\n\nwas deep,\nand I was small.\n"


def surveyed(tmp_path, text, name="a.txt", **how):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return tlm.survey(path, **how)


def cut_at(found, separator):
    return next(cut for cut in found.cuts if cut.separator == separator)


def test_what_is_counted_is_exact_for_a_short_text(tmp_path):
    found = surveyed(tmp_path, VERSE)
    assert found.characters == found.looked_at == len(VERSE)
    assert found.distinct_characters == len(set(VERSE))
    assert found.white_space == sum(map(str.isspace, VERSE)) / len(VERSE)
    assert (found.lines, found.blank_lines, found.equal_lines) == (5, 1, 0)
    assert (found.indented, found.continued) == (1 / 5, 2 / 3)
    assert (found.words.units, found.words.distinct) == (len(VERSE.split()), len(set(VERSE.split())))
    assert (found.script, found.blanks, found.given) == ("Latin", True, False)
    assert [cut.separator for cut in found.cuts] == [None, "\n\n", "\n"]
    assert cut_at(found, "\n\n").lengths == (26, 26, 26, 53, 53)
    assert cut_at(found, "\n").texts == 5


@pytest.mark.parametrize("separator", [None, "\n", "\n\n", ".", "\n%\n", "auto"])
def test_the_texts_that_are_counted_are_those_that_are_read(tmp_path, separator):
    text = VERSE + " \n%\n % \nmore. \n" + "%\n" + VERSE * 2
    found = surveyed(tmp_path, text, separator=separator)
    texts = tlm.data.read(tmp_path / "a.txt", separator=found.separator)
    assert found.separator == separator or separator == "auto"
    assert (found.texts.texts, found.texts.distinct) == (len(texts), len(set(texts)))
    assert (found.texts.lengths[0], found.texts.lengths[-1]) == (min(map(len, texts)), max(map(len, texts)))


def test_texts_given_in_python_and_in_a_column_stay_as_they_are(tmp_path):
    given = ["one\ntwo", "three", "three", "* * *"]
    found = tlm.survey(given)
    assert (found.given, found.separator, found.texts.texts, found.texts.distinct) == (True, "auto", 4, 3)
    assert (found.texts.with_lines, found.texts.only_marks) == (1 / 4, 1)
    rows = "id,text\n" + "".join(f'{number},"{text}"\n' for number, text in enumerate(given))
    assert surveyed(tmp_path, rows, "a.csv", column="text").cuts == found.cuts
    assert tlm.survey(given[:1]).texts.texts == 1


def test_a_table_without_a_column_is_surveyed_by_the_one_that_looks_like_text(tmp_path):
    rows = '[{"id": "a1", "said": "the cat sat on it"}, {"id": "b2", "said": "a dog ran"}]'
    found = surveyed(tmp_path, rows, "a.json")
    assert (found.columns, found.column, found.column_is_missing) == (("id", "said"), "said", True)
    assert found.texts.texts == 2
    assert found.remarks[0] == (
        "a table with the columns 'id', 'said': 'said' looks like text; pass its name for training"
    )
    named = tlm.survey(tmp_path / "a.json", column="said")
    assert (named.column, named.column_is_missing) == ("said", False)
    with pytest.raises(ValueError, match="None of them clearly looks like text"):
        surveyed(tmp_path, '[{"id": 1, "likes": 2}]', "b.json")


def test_several_sources_are_surveyed_together(tmp_path):
    (tmp_path / "a.txt").write_text("one two\n")
    (tmp_path / "b.txt").write_text("three\n")
    both = tlm.survey(documents.Joined([documents.Documents(tmp_path / name) for name in ("a.txt", "b.txt")]))
    assert (both.characters, cut_at(both, None).texts) == (14, 2)
    assert dataclasses.replace(tlm.survey(tmp_path), names=()) == dataclasses.replace(both, names=())


def test_it_is_json(tmp_path):
    found = surveyed(tmp_path, VERSE)
    read = json.loads(found.to_json())
    assert read["cuts"][0] == json.loads(json.dumps(dataclasses.asdict(found.cuts[0])))
    assert set(read) == {field.name for field in dataclasses.fields(found)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold text, but there is only white space or nothing"),
        (" \n\t ", "must hold text, but there is only white space or nothing"),
        ("a\n", "must have at least two different characters, but it has only 'a', once"),
        ("00 0\n0", "must have at least two different characters, but it has only '0', 4 times"),
    ],
)
def test_a_text_without_two_characters_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=re.escape(message)) as refused:
        surveyed(tmp_path, text)
    assert "a.txt" in str(refused.value) and "\n" not in str(refused.value)
    with pytest.raises(ValueError, match=re.escape(message)):
        tlm.survey([text])


def test_the_second_character_may_come_late(tmp_path):
    assert surveyed(tmp_path, "0" * (3 << 20) + "1").characters == (3 << 20) + 1


# A source of any size


def test_a_long_text_is_looked_at_in_stretches_and_counted_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "BLOCK", 12)
    monkeypatch.setattr(sample, "STRETCH", 1 << 9)
    lines = [f"line {number * 7919 % 100_003} of many\n" for number in range(40_000)]
    found = surveyed(tmp_path, "".join(lines))
    assert found.characters == sum(map(len, lines))
    assert 8_192 < found.looked_at < 40_000
    assert cut_at(found, None).texts == 1
    assert cut_at(found, None).lengths[-1] == found.characters
    assert abs(found.lines - 40_000) < 1_000
    assert found.separator == "\n"
    assert abs(found.texts.texts - 40_000) < 1_000
    given = tlm.survey(lines)
    assert given.texts.texts == 40_000
    assert given.looked_at < 40_000


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_stretches_do_not_depend_on_the_chunks(monkeypatch, size):
    monkeypatch.setattr(sample, "BLOCK", 6)
    monkeypatch.setattr(sample, "STRETCH", 8)
    text = "".join(chr(0x100 + number) for number in range(5000))
    stretches = sample._Stretches()
    for place in range(0, len(text), size):
        stretches.add(text[place : place + size], place, place == 0)
    taken = stretches.texts()
    assert taken[0] == text[:136]
    assert all(len(part) == 8 and text.index(part) % 64 == 0 for part in taken[1:-1])
    assert len(taken) <= 1 + 4 * 7


def test_the_memory_is_bounded_also_without_white_space(tmp_path):
    path = tmp_path / "zeros.txt"
    with path.open("wb") as file:
        for _ in range(40):
            file.write(b"0" * (1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="it has only '0', 41,943,040 times"):
            tlm.survey(path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
