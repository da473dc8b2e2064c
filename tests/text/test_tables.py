"""Laws of tables: each row gives its own text, and what cannot be one is refused with its line."""

import json
import re
import warnings

import pytest

from tinylm_keras.text import rows, tables
from tinylm_keras.text.sources import read


def write(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(message, path, **settings):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        read(path, **settings)
    assert "\n" not in str(error.value)


# Quotes


def test_quotes_in_a_tsv_are_ordinary_characters(tmp_path):
    texts = ["Hi.", '"Go!" she said.', '"Stop it, he said.', 'It is 5" long.', '"Wait."', 'He said "no"', '""']
    path = write(tmp_path / "a.tsv", "id\ttext\n" + "".join(f"{n}\t{text}\n" for n, text in enumerate(texts)))
    with pytest.warns(UserWarning, match=r"a\.tsv: quotes are ordinary characters\.$"):
        assert read(path, column="text") == texts
    with pytest.warns(UserWarning, match="ordinary"):
        assert read(write(tmp_path / "b.tsv", 'text\n"all of it"\nnot this\n'), column="text") == [
            '"all of it"',
            "not this",
        ]


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ('id\ttext\n1\t"two\nlines"\n2\tone\n', ["two\nlines", "one"]),
        ('id\ttext\n1\t"a\ttab"\n2\tone\n', ["a\ttab", "one"]),
        ('id\ttext\n1\t"He said ""no"", twice"\n2\tone\n', ['He said "no", twice', "one"]),
        ('"id"\t"text"\n"1"\t"one"\n"2"\t"two"\n', ["one", "two"]),
    ],
    ids=["line end", "tab", "doubled", "all"],
)
def test_quotes_that_a_spreadsheet_put_around_the_cells_of_a_tsv_are_removed(tmp_path, content, texts):
    with pytest.warns(UserWarning, match="quotes enclose cells"):
        assert read(write(tmp_path / "a.tsv", content), column="text") == texts


def test_two_quotes_far_apart_in_a_tsv_of_uneven_rows_enclose_nothing(tmp_path):
    path = write(tmp_path / "a.tsv", 'id\ttext\n1\t"He said\n2\tno"\n3\tok\n4\tone\ttwo\n')
    with pytest.warns(UserWarning, match="ordinary characters|1 of 4 rows"):
        assert read(path, column="text", bad_rows="skip") == ['"He said', 'no"', "ok"]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"'])
def test_a_line_that_names_the_delimiter_is_no_header(tmp_path, first):
    path = write(tmp_path / "a.csv", f"{first}\r\nid;text\r\n1;one, two, three\r\n2;four, five, six\r\n")
    assert read(path, column="text") == ["one, two, three", "four, five, six"]
    with pytest.raises(ValueError, match=r"line 4 of .*a\.csv has only 1 cell"):
        read(write(path, "sep=|\nid|text\n1|one\n2\n"), column="text")


def test_a_tsv_without_a_quote_at_the_beginning_of_a_cell_needs_no_word(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(write(tmp_path / "a.tsv", 'id\ttext\n1\t5" long\n'), column="text") == ['5" long']


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ('3,"Stop it\n4,five\n', "one that opens in line 4 is still open at the end of the file"),
        ('3,"fine","x\n4,"\n', None),
        ('"3\n4",a\n5,"b\n', "one that opens in line 6 is still open"),
        ('3,"Stop it\n4,"Wait"\n', "in line 5 a quote is not doubled in the cell whose quote opens in line 4"),
        ('3,"Stop" it\n4,four\n', "in line 4 a quote is not doubled in the cell whose quote opens in line 4"),
        ('3,"Stop\n' + "".join(f"{n},row\n" for n in range(4, 30)) + '30,end"\n', "line 4 encloses 26 lines that look"),
    ],
)
def test_a_quote_that_is_not_closed_in_a_csv_is_refused_with_its_line(tmp_path, rest, message):
    path = write(tmp_path / "a.csv", "id,text\n1,one\n2,two\n" + rest)
    if message is None:  # a third cell: the row is bad, and the quotes are right
        refused("line 4 of ", path, column="text")
    else:
        refused(message, path, column="text")
        refused(message, path, column="text", bad_rows="skip")


