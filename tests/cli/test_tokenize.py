"""`tinylm tokenize`: tokens, ids, padding and unknown words."""

import io

import pytest

import tinylm_keras as tlm


def rows(shown):
    """The table as lists of cells."""
    assert shown.code == 0
    return [line.split() for line in shown.out.splitlines()]


def test_without_a_model_the_words_are_learned_from_the_text_itself(tinylm):
    shown = tinylm("tokenize", "the cat saw the dog")
    assert shown.err == "No --model or --source: the vocabulary is built from this text itself.\n"
    table = rows(shown)
    assert table[0] == ["position", "token", "id"]
    assert [row[1] for row in table[1:6]] == ["the", "cat", "saw", "the", "dog"]
    ids = [int(row[2]) for row in table[1:6]]
    assert (ids[0], ids[3], len(set(ids))) == (2, 2, 4)
    assert shown.out.splitlines()[-1] == "5 ids: 5 tokens, 0 of them unknown, 0 padding"


def test_a_model_shows_its_own_ids_padding_and_unknown_words(tinylm, run_folder):
    shown = tinylm("tokenize", "Tom zyx", "--model", run_folder, "--length", 3)
    tokenizer = tlm.load_model(run_folder / "model.keras").tokenizer
    assert rows(shown)[1:4] == [
        ["0", "Tom", str(tokenizer.token_to_id("Tom"))],
        ["1", "zyx", "1", "unknown"],
        ["2", "0", "padding"],
    ]
    assert shown.out.splitlines()[-1] == "3 ids: 2 tokens, 1 of them unknown, 1 padding"


def test_a_source_gives_the_words_and_a_length_cuts(tinylm, tmp_path):
    source = tmp_path / "my.txt"
    source.write_text("b b b a a\n")
    shown = tinylm("tokenize", "a b c", "--source", source, "--length", 2)
    assert shown.err == "Truncated to 2 of 3 tokens.\n"
    assert rows(shown)[1:3] == [["0", "a", "3"], ["1", "b", "2"]]


def test_standard_input_is_a_text(tinylm, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("über [bold]\n".encode()), encoding="ascii"))
    assert [row[1] for row in rows(tinylm("tokenize", "-"))[1:3]] == ["über", "[bold]"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([" "], "`text` must have at least one word for the vocabulary, other than [UNK]. Received: text=' '."),
        (["[UNK] "], "`text` must have at least one word for the vocabulary, other than [UNK]. Received: text='[UNK]"),
        (["a", "--length", "0"], "`--length` must be a whole number from 1 to 1,000,000. Received: --length 0."),
        (["a", "--model", "x", "--source", "y"], "`--source` must be left out with --model. Received: --source y."),
        (["a", "--model", "no.keras"], "`--model` must be a .keras file that exists. Received: --model no.keras."),
        (
            ["a", "--source", "no.txt"],
            "`--source` must be a file, a folder or a pattern that exists. Received: --source no",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(tinylm, arguments, line):
    assert tinylm("tokenize", *arguments).refusal.startswith(line)


def test_a_source_without_a_word_of_its_own_is_refused(tinylm, tmp_path):
    (tmp_path / "my.txt").write_text("[UNK] [UNK]")
    refusal = tinylm("tokenize", "a", "--source", tmp_path / "my.txt").refusal
    assert refusal.startswith("`--source` must have at least one word for the vocabulary, other than [UNK].")


def test_the_name_of_a_file_is_tokenized_and_the_way_to_its_text_is_said(tinylm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my text.txt").write_text("the cat")
    shown = tinylm("tokenize", "my text.txt")
    line = "This tokenizes the file name. For the text in the file: tinylm tokenize - < 'my text.txt'"
    assert line in shown.err.splitlines()
    assert [row[1] for row in rows(shown)[1:3]] == ["my", "text.txt"]
    assert "This tokenizes the file name" not in tinylm("tokenize", "the cat").err
