"""The measures of a survey, each on small texts whose value is known."""

import random

import pytest

import tinylm_keras as tlm
from tinylm_keras.text.survey import characters, cuts, marks, relation, repeats, words


def test_the_script_is_that_of_most_letters():
    texts = {
        "Chinese": "她今天看见那个火车，医生很高兴。",
        "Japanese": "吾輩は猫である。名前はまだ無い。",
        "Thai": "สวัสดีครับ ผมชื่อ",
        "Korean": "나는 학생입니다",
        "Cyrillic": "Она открыла дверь",
        "Latin": "Ünïcode und 猫",
    }
    for name, text in texts.items():
        assert characters.script(characters.count([text])) == name
        assert tlm.survey([text]).blanks == (name not in ("Chinese", "Japanese", "Thai"))


def test_new_words_are_counted_in_a_held_out_tenth_and_copies_are_no_knowledge():
    new = [f"w{number}" for number in range(1000)]
    assert words.grow(new, new, str.split).unknown == 1.0
    few = [f"{one} {two}" for one in "abcdefghij" for two in "klmnopqrst"]
    random.Random(0).shuffle(few)
    grown = words.grow(few * 3, few, str.split)
    assert (grown.units, grown.distinct, grown.unknown) == (600, 20, 0.0)
    assert tlm.survey(new * 2).words.unknown == 1.0
    assert tlm.survey([f"{line} {line}" for line in few * 3]).closed_vocabulary
    assert not tlm.survey(new * 30).closed_vocabulary


def test_what_was_said_before_is_counted_however_it_is_wrapped():
    letters = random.Random(0)
    text = "".join(letters.choices("abcdefgh ", k=40_000))
    assert repeats.share([text]) == 0
    assert repeats.share([text, text.replace(" ", "\n")]) == pytest.approx(0.5, abs=0.01)
    assert repeats.share([text + text[:20_000]]) == pytest.approx(1 / 3, abs=0.02)
    assert repeats.share([text[:49]]) == 0


def test_repeats_are_found_across_the_blocks_in_which_they_are_hashed(monkeypatch):
    monkeypatch.setattr(repeats, "BLOCK", 1000)
    letters = random.Random(0)
    text = "".join(letters.choices("abcdefgh", k=4_321))
    assert repeats.share([text]) == 0
    assert repeats.share([text, text]) == pytest.approx(0.5, abs=0.02)


def test_neighbours_of_a_connected_text_share_words_and_others_do_not():
    draw = random.Random(1)
    names = [f"name{number}" for number in range(300)]
    told = [" ".join([*draw.choices(names[place : place + 4], k=6), "went"]) for place in range(290)]
    assert relation.cohesion(told) > 10
    draw.shuffle(told)
    assert relation.cohesion(told) < 1.5
    assert relation.cohesion(["one", "two"]) == 0
    connected = ["".join(chr(0x4E00 + place + draw.randrange(6)) for _ in range(9)) for place in range(200)]
    assert relation.cohesion(connected, blanks=False) > 5


def test_lines_that_go_on_are_told_by_their_ends_and_beginnings():
    verse = ["Of Man's first disobedience, and the fruit", "Of that forbidden tree, whose taste", "Brought death,"]
    assert relation.of_lines(verse).continued == 0
    assert relation.of_lines([line + "," for line in verse]).continued == 1
    assert relation.of_lines(["A long line that is", "wrapped. The next one", "is, too."]).continued == 1
    assert relation.of_lines(["emma", "olivia", "ava"]).continued == 0  # no capital letters anywhere
    assert relation.of_lines(["One,", "", "Two", "three."]).open_ends == 0  # nothing continues over a blank line
    assert relation.of_lines(["One,", "", "Two", "", "three."]).continued == 1  # which parts all lines here


@pytest.mark.parametrize(
    ("lines", "labelled"),
    [
        (["A: hi there", "B: hello, you", "A: and now?"], 1),
        (["[12:03] <ann> hi", "[12:04] <bob> hello", "hm"], 2 / 3),
        (["2024-05-01 12:03 - Bob B.: hey", "2024-05-01 12:05 - Ann: so?"], 1),
        (["HAMLET: To be", "OPHELIA: My lord", "HAMLET: Go", "OPHELIA: Oh"], 1),
        ([f"{name}: the definition of it" for name in "abcdefghijkl"], 0),  # a dictionary: no name returns
        (["<ann> hi there", "<bob> hello", "<ann> so?"], 1),
        (["<div>", "<p>one</p>", "</div>", "<div>", "<p>two</p>", "</div>"] * 3, 1),
        (["joke: a man walks", "joke: two men walk", "joke: no man"], 0),  # one label tells nothing
        (["the cat sat", "so it did"], 0),
    ],
)
def test_lines_with_a_speaker_a_time_or_a_tag_are_labelled(lines, labelled):
    assert relation.of_lines(lines).labelled == labelled


def test_order_is_seen():
    assert relation.of_lines(["ann", "bob", "cid", "dan"]).ordered
    assert not relation.of_lines(["dan", "ann", "cid", "bob", "eve"]).ordered


# Marks


def found_in(text):
    lines = [line.strip() for line in text.split("\n")]
    return marks.find([text], lines, marks.lines_of_signs(lines))


@pytest.mark.parametrize("mark", ["%", "---", "***", "* * *", "=====", "~~~", "§", "⁂", "- - -", "###"])
@pytest.mark.parametrize("joint", ["\n{}\n", "\n\n{}\n\n"])
def test_a_line_of_signs_between_texts_is_found(mark, joint):
    texts = [f"text {number}\nof two lines" for number in range(12)]
    joint = joint.format(mark)
    for text in (joint.join(texts), joint.join([*texts, ""]), joint.join(["", *texts])):
        assert found_in(text) == f"\n{mark}\n"
        assert cuts.cut([text], f"\n{mark}\n") == texts


@pytest.mark.parametrize("tag", ["<|endoftext|>", "</s>", "[SEP]", "<|end_of_text|>", "<EOS>"])
def test_the_mark_of_a_program_is_found_wherever_it_stands(tag):
    assert found_in(f"one{tag}two{tag}") == tag
    assert found_in(f"one\n{tag}\ntwo") == tag
    assert found_in(f"only one text\n{tag}\n") is None


@pytest.mark.parametrize(
    "text",
    [
        "\n---\n".join("chapter " * 2000 for _ in range(12)),  # the scenes of a novel
        "\n* * *\n".join(["a scene"] * 5),  # few
        "\n---\n".join(["a note"] * 11 + ["one long text " * 900]),  # unequal
        "".join(f"A title {number}\n=========\nbody of it\n\n" for number in range(10, 30)),  # under titles
        "\n}\n".join("function f() {\n  return 1;" for _ in range(30)),  # code
        "\n...\n".join(["well"] * 30),  # said in a chat
        "100 %\n" * 30,
    ],
)
def test_signs_that_separate_no_texts_are_no_marks(text):
    assert found_in(text) is None