ROWS = "id,text,likes\n" + "".join(f"{n},some words,{7 * n % 50}\n" for n in range(1, 6))


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ('6,"Stop it,4\n7,said Tom",9\n8,more,2\n', "one that opens in line 7 encloses 1 line that looks like a row"),
        ('6,"Stop it,4\n7,fine,3\n8,said Tom",9\n', "one that opens in line 7 encloses 2 lines that look like rows"),
        ('6,a,1\n7,b,"4\n9,fine,3\n12,words,9"\n', "one that opens in line 8 encloses 2 lines that look like rows"),
    ],
)
def test_a_few_rows_between_two_stray_quotes_are_not_merged_silently(tmp_path, rest, message):
    refused(message, write(tmp_path / "a.csv", ROWS + rest), column="text")
    refused(message, write(tmp_path / "b.csv", (ROWS + rest).replace(",", ";")), column="text", bad_rows="skip")


def test_one_line_of_a_cell_that_might_be_a_row_is_warned_of(tmp_path):
    path = write(tmp_path / "a.csv", 'id,text\n1,one\n2,two\n3,three\n7,"They said\n2,000 people came"\n')
    with pytest.warns(UserWarning, match="the cell whose quote opens in line 5 holds lines that look like rows"):
        assert read(path, column="text")[-1] == "They said\n2,000 people came"


@pytest.mark.parametrize("lines", ["one, two\nand three, four", "a\nb", 'say ""so""\nor,not', "- 1, 2\n- 3, 4\n"])
def test_cells_of_several_lines_that_are_no_rows_are_read_without_a_word(tmp_path, lines):
    path = write(tmp_path / "a.csv", "id,text\n" + "".join(f'{n},"{lines}{"abcdefghi"[n]}"\n{n},x\n' for n in range(9)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read(path, column="text")) == 18


def test_a_long_cell_with_lines_is_read_and_one_that_never_ends_is_refused_early(tmp_path, monkeypatch):
    poem = "\n".join(["a line, and a half"] * 5 + ["and one without"] * 40)
    assert read(write(tmp_path / "a.csv", f'id,text\n1,"{poem}"\n'), column="text") == [poem]
    monkeypatch.setattr("tinylm_keras.text.csv_rows.LONGEST", 1000)
    path = write(tmp_path / "b.csv", 'id,text\n1,one\n2,"' + "word " * 1000)
    refused("must have cells of at most 1,000 characters, but one that begins in line 3 is longer", path, column="text")
    assert rows.LONGEST >= 1 << 24


# Columns


def test_a_column_without_a_header_is_named_by_its_number(tmp_path):
    path = write(tmp_path / "a.csv", '1,"one, two"\n2,three\n')
    for number in (2, "2"):
        with pytest.warns(UserWarning, match="without a header: column 2 begins with the text 'one, two'"):
            assert read(path, column=number) == ["one, two", "three"]
    refused("`column` must be a name or a number from 1 to 2", path, column=3)
    refused("`column` must be a whole number from 1 to", path, column=0)
    with pytest.raises(TypeError, match=r"`column` must be a string\. Received: column=True"):
        read(path, column=True)
    named = write(tmp_path / "b.csv", "2,1\nfirst,second\n")
    assert read(named, column=1) == ["second"]  # a column's own name goes before its place


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,text,likes\r\n1,some words here,5\r\n"),
        ("a.csv", "id;text;likes\n1;some words, here;5\n"),
        ("a.tsv", "id\ttext\tlikes\n1\tsome words here\t5\n"),
        ("a.jsonl", '{"id": 1, "text": "some words here", "likes": 5}\n'),
        ("a.ndjson", '{"id": 1, "text": "some words here", "likes": 5}\n'),
        ("a.json", '[{"id": 1, "text": "some words here", "likes": 5}]'),
        ("a.json", '{"id": 1, "text": "some words here", "likes": 5}\n{"id": 2}'),
    ],
)
def test_a_table_without_a_column_is_refused_with_its_columns_and_which_is_text(tmp_path, name, content):
    path = write(tmp_path / name, content)
    rule = f"`column` must be given for a table such as {path}, with the columns 'id', 'text', 'likes'."
    refused(f"{rule} Received: column=None. 'text' looks like text: pass column='text'.", path)
    assert len(read(path, column="text", bad_rows="skip")) == 1


