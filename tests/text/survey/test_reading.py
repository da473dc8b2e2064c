"""What a survey recommends for texts of the kinds that people have; each text here is made up."""

import random
import textwrap

import pytest

import tinylm_keras as tlm
from tinylm_keras import stories

ADJECTIVES = ["quiet", "golden", "bitter", "early", "pale", "hollow", "distant", "slow", "broken", "gentle"]
NOUNS = ["orchard", "river", "stone", "window", "sparrow", "candle", "meadow", "lantern", "harbour", "winter", "shadow"]
VERBS = ["sings", "falls", "waits", "drifts", "grows", "burns", "sleeps", "listens", "wanders", "trembles"]
DRAW = random.Random(7)


def saying():
    return f"The {DRAW.choice(ADJECTIVES)} {DRAW.choice(NOUNS)} {DRAW.choice(VERBS)} near the {DRAW.choice(NOUNS)}."


def name():
    return "".join(DRAW.choice(("ka", "li", "mo", "nu", "re", "sa", "ti")) for _ in range(DRAW.randrange(2, 5)))


def novel(paragraphs=120):
    """Paragraphs, long and short, in each of which a few of the people and things of the last ones come back."""
    things = [
        f"{one}{two}"
        for one in ["Bren", "Cal", "Dor", "Fen", "Hal", "Jor", "Kel", "Mar", "Nor", "Per"]
        for two in ("a", "is", "old")
    ]
    told = []
    for place in range(paragraphs):
        near = things[place * len(things) // paragraphs :][:3]
        count = DRAW.choice((1, 1, 3, 8))
        told.append(
            " ".join(f"{DRAW.choice(near)} {DRAW.choice(VERBS)} by the {DRAW.choice(NOUNS)}." for _ in range(count))
        )
    return told


def lines(make, count=300):
    return "\n".join(make() for _ in range(count)) + "\n"


STORIES = stories.write(150)
NOVEL = novel()
CODE = "\n".join(f"def {name()}(x):\n    if x > {n}:\n        return x - {n}\n    return x\n" for n in range(60))
VERSE = "\n".join(f"Of {DRAW.choice(NOUNS)} and {DRAW.choice(NOUNS)}{DRAW.choice((',', ',', '.'))}" for _ in range(200))
FORTUNES = [textwrap.fill(f"{saying()} {saying()}", 30) for _ in range(40)]

EACH_LINE = {
    "names": lines(name),
    "names with a capital": lines(lambda: name().title()),
    "names in order": "\n".join(sorted(lines(name).split())),
    "names in groups": "\n\n".join(lines(name, 40) for _ in range(12)),
    "a dozen names": lines(name, 12),
    "sayings": lines(saying),
    "sayings and one blank line": lines(saying) + "\n" + lines(saying),
    "a title, a blank line, sayings": "SAYINGS\nby Somebody\n\n" + lines(saying),
    "sayings with authors in groups": "\n".join(f"{saying()} - {who}" for who in ("Ann B.", "Cid") for _ in range(99)),
    "titles with commas": lines(lambda: f"{DRAW.choice(ADJECTIVES)} {DRAW.choice(NOUNS)}, {DRAW.choice(VERBS)}"),
    "messages": lines(lambda: DRAW.choice(("omg the", "I saw a", "just a")) + f" {DRAW.choice(NOUNS)} #{name()}"),
    "dictionary": lines(lambda: f"{name()}{name()}: a {DRAW.choice(ADJECTIVES)} {DRAW.choice(NOUNS)}"),
    "Chinese sentences": lines(lambda: f"{DRAW.choice('我你他她')}今天看见{DRAW.choice('猫狗书月')}，很高兴。"),
    "stories, one a line": "\n".join(STORIES),
    "one sentence many times": "all work and no play\n" * 100,
    "CRLF and blank lines at the end": lines(name).replace("\n", "\r\n") + "\r\n\r\n",
}
WHOLE = {
    "one sentence": "to be or not to be\n",
    "two paragraphs": f"{saying()}\n\n{saying()}\n",
    "wrapped prose": "\n\n".join(textwrap.fill(one, 40) for one in NOVEL),
    "wrapped prose without blank lines": "\n".join(textwrap.fill(one, 40) for one in NOVEL),
    "wrapped prose with two line ends": "\n".join(textwrap.fill(one, 40) for one in NOVEL).replace("\n", "\n\n"),
    "paragraphs of a novel, one a line": "\n".join(NOVEL),
    "paragraphs of a novel and blank lines": "\n\n".join(NOVEL),
    "a novel with scenes": "\n\n* * *\n\n".join("\n\n".join(NOVEL[n : n + 30] * 5) for n in range(0, 120, 30)),
    "verse": VERSE,
    "stanzas": VERSE.replace(".\n", ".\n\n"),
    "code": CODE,
    "code without blank lines": CODE.replace("\n\n", "\n"),
    "a play": "\n\n".join(f"{DRAW.choice(('HAMLET', 'OPHELIA'))}:\n{saying()}" for _ in range(80)),
    "chat": lines(lambda: f"{DRAW.choice('AB')}: {saying()}"),
    "chat with times": lines(lambda: f"12.03.24, 09:{DRAW.randrange(60):02} - Ann: {saying()}"),
    "chat with names in brackets": lines(lambda: f"<{DRAW.choice(('ann', 'bob'))}> {saying()}"),
    "questions and answers": "\n\n".join(f"Q: What {verb}?\nA: {saying()}" for verb in VERBS * 9),
    "Chinese poems": "\n".join(lines(lambda: "".join(DRAW.choices("春花秋月山水风云", k=9)), 4) for _ in range(50)),
    "one long line without blanks": "".join(DRAW.choices("私は猫を見た。花本", k=3000)),
    "a few long lines hold nearly all": lines(saying, 95) + lines(lambda: " ".join(DRAW.choices(NOUNS, k=9000)), 3),
    "tags": lines(lambda: f"<div>\n<p>{saying()}</p>\n</div>", 60),
}  # fmt: skip
AT_A_MARK = {
    "<|endoftext|>": "\n<|endoftext|>\n".join(STORIES),
    "</s>": "</s>".join(STORIES),
    "\n%\n": "\n%\n".join(FORTUNES) + "\n%\n",
    "\n---\n": "---\n" + "\n\n---\n\n".join(FORTUNES),
    "\n* * *\n": "\n* * *\n".join(FORTUNES),
    "\n===\n": "\n===\n".join(STORIES),
}


def read(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    found = tlm.survey(path)
    assert found.reason and "\n" not in found.reason
    return found, tlm.data.read(path, separator=found.separator)


@pytest.mark.parametrize("kind", EACH_LINE)
def test_texts_of_one_line_are_cut_at_lines(tmp_path, kind):
    found, texts = read(tmp_path, EACH_LINE[kind])
    assert found.separator == "\n", found.reason
    assert texts == [line.strip() for line in EACH_LINE[kind].split("\n") if line.strip()]


@pytest.mark.parametrize("kind", WHOLE)
def test_a_connected_text_stays_whole(tmp_path, kind):
    found, texts = read(tmp_path, WHOLE[kind])
    assert found.separator is None, found.reason
    assert texts == [WHOLE[kind]]


@pytest.mark.parametrize("mark", AT_A_MARK)
def test_texts_between_marks_are_cut_at_them_and_the_mark_is_gone(tmp_path, mark):
    found, texts = read(tmp_path, AT_A_MARK[mark])
    assert (found.separator, found.mark) == (mark, mark.strip())
    assert texts == (FORTUNES if len(texts) == len(FORTUNES) else STORIES)


@pytest.mark.parametrize("count", [15, 150])
def test_stories_between_blank_lines_are_texts(tmp_path, count):
    found, texts = read(tmp_path, "\n\n".join(STORIES[:count]))
    assert (found.separator, texts) == ("\n\n", STORIES[:count])


def test_a_folder_of_short_files_has_a_text_in_each(tmp_path):
    for number, text in enumerate(STORIES[:30]):
        (tmp_path / f"{number:02}.txt").write_text(text)
    found = tlm.survey(tmp_path)
    assert (found.separator, found.reason) == (None, "each of the 30 files is a text")
    assert tlm.data.read(tmp_path, separator=found.separator) == STORIES[:30]


def test_what_was_asked_for_is_not_evaluated(tmp_path):
    (tmp_path / "a.txt").write_text(WHOLE["verse"])
    found = tlm.survey(tmp_path / "a.txt", separator="\n")
    assert (found.separator, found.reason, found.texts.texts) == ("\n", "as requested", 200)


# What looks wrong

REMARKS = {
    "all 100 texts are equal": "all work and no play\n" * 100,
    "only 2 of 100 texts are different: the others are copies": "apple pie\nplum pie\n" * 50,
    "50 % of the text is repeated, word for word": "\n\n".join(textwrap.fill(one, 40) for one in NOVEL * 2),
    "75 % of lines are indented: whitespace tokens would lose that": CODE,
    "line breaks inside the text: whitespace tokens would lose them": VERSE,
    "line breaks inside 100 % of the texts: whitespace tokens would lose them": "\n%\n".join(FORTUNES),
    "no spaces between words (Chinese): word tokens would be whole sentences": EACH_LINE["Chinese sentences"],
    "only 19 characters: too few to learn a language from": "to be or not to be\n",
    "replacement characters (\ufffd), which stand for characters that were lost: 3 times": "a\ufffdb c\ufffdd e\ufffdf",
    "UTF-8 that was read as another encoding, as in â€™ for an apostrophe: 3 times": "itâ€™s weâ€™ll donâ€™t",
    "HTML entities such as &amp;: 3 times": "R&amp;B &quot;it &#39;",
    "notes and licence of Project Gutenberg around the text, to be removed: 2 times": (
        "*** START OF THE PROJECT GUTENBERG EBOOK ALICE ***\nAlice\n*** END OF THE PROJECT GUTENBERG EBOOK ALICE ***\n"
    ),
    "control characters: once": "one\btwo",
    "the lines are rows of 2 cells: as a .csv file, one of the columns is the text": "id,text\n"
    + lines(lambda: f'{DRAW.randrange(9)},"{saying()}, and more"'),
    "the lines are rows of 2 cells: as a .tsv file, one of the columns is the text": lines(
        lambda: f"{saying()}\t{saying()}"
    ),
    "the lines are JSON objects: as a .jsonl file, one of their fields is the text": lines(
        lambda: f'{{"text": "{saying()}"}}'
    ),
}  # fmt: skip


@pytest.mark.parametrize("remark", REMARKS)
def test_what_looks_wrong_is_said_with_figures(tmp_path, remark):
    assert remark in read(tmp_path, REMARKS[remark])[0].remarks


def test_texts_that_are_only_a_mark_and_unequal_texts_are_said():
    given = [saying() for _ in range(39)] + ["***"] * 11
    assert "11 of 50 texts have no letter or digit" in tlm.survey(given).remarks
    given = [saying() for _ in range(20)] + ["word " * 9000]
    assert "the longest tenth of the texts holds 98 % of the characters" in tlm.survey(given).remarks


def test_sums_in_lines_are_no_words_of_a_closed_vocabulary(tmp_path):
    sums = lines(lambda: f"{DRAW.randrange(99)}+{DRAW.randrange(99)}", 2000)
    assert not read(tmp_path, sums)[0].closed_vocabulary


def test_of_a_clean_text_nothing_is_said(tmp_path):
    assert read(tmp_path, "\n".join(STORIES))[0].remarks == ()
