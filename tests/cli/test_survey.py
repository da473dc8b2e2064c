"""`tinylm survey` says what a text is like, and refuses what is none in one line."""

import json

import pytest

import tinylm_keras as tlm


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.txt").write_text("the cat sat\n  on the mat,\n\nso it did\n")
    (tmp_path / "my.csv").write_text("id,text\n1,a cat sat\n2,a dog ran\n")


def test_it_prints_what_it_found_and_what_looks_wrong(tinylm):
    ended = tinylm("survey", "my.txt")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert any(line.split() == ["characters", "37,", *line.split()[2:]] for line in lines)
    assert any(line.startswith("recommended") and "(--separator none)" in line for line in lines)
    assert "- 33 % of lines are indented: whitespace tokens would lose that" in lines
    several = tinylm("survey", "my.txt", "my.txt", "--separator", r"\n")
    assert r'each line (--separator "\n"): as requested' in several.out


def test_json_is_the_survey_itself(tinylm):
    ended = tinylm("survey", "my.csv", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == json.loads(tlm.survey("my.csv").to_json())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"a\n", "it has only 'a', once"),
        ("none.csv", b"", "must hold text"),
        ("none.csv", b"id,text\n", "must hold text"),
        ("a.txt", b"\x89PNG\r\n\x1a\n", "it is a PNG image"),
        ("a.txt", "süß und gut".encode("cp1252"), "try --encoding cp1252"),
        ("a.txt", b"\0" * 5000, "full of control characters"),
        ("pictures/a.png", b"\x89PNG\r\n\x1a\n", ".txt, but this one has only others, such as 'a.png'"),
    ],
)
def test_what_is_no_text_is_refused_in_one_line(tinylm, tmp_path, name, content, message):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    for json_too in ([], ["--json"]):
        assert message in tinylm("survey", name.partition("/")[0], *json_too).refusal
    assert sorted(tmp_path.rglob("*")) == before