def test_what_has_no_header_or_no_columns_is_told_so(tmp_path):
    path = write(tmp_path / "a.csv", '1,"the first of all texts"\n2,"the second of all texts"\n')
    refused("It seems to have no header, and column 2 looks like text: pass column='2'.", path)
    refused(f"but {tmp_path / 'a.json'} has no columns", write(tmp_path / "a.json", '["one", "two"]'))
    refused("None of them clearly looks like text.", write(tmp_path / "b.csv", "a,b\n,\n"))


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = write(tmp_path / "a.csv", "text,text\na,b\n")
    refused(f"`column` must be the name of one column, but {path} has 2 of that name", path, column="text")


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_sign_that_separates_cells_is_found(tmp_path, sign):
    others = "".join(other for other in ",;\t|" if other != sign)
    text = f'"one{sign}two {others}"'
    path = write(tmp_path / "a.csv", f"\ufeffid{sign}text{sign}x\r\n" + f"1{sign}{text}{sign}2\r\n" * 3)
    assert read(path, column="text") == [text[1:-1]] * 3


# Rows


BAD = {
    "a.csv": ("id,text\n1,one\n2\n3,three\n4,five, six\n", "line 3 of {} has only 1 cell.", 2),
    "a.tsv": ("id\ttext\n1\tone\n2\n3\tthree\n", "line 3 of {} has only 1 cell.", 1),
    "b.csv": ("id,text\n1,one\n3,three\n4,four, five\n", "line 4 of {} has 3 cells, and the first row 2.", 1),
    "a.jsonl": (
        '{"text": "one"}\n{"text": null}\n{"id": 3}\n{"text": "three"}\n{"text": 5}\n[]\n{\n',
        "line 2 of {} holds null there.",
        5,
    ),
    "b.jsonl": ('{"text": "one"}\n{"text": "\\ud800"}\n{"text": "three"}\n', "holds half of a surrogate pair there", 1),
    "c.jsonl": ('{"text": "one"}\n{"text": "three"}\n' + '{"a":' * 100_000 + "\n", "line 3 of {} nests too deeply.", 1),
    "d.jsonl": ('{"text": "one"}\n{"text": ' + "1" * 5000 + '}\n{"text": "three"}', "line 2 of {} holds a number", 1),
    "a.json": (
        '[{"text": "one"},\n{"text": ["x"]},\n\n {"text": "three"}, 5]',
        "line 2 of {} holds an array there.",
        2,
    ),
}


@pytest.mark.parametrize(("name", "content", "message", "bad"), [(name, *rest) for name, rest in BAD.items()])
def test_a_row_without_text_is_refused_with_its_line_and_skipped_when_asked(tmp_path, name, content, message, bad):
    path = write(tmp_path / name, content)
    refused(message.format(path).rstrip("."), path, column="text")
    refused("Correct it, or skip such rows: pass bad_rows='skip'.", path, column="text")
    with pytest.warns(UserWarning, match=f": {bad} of {bad + 2} rows are skipped, because they hold no text") as said:
        assert read(path, column="text", bad_rows="skip") == ["one", "three"]
    assert len(said) == 1 and "\n" not in str(said[0].message)


def test_a_file_of_bad_rows_alone_is_refused_also_when_they_are_skipped(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"a": "x"}\n{"a": "y"}\n')
    refused("no row of", path, column="text", bad_rows="skip")
    refused("`bad_rows` must be one of 'error', 'skip'.", path, column="text", bad_rows="drop")


def test_other_cells_and_keys_may_be_anything(tmp_path):
    line = json.dumps({"text": "fine", "number": 1}).replace("1", "9" * 6000)
    assert read(write(tmp_path / "a.jsonl", line), column="text") == ["fine"]
    assert read(write(tmp_path / "a.json", f"[{line}]"), column="text") == ["fine"]
    assert read(write(tmp_path / "a.csv", "id,text,\n1,fine,\n2,good,,\n3,short\n"), column="text") == [
        "fine",
        "good",
        "short",
    ]


