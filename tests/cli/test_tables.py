"""What a command shows: nothing is cut, at any width, on a terminal or in a pipe."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from tinylm_keras.baselines.comparison.comparison import Result
from tinylm_keras.cli import _tables, compare, tokenize
from tinylm_keras.cli._record import Record
from tinylm_keras.training.folding import CONTINUED, fold, pieces

POEM = "床前明月光,\n疑是地上霜。\n举头望明月,\n低头思故乡。"
ADDRESS = "see https://example.com/" + "path/" * 30 + "end.html now"
VERSE = "Of man's first disobedience, and the fruit\nOf that forbidden tree, whose mortal taste\n\nBrought death"
TEXTS = [
    POEM,
    ADDRESS,
    VERSE,
    "a  b   c    d" * 9,
    "    indented = 1\n\treturn  indented\n",
    "",
    "🙂e\u0301" * 40,
    " " * 90,
]


@pytest.fixture
def on_terminal(monkeypatch):
    """Call a function on a terminal of so many columns: `on_terminal(40, show)` returns the lines that it shows."""

    def call(width, show, encoding="utf-8"):
        file = io.TextIOWrapper(io.BytesIO(), encoding)
        console = Console(file=file, width=width, force_terminal=True, color_system=None, highlight=False)
        monkeypatch.setattr(_tables, "terminal", lambda: console)
        show()
        file.flush()
        lines = file.buffer.getvalue().decode(encoding).split("\n")
        assert all(cell_len(line) <= width for line in lines)
        return lines

    return call


def record(texts, count):
    made = Record(None, "", 0, {}, ["Sam"], "numpy")
    for temperature in range(count):
        made.add(float(temperature), [[texts[(temperature + place) % len(texts)] for place in range(len(texts))]])
    return made


def columns(lines, count):
    """The text of each column of a frame, without its padding and the rules between rows."""
    cells = [line.split("│")[1:-1] for line in lines if line.count("│") == count + 1]
    return ["".join(cell[1:-1].rstrip() for cell in column) for column in zip(*cells, strict=True)]


def bare(text):
    """The characters that are seen."""
    return "".join(text.split()).replace(CONTINUED.strip(), "")


@pytest.mark.parametrize("width", [10, 40, 80, 93, 200])
@pytest.mark.parametrize("count", [2, 3, 9])
def test_several_temperatures_lose_no_character_at_any_width(on_terminal, width, count):
    made = record(TEXTS, count)
    lines = on_terminal(width, lambda: made.show(False))
    assert "…" not in "".join(lines)
    texts = [bare("".join(texts[0])) for texts in made.texts]
    if any("│" in line for line in lines):
        assert [bare(column) for column in columns(lines, count)] == texts
    else:
        shown = bare("".join(lines))
        assert all(bare(text) in shown for texts in made.texts for text in texts[0])


def test_narrow_columns_stand_one_under_the_other(on_terminal):
    made = record([VERSE], 3)
    assert any("│" in line for line in on_terminal(80, lambda: made.show(False)))
    lines = on_terminal(60, lambda: made.show(False))
    assert [line for line in lines if line.startswith("temperature")] == [
        f"temperature {temperature}" for temperature in ("0.0", "1.0", "2.0")
    ]
    assert lines[1:5] == VERSE.split("\n")


def test_in_a_pipe_the_texts_are_as_they_are(capsys):
    made = record([POEM, ADDRESS], 2)
    made.show(False)
    assert (
        capsys.readouterr().out
        == "\n\n".join(
            f"temperature {temperature}.0, sample {number}\n{text}"
            for number, row in ((1, (POEM, ADDRESS)), (2, (ADDRESS, POEM)))
            for temperature, text in enumerate(row)
        )
        + "\n"
    )


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("width", [2, 3, 7, 20, 100])
def test_the_pieces_of_a_line_are_the_line(text, width):
    for line in text.expandtabs(4).split("\n"):
        found = pieces(line, width)
        assert "".join(found) == line
        assert all(cell_len(piece) <= width for piece in found)


def test_a_verse_is_told_apart_from_a_folded_line():
    folded = fold(VERSE, 25)
    assert [line for line in folded if not line.startswith(CONTINUED)] == [
        "Of man's first ",
        "Of that forbidden tree, ",
        "",
        "Brought death",
    ]
    assert folded[1] == CONTINUED + "disobedience, and the "
    assert fold("one long line of prose", 9) == ["one long ", "line of ", "prose"]
    assert fold(VERSE, 25, "ascii")[1].startswith("> ")


def test_no_table_cuts_a_word_at_any_width(on_terminal):
    name = "ж" * 70
    result = Result(name, 2.0, 4.0, 1.4, True, 1234567, 2000, 12.0, f"It knows {name}y.")
    shows = (
        lambda: _tables.show_facts([("file", f"runs/{name}/model.keras, 1 bytes")]),
        lambda: compare.show([result]),
        lambda: tokenize.show([(name, 123456, "unknown")]),
    )
    for width in (30, 60, 80):
        for show, times in zip(shows, (1, 3, 1), strict=True):
            shown = "".join(on_terminal(width, show))
            assert "…" not in shown
            assert shown.count("ж") == 70 * times


@pytest.mark.parametrize("command", [["presets"], ["presets", "fast", "gpt"]])
def test_what_goes_into_a_pipe_is_not_folded_and_has_no_trailing_blanks(tinylm, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "40")
    shown = tinylm(*command).out
    assert max(map(len, shown.splitlines())) > 100
    assert all(line == line.rstrip() for line in shown.splitlines())


def test_the_list_of_presets_is_aligned(tinylm):
    lines = tinylm("presets").out.split("\n\n")[0].splitlines()
    begin = len("shakespeare-char-small:  ")
    assert {line[begin - 1] for line in lines} == {" "}
    assert all(line[begin] != " " for line in lines)