# JSON that is one value


def test_an_array_of_objects_is_read_in_chunks_of_any_size():
    objects = [{"text": f"text {number} \\u00e9 ]}},[{{", "n": [number, {"a": "}"}]} for number in range(50)]
    expected = [entry["text"] for entry in objects]
    for content in (json.dumps(objects, indent=1), json.dumps(objects), "\n".join(map(json.dumps, objects))):
        for size in (1, 7, 1000, 10**6):
            blocks = lambda: (content[place : place + size] for place in range(0, len(content), size))  # noqa: B023, E731
            assert list(tables.entries("a.json", blocks, "text")) == expected


@pytest.mark.parametrize(("key", "path"), [("data", ".data"), ("the rows", """'.["the rows"]'""")])
def test_an_object_around_the_rows_is_refused_with_what_takes_it_off(tmp_path, key, path):
    rows = [{"id": 1, "text": "one two three"}, {"id": 2, "text": "four"}]
    file = write(tmp_path / "a.json", json.dumps({"version": "1.0", "count": 2, key: rows}, indent=1))
    message = (
        f"one object with the array under {key!r}. Received: source={str(file)!r}. Write that array to a separate file"
    )
    for how in ({}, {"column": "text"}, {"column": "text", "bad_rows": "skip"}):
        refused(message, file, **how)
        refused(f"separate file: jq {path} {file} > rows.json", file, **how)


def test_a_row_that_has_objects_besides_its_text_is_a_row(tmp_path):
    file = write(tmp_path / "a.json", json.dumps({"text": "it is one row alone", "tags": [{"name": "x"}]}))
    assert read(file, column="text") == ["it is one row alone"]
    refused("'text' looks like text", file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"text": "a"},\n {"text" "b"}]', "must be JSON, but line 2 is not (Expecting ':' delimiter)"),
        ('[{"text": "a"}\n\n {"text": "b"}]', "line 3 is not (a comma or the end of the array is missing)"),
        ('[{"text": "a"},\n', "line 2 is not (the array has no end)"),
        ('[{"text": "a"}]\nmore', "line 2 is not (Expecting value)"),
        ('\n{"text": "a', "line 2 is not (Unterminated string starting at)"),
        ('[{"text": "a"},\n' + "[" * 100_000, "line 2 is not (it nests too deeply)"),
    ],
)
def test_json_that_is_broken_is_refused_with_its_line(tmp_path, content, message):
    path = write(tmp_path / "a.json", content)
    refused(message, path, column="text")
    refused(message, path, column="text", bad_rows="skip")


def test_a_json_value_that_never_ends_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("tinylm_keras.text.json_rows.LONGEST", 1000)
    looked = []

    def endless():
        yield '["'
        while True:
            looked.append(1)
            yield "x" * 100

    with pytest.raises(ValueError, match="no value ends within 1,000 characters"):
        list(tables.entries("a.json", endless, "text"))
    assert len(looked) < 100


@pytest.mark.parametrize(
    ("row", "likely"),
    [
        ({"name": "Emma", "count": "20355"}, "name"),
        ({"name": "Emma", "born": "2021-03-04 10:22:11"}, "name"),
        ({"id": "a8f3c29e-11d2-4b6f-9c3a-7d2f0e1b5a6c", "verse": "春眠不觉晓"}, "verse"),
        ({"url": "https://example.org/some/long/path?with=words", "title": "My cat"}, "title"),
        ({"mail": "someone.with.a.name@example.org", "said": "No."}, "said"),
        ({"title": "My cat", "review": "It's well-made, and she likes it."}, "review"),
    ],
)
def test_numbers_dates_codes_and_addresses_are_not_taken_for_text(tmp_path, row, likely):
    text = ",".join(row) + "\n" + (",".join(f'"{cell}"' for cell in row.values()) + "\n") * 9
    path = write(tmp_path / "a.csv", text)
    refused(f"{likely!r} looks like text: pass column={likely!r}.", path)
